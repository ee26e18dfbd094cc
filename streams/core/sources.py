"""What judging and folding the events of one source needs, looked up once instead of for each event."""

from __future__ import annotations

from typing import Any, Final

from contracts.checks import check_registered, check_said, check_time
from contracts.codes import Refusal
from contracts.days import DAY_MS
from contracts.decode import recorded_ms
from contracts.events import Event
from contracts.identity import digest
from contracts.registry import Recipient, Registry
from streams.core.contributions import KIND_OF, payload_of
from streams.core.facts import Fact
from streams.core.ledger import Ledger
from streams.core.units import Units

_REMEMBERED: Final = 4_096


class Source:
    """One unit of this partition, as long as the registry stays the same."""

    __slots__ = ("_limits", "_registered", "_registry", "_zone", "ledger", "unit", "units")

    def __init__(self, event: Event, registry: Registry, units: Units[Any]) -> None:
        region, _, self.unit = event.origin
        self.units = units
        self.ledger: Ledger = units.ledger(self.unit)
        self._limits = registry.region(region).thresholds
        self._registry = registry
        self._zone = registry.zone(region)
        # By type, local day and subject of events that have passed `check_registered`: the subject's row in force.
        self._registered: dict[tuple[type[Event], int, str | None], Recipient | None] = {}

    def fact(self, event: Event, received: int) -> tuple[Fact, int] | Refusal:
        """What must be kept of the event and its local day; or a refusal, as `contracts.checks.check` gives it.

        What the registry said of an event like it is not asked again.
        """
        refusal = check_time(event, received)
        if refusal is not None:
            return refusal
        day, offset_ms = self._zone.day_and_offset(event.time_ms)
        key = (type(event), day, event.subject)
        if key not in self._registered:
            refusal = check_registered(event, self._registry)
            if refusal is not None:
                return refusal
            self._learn(key)
        refusal = check_said(event)
        if refusal is not None:
            return refusal
        ms_of_day = (event.time_ms + offset_ms) % DAY_MS
        return self._fact(event, received, ms_of_day, self._registered[key]), day

    def _learn(self, key: tuple[type[Event], int, str | None]) -> None:
        if len(self._registered) >= _REMEMBERED:
            self._registered.clear()
        _, day, subject = key
        self._registered[key] = None if subject is None else self._registry.recipient(subject, day)

    def _fact(
        self, event: Event, received: int, ms_of_day: int, recipient: Recipient | None
    ) -> Fact:
        kind = KIND_OF[type(event)]
        return Fact(
            event.id,
            digest(event),
            kind,
            event.time_ms,
            received,
            recorded_ms(event),
            event.supersedes or "",
            payload_of(event, kind, recipient, ms_of_day, self._limits),
        )
