"""`unit_silent`: nothing was received of a unit within its hours. Many at once are one matter: the network.

A unit's window of a day is from `opens` to `closes`, over midnight if it opens later than it closes. It is watched on the
days on which meals are served: a kitchen whose recipients eat on the day on which the window closes, a clinic with the region.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from contracts.registry.entities import Unit
from contracts.time.instant import rfc3339
from streams.core.alerts.alert import PANTAU, SIAGA, WASPADA, AlertCause
from streams.core.alerts.alert_kind import AlertRegion, QuietKind

UNIT_SILENT: Final = "unit_silent"
NETWORK: Final = "network"
"""Key and subject of the alert of many units."""
_LEAST_UNITS: Final = 10
_LEAST_SHARE: Final = 0.5
_MINUTE_MS: Final = 60_000


class Silences(QuietKind):
    """Keys: the unit, or `network`; of timers `<day>/<opens>/<closes>` for all units with these hours, and `unit/<unit>`."""

    name: ClassVar = UNIT_SILENT

    def timers(self, region: AlertRegion, day: int) -> Iterable[tuple[int, str]]:
        """See `AlertKind`."""
        units = region.registry.units_in_force(region.code, day).values()
        for opens, closes in {(one.opens, one.closes) for one in units}:
            start, end = _span(region, day, opens, closes)
            key = f"{day}/{opens}/{closes}"
            # More units are listened for: that may end the matter of many.
            yield start, key
            yield start + self._patience_ms(region), key
            yield end, key
        # A registry row of the new day may have closed a unit.
        yield region.zone.day_start_ms(day), f"{day}/begins"

    def due(self, region: AlertRegion, key: str) -> None:
        """See `AlertKind`."""
        if key.startswith("unit/"):
            self._settle(region, key.removeprefix("unit/"))
            return
        text, _, hours = key.partition("/")
        if hours == "begins":
            watched: Iterable[str] = [one.unit for one in region.book.open_of(UNIT_SILENT)]
        else:
            opens, closes = map(int, hours.split("/"))
            units = region.registry.units_in_force(region.code, int(text)).values()
            watched = [one.unit_id for one in units if (one.opens, one.closes) == (opens, closes)]
        for unit in filter(None, watched):
            self._settle(region, unit)

    def heard(self, region: AlertRegion, unit: str) -> None:
        """See `AlertKind`."""
        if region.book.open(UNIT_SILENT, unit) is not None:
            region.settle(UNIT_SILENT, unit, None, "heard")
            self._settle_network(region)
        region.wake(region.now + self._patience_ms(region), UNIT_SILENT, f"unit/{unit}")

    def restored(self, region: AlertRegion) -> None:
        """See `AlertKind`."""
        for unit, at in region.heard.items():
            region.wake(at + self._patience_ms(region), UNIT_SILENT, f"unit/{unit}")

    def _patience_ms(self, region: AlertRegion) -> int:
        return region.limits.silent_min * _MINUTE_MS

    def _settle(self, region: AlertRegion, unit: str) -> None:
        opened = self._opened_at(region, unit)
        since = max(opened, region.heard.get(unit, 0), region.begun)
        cause = None
        if opened and region.now >= since + self._patience_ms(region):
            network = region.book.open(UNIT_SILENT, NETWORK)
            part_of = network.id if network is not None else ""
            cause = _silent(region, unit, since, part_of)
        region.settle(UNIT_SILENT, unit, cause, "closed" if not opened else "heard")
        self._settle_network(region)

    def _opened_at(self, region: AlertRegion, unit: str) -> int:
        """When the window began in which the unit is to be heard now; 0 if it is not."""
        today = region.zone.local_day(region.now)
        for day in (today, today - 1):
            row = region.registry.unit(unit, day)
            if row is not None and row.status == "active":
                start, end = _span(region, day, row.opens, row.closes)
                if start <= region.now < end and _works(region, row, day):
                    return start
        return 0

    def _settle_network(self, region: AlertRegion) -> None:
        # Units that close one after another at one moment are all closed: none is silent any more.
        silent = [
            one
            for one in region.book.open_of(UNIT_SILENT)
            if one.unit and self._opened_at(region, one.unit)
        ]
        network = region.book.open(UNIT_SILENT, NETWORK)
        if network is None and len(silent) < _LEAST_UNITS:
            return
        watched = sum(1 for _ in self._watched(region))
        if len(silent) < max(_LEAST_UNITS, _LEAST_SHARE * watched):
            region.settle(UNIT_SILENT, NETWORK, None, "heard")
        elif network is None:
            start = min(one.start for one in silent)
            more = {"units_silent": len(silent), "units_watched": watched}
            rule = {"least_units": _LEAST_UNITS, "least_share": _LEAST_SHARE}
            found = AlertCause("", NETWORK, start, SIAGA, rule, (), more)
            region.settle(UNIT_SILENT, NETWORK, found)
            network = region.book.open(UNIT_SILENT, NETWORK)
            for alert in silent:
                part_of = network.id if network is not None else ""
                again = _silent(region, alert.unit, alert.start, part_of)
                region.settle(UNIT_SILENT, alert.key, again)

    def _watched(self, region: AlertRegion) -> Iterator[str]:
        today = region.zone.local_day(region.now)
        for unit in region.registry.units_in_force(region.code, today):
            if self._opened_at(region, unit):
                yield unit


def _silent(region: AlertRegion, unit: str, since: int, part_of: str) -> AlertCause:
    rule = {"minutes": region.limits.silent_min}
    more = {"silent_since": rfc3339(since)}
    return AlertCause(unit, "", since, PANTAU if part_of else WASPADA, rule, (), more, part_of)


def _span(region: AlertRegion, day: int, opens: int, closes: int) -> tuple[int, int]:
    """First and last moment of the window that opens on a local day."""
    end = day + 1 if opens > closes else day
    return region.zone.moment_ms(day, opens), region.zone.moment_ms(end, closes)


def _works(region: AlertRegion, unit: Unit, day: int) -> bool:
    if unit.kind == "sppg":
        served = day + 1 if unit.opens > unit.closes else day
        return region.registry.kitchen_target(unit.unit_id, served) > 0
    return region.registry.is_service_day(region.code, day)
