"""`certificate`: an active kitchen without a valid hygiene certificate (SLHS), or with one that ends within 30 days."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from contracts.time.days import day_to_iso
from streams.core.alerts.alert import PANTAU, WASPADA, AlertCause, Resolution
from streams.core.alerts.alert_kind import AlertRegion, QuietKind

_AHEAD_DAYS: Final = 30


class Certificates(QuietKind):
    """Key: the kitchen; of timers the day, at whose beginning each kitchen's row is read."""

    name: ClassVar = "certificate"

    def timers(self, region: AlertRegion, day: int) -> Iterable[tuple[int, str]]:
        """See `AlertKind`."""
        yield max(region.zone.day_start_ms(day), region.begun), str(day)

    def due(self, region: AlertRegion, key: str) -> None:
        """See `AlertKind`."""
        day = int(key)
        for unit in region.registry.units_in_force(region.code, day).values():
            if unit.kind != "sppg":
                continue
            until, cause = unit.slhs_valid_until, None
            if unit.status == "active" and (until is None or until < day + _AHEAD_DAYS):
                valid = until is not None and until >= day
                cause = AlertCause(
                    unit.unit_id,
                    "",
                    0 if until is None else region.zone.day_start_ms(until + 1),
                    PANTAU if valid else WASPADA,
                    {"days_ahead": _AHEAD_DAYS},
                    (),
                    {"valid_until": None if until is None else day_to_iso(until)},
                )
            why: Resolution = "valid" if unit.status == "active" else "unit_not_active"
            region.settle(self.name, unit.unit_id, cause, why)
