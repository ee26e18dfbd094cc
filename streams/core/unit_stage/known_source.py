"""A source that the registry knows: what its events need, looked up once instead of for each event."""

from __future__ import annotations

from typing import Any, Final

from contracts.events.checks import (
    DATA_CHECKED,
    check_data,
    check_registered,
    check_time,
    named_in,
)
from contracts.events.codes import Refusal
from contracts.events.decode import recorded_ms
from contracts.events.event_types import Event
from contracts.events.identity import digest
from contracts.registry.entities import Recipient, Registry
from contracts.time.days import DAY_MS
from contracts.time.windows import AHEAD_MS, ALLOWED_LATENESS_MS
from streams.core.history.event_kinds import KIND_OF
from streams.core.history.facts import Fact
from streams.core.history.ledger import Ledger
from streams.core.metrics.payloads import PAYLOAD_OF
from streams.core.metrics.reception import ServedHere
from streams.core.unit_stage.units import Units

_REMEMBERED: Final = 4_096


class KnownSource:
    """One unit of this partition, valid until the registry changes."""

    __slots__ = (
        "_day_and_offset",
        "_is_recipient",
        "_limits",
        "_registered",
        "_registry",
        "ledger",
        "unit",
        "units",
    )

    def __init__(self, event: Event, registry: Registry, units: Units[Any]) -> None:
        region, kind, self.unit = event.origin
        self._is_recipient = kind == "recipient"
        self.units = units
        self.ledger: Ledger = units.ledger(self.unit)
        self._limits = registry.region(region).thresholds
        self._registry = registry
        self._day_and_offset = registry.zone(region).day_and_offset
        # By type, local day and `named_in` of events that have passed `check_registered`: see `PAYLOAD_OF`.
        self._registered: dict[
            tuple[type[Event], int, str | None], Recipient | ServedHere | None
        ] = {}

    def fact(self, event: Event, received: int) -> tuple[Fact, int] | Refusal:
        """The fact of the event and its local day; or why it is refused, as `contracts.events.checks.check` decides it."""
        time_ms = event.time_ms
        if not -AHEAD_MS <= received - time_ms <= ALLOWED_LATENESS_MS:
            refusal = check_time(event, received)
            if refusal is not None:
                return refusal
        day, offset_ms = self._day_and_offset(time_ms)
        cls = type(event)
        key = (cls, day, named_in(event))
        if key not in self._registered:
            # Once for all events of a type and day that name the same: the registry's answer is the same.
            refusal = check_registered(event, self._registry)
            if refusal is not None:
                return refusal
            self._remember(key)
        supersedes = event.supersedes
        if cls in DATA_CHECKED or supersedes is not None:
            refusal = check_data(event)
            if refusal is not None:
                return refusal
        payload_of = PAYLOAD_OF.get(cls)
        payload = None
        if payload_of is not None:
            ms_of_day = (time_ms + offset_ms) % DAY_MS
            payload = payload_of(event, self._registered[key], ms_of_day, self._limits)
        fact = Fact(
            event.id,
            digest(event),
            KIND_OF[cls],
            time_ms,
            received,
            time_ms if event.recordedtime is None else recorded_ms(event),
            supersedes or "",
            payload,
        )
        return fact, day

    def _remember(self, key: tuple[type[Event], int, str | None]) -> None:
        if len(self._registered) >= _REMEMBERED:
            self._registered.clear()
        _, day, named = key
        if self._is_recipient:
            self._registered[key] = (day, self._registry.registered(self.unit, day))
        else:
            self._registered[key] = None if named is None else self._registry.recipient(named, day)
