"""What judging and folding the events of one source needs, looked up once instead of for each event."""

from __future__ import annotations

from typing import Any, Final

from contracts.checks import check_registered, check_said, check_time
from contracts.codes import Refusal
from contracts.days import DAY_MS
from contracts.events import Event
from contracts.registry import Recipient, Registry
from streams.core.contributions import KIND_OF, payload_of
from streams.core.ledger import Ledger
from streams.core.units import Units

_QUARTER_MS: Final = 900_000
"""No zone changes its offset within a quarter of an hour."""
_REMEMBERED: Final = 4_096


class Source:
    """One unit of this partition, as long as the registry stays the same."""

    __slots__ = (
        "_quarters",
        "_recipients",
        "_registry",
        "_zone",
        "kind",
        "ledger",
        "limits",
        "region",
        "unit",
        "units",
    )

    def __init__(self, event: Event, registry: Registry, units: Units[Any]) -> None:
        self.region, self.kind, self.unit = event.origin
        self.units = units
        self.ledger: Ledger = units.ledger(self.unit)
        self.limits = registry.region(self.region).thresholds
        self._registry = registry
        self._zone = registry.zone(self.region)
        # Quarters of an hour in which the unit has a row in force: local day, offset in ms.
        self._quarters: dict[int, tuple[int, int]] = {}
        self._recipients: dict[tuple[str, int], Recipient] = {}

    def refusal(self, event: Event, received_ms: int) -> Refusal | None:
        """As `contracts.checks.check`, but what the registry said before is not asked again."""
        refusal = check_time(event, received_ms)
        if refusal is None and not self._is_registered(event):
            refusal = check_registered(event, self._registry)
            if refusal is None:
                self._learn(event)
        return refusal or check_said(event)

    def _is_registered(self, event: Event) -> bool:
        """Whether an event of the same day, subject and kind of type has passed before."""
        when = self._quarters.get(event.time_ms // _QUARTER_MS)
        if when is None or (event.KIND is not None and self.kind != event.KIND):
            return False
        return event.subject is None or (event.subject, when[0]) in self._recipients

    def _learn(self, event: Event) -> None:
        if len(self._quarters) > _REMEMBERED or len(self._recipients) > _REMEMBERED:
            self._quarters.clear()
            self._recipients.clear()
        day = self._zone.local_day(event.time_ms)
        quarter = event.time_ms // _QUARTER_MS
        self._quarters[quarter] = (day, self._zone.offset_ms(event.time_ms))
        if event.subject is not None:
            recipient = self._registry.recipient(event.subject, day)
            if recipient is not None:
                self._recipients[event.subject, day] = recipient

    def day_and_payload(self, event: Event) -> tuple[int, Any]:
        """Local day of an event that is not refused, and what must be kept of what it says."""
        day, offset_ms = self._quarters[event.time_ms // _QUARTER_MS]
        recipient = self._recipients[event.subject, day] if event.subject is not None else None
        ms_of_day = (event.time_ms + offset_ms) % DAY_MS
        return day, payload_of(event, KIND_OF[type(event)], recipient, ms_of_day, self.limits)
