"""What stage one sends stage two for alerts: the events that they depend on, as they come to count and cease to, and when
units were heard of.
"""

from __future__ import annotations

from typing import Any, Final

from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.events.event_types import Event, TemperatureMeasured
from streams.core.history.event_kinds import KIND_OF
from streams.core.history.facts import Fact
from streams.core.history.ledger import PLAIN, Admission
from streams.core.unit_stage.known_source import KnownSource
from streams.core.watched_event import WATCHED_KINDS, UncountedEvent, WatchedEvent

_READING: Final = KIND_OF[TemperatureMeasured]
_READING_STEP_MS: Final = 300_000
"""Of readings in range one in 5 minutes goes on: half of all events are readings, and alerts ask only whether a sensor
was in range within 10 minutes."""
_HEARD_STEP_MS: Final = 60_000


_Change = tuple[str, str, int, Fact, Event | None]
"""Region, unit, and from when on the fact counts, as the event has it; None: it counts no longer."""


class _Heard:
    """When one unit was heard of, epoch ms: the greatest receivedtime, the last one that was noted, and those noted since the
    last `EventWatch.heard`.
    """

    __slots__ = ("is_listed", "moments", "newest", "noted")

    def __init__(self) -> None:
        self.newest = self.noted = 0
        self.moments: list[int] = []
        self.is_listed = False


class EventWatch:
    """Collects until the next `watched` and `heard`."""

    def __init__(self) -> None:
        self._changes: list[_Change] = []
        # Of each unit, point and sensor the time of the last reading sent, 0 after one out of range.
        self._in_range: dict[tuple[str, str, object], int] = {}
        self._heard: dict[str, _Heard] = {}
        self._listed: list[tuple[str, _Heard]] = []

    def take(self, source: KnownSource, event: Event, fact: Fact, admission: Admission) -> None:
        """An event was received, and what it changes. Called for each event: the hot path, so it is one function."""
        unit, received = source.unit, fact.received
        heard = self._heard.get(unit)
        if heard is None:
            heard = self._heard[unit] = _Heard()
        if received > heard.newest:
            if received >= heard.noted + _HEARD_STEP_MS:
                # One moment at either side of every gap, however much one flush covers: so no silence is missed.
                if heard.newest > heard.noted:
                    heard.moments.append(heard.newest)
                heard.moments.append(received)
                heard.noted = received
            heard.newest = received
            if not heard.is_listed:
                heard.is_listed = True
                self._listed.append((unit, heard))
        if admission is not PLAIN:
            self._correct(source, event, fact, admission)
        elif fact.kind in WATCHED_KINDS and (
            fact.kind != _READING or self._is_due(unit, event, fact)
        ):
            self._changes.append((source.units.region, unit, received, fact, event))

    def _is_due(self, unit: str, event: Any, fact: Fact) -> bool:
        """Whether a reading goes on. After a take-over each sensor's next one does: that changes no answer."""
        sensor = (unit, event.data.point, event.data.sensor)
        if not fact.payload:
            self._in_range[sensor] = 0
            return True
        if abs(fact.time - self._in_range.get(sensor, 0)) < _READING_STEP_MS:
            return False
        self._in_range[sensor] = fact.time
        return True

    def _correct(self, source: KnownSource, event: Event, fact: Fact, admission: Admission) -> None:
        region, unit, since = source.units.region, source.unit, fact.received
        for one in admission.uncounted:
            if one.kind in WATCHED_KINDS:
                self._changes.append((region, unit, since, one, None))
        for one in admission.counted:
            if one.kind not in WATCHED_KINDS:
                continue
            again: Event | Refusal = event
            if one is not fact and one.raw is not None:
                # Of the earlier ones only a correction counts again, and of those the line is stored.
                again = decode_line(one.raw.value)
            if not isinstance(again, Refusal):
                self._changes.append((region, unit, since, one, again))

    def watched(self) -> list[tuple[str, WatchedEvent | UncountedEvent]]:
        """(region, message) of what changed since the last call."""
        changes, self._changes = self._changes, []
        return [
            (region, _message(unit, since, fact, event))
            for region, unit, since, fact, event in changes
        ]

    def heard(self) -> list[tuple[str, int]]:
        """(unit, receivedtime, epoch ms) since the last call: the greatest, and those beside a gap of a minute."""
        found = []
        for unit, heard in self._listed:
            if heard.noted < heard.newest:
                heard.moments.append(heard.newest)
                heard.noted = heard.newest
            found += [(unit, at) for at in heard.moments]
            heard.moments.clear()
            heard.is_listed = False
        self._listed.clear()
        return found


def _message(
    unit: str, since: int, fact: Fact, event: Event | None
) -> WatchedEvent | UncountedEvent:
    if event is None:
        return UncountedEvent(unit, fact.kind, fact.id, since)
    about = event.subject or ""
    return WatchedEvent(
        unit, fact.kind, fact.id, fact.time, since, fact.recorded, about, event.data
    )
