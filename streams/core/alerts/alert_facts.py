"""The events that alerts may still depend on, found by what they are about."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Set
from typing import Any, Final

from contracts.events.event_types import (
    AttendanceReported,
    CaseReported,
    CasesCounted,
    CookingFinished,
    DeliveryChecked,
    DeliveryReceived,
    DispatchDeparted,
    FoodTested,
    IllnessNoticed,
    IngredientReceived,
    ServiceDeclined,
    TemperatureMeasured,
)
from contracts.time.days import DAY_MS, Zone
from streams.core.history.event_kinds import KIND_OF
from streams.core.watched_event import WatchedEvent

_Group = tuple[Any, ...]

DELIVERY: Final = KIND_OF[DeliveryReceived]
DISPATCH: Final = KIND_OF[DispatchDeparted]
COOKING: Final = KIND_OF[CookingFinished]
TEST: Final = KIND_OF[FoodTested]
INGREDIENT: Final = KIND_OF[IngredientReceived]
CHECK: Final = KIND_OF[DeliveryChecked]
DECLINED: Final = KIND_OF[ServiceDeclined]
CASE: Final = KIND_OF[CaseReported]
COUNTED: Final = KIND_OF[CasesCounted]
ATTENDANCE: Final = KIND_OF[AttendanceReported]
ILLNESS: Final = KIND_OF[IllnessNoticed]
READING: Final = KIND_OF[TemperatureMeasured]

RETAINED_DAYS: Final = 3
"""A batch is over in a day; what is reported later than this still raises its own alert, but joins no other event."""

BATCH_MS: Final = DAY_MS
"""A batch name holds within a unit and 24 hours."""


def _groups_of_delivery(event: WatchedEvent, day: int) -> list[_Group]:
    return [
        ("delivered", event.subject, day),
        ("batch delivered", event.source, event.data.batch),
        ("trip", event.source, event.data.trip),
    ]


def _groups_of_cooking(event: WatchedEvent, day: int) -> list[_Group]:
    lots = event.data.lots or ()
    return [
        ("cooked", event.source, day),
        ("batch cooked", event.source, event.data.batch),
        *(("lot cooked", event.source, lot) for lot in lots),
    ]


_GROUPS: Final[dict[int, Callable[[WatchedEvent, int], list[_Group]]]] = {
    DELIVERY: _groups_of_delivery,
    COOKING: _groups_of_cooking,
    DISPATCH: lambda one, _: [
        ("batch dispatched", one.source, batch) for batch in one.data.batches
    ],
    TEST: lambda one, _: [("batch tested", one.source, one.data.batch)],
    INGREDIENT: lambda one, _: [("lot", one.source, one.data.lot)],
    DECLINED: lambda one, day: [("declined", one.source, day)],
}


class AlertFacts:
    """Events of one region that count at this moment."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], WatchedEvent] = {}
        # Of each group its events in order: to sort thousands of trips of one batch at each new one takes half a minute in all.
        self._groups: dict[_Group, list[WatchedEvent]] = {}
        self.given = 0
        """Events that `of` gave so far."""

    def use(self, zone: Zone) -> None:
        """Takes the region's zone, before the first event."""
        self._zone = zone

    def get(self, key: tuple[str, str]) -> WatchedEvent | None:
        """By who sent it and its id."""
        return self._events.get(key)

    def of(self, *group: Any) -> Iterator[WatchedEvent]:
        """The events of a group, e.g. `of("delivered", recipient, day)`, by when they came to count, whoever restored them."""
        # Of a copy: who reads may take an event away meanwhile, and the one behind it would be left out.
        found = tuple(self._groups.get(group, ()))
        self.given += len(found)
        return iter(found)

    def add(self, event: WatchedEvent) -> None:
        """An event counts."""
        if event.key in self._events:
            self.remove(event)
        self._events[event.key] = event
        for group in self._groups_of(event):
            insort(self._groups.setdefault(group, []), event, key=_received)

    def remove(self, event: WatchedEvent) -> None:
        """An event counts no longer, or is out of reach."""
        known = self._events.pop(event.key)
        for group in self._groups_of(known):
            of_group = self._groups[group]
            del of_group[bisect_left(of_group, _received(known), key=_received)]
            if not of_group:
                del self._groups[group]

    def _groups_of(self, event: WatchedEvent) -> set[_Group]:
        groups = _GROUPS.get(event.kind)
        # A kitchen may name a lot or a batch twice in one event.
        return set(groups(event, self._zone.local_day(event.time))) if groups else set()

    def forget(self, now: int, wanted: Set[str]) -> list[WatchedEvent]:
        """Drops old events, less those with an id in `wanted`; what that was."""
        old = [
            one
            for one in self._events.values()
            if one.time < now - RETAINED_DAYS * DAY_MS and one.id not in wanted
        ]
        for event in old:
            self.remove(event)
        return old


def _received(event: WatchedEvent) -> tuple[int, str, str]:
    return (event.since, event.source, event.id)
