"""The registry: regions, kitchens, clinics and recipients, as rows in force from a day on.

`RegionRegistry` is one region's rows as they travel (JSON); `Registry` is the index that ingest
and the folds ask, once an event. Days are ints, days since 1970-01-01 in the region's time zone
(`contracts.time.days`); times of day are minutes after local midnight.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeVar

from contracts.registry.calendar import DayCalendar, ServiceCalendar
from contracts.registry.region_rows import (
    CalendarRow,
    Kecamatan,
    Recipient,
    RecipientKind,
    Region,
    RegionRegistry,
    Status,
    Thresholds,
    Unit,
    UnitKind,
)
from contracts.time.days import DAY_MS, Zone, day_to_iso, iso_to_day, weekday

__all__ = [
    "DAY_MS", "CalendarRow", "DayView", "Kecamatan", "Recipient", "RecipientKind", "Region", "RegionRegistry",
    "Registry", "ServiceDay", "Status", "Thresholds", "Unit", "UnitKind", "Zone", "day_to_iso", "iso_to_day",
    "weekday",
]  # fmt: skip

_NO_GROUPS: Final[Mapping[str, int]] = {}
_zone = lru_cache(maxsize=None)(Zone)
"""A zone keeps what it has looked up, whichever registry asks."""
_CACHED_VIEWS: Final = 128
"""Views cached a region.

One view lasts from one change of the registry to the next, so this is years of an ordinary region.
"""
_CACHED_DAYS: Final = 512
"""Days whose service is cached a region: an event or a window may ask for any."""


_Row = TypeVar("_Row", Unit, Recipient)


class DayView:
    """The rows in force between two changes of a region's registry, and their sums. Read only.

    `registered`: recipient -> {group: n}, only for recipients that count (active, with an active
    kitchen) and groups above 0. `recipients_of`: kitchen -> rows that name it, of any status;
    `children_of`: active clinic -> registered children.
    """

    __slots__ = ("children_of", "recipients", "recipients_of", "registered", "units")

    def __init__(self, units: dict[str, Unit], recipients: dict[str, Recipient]) -> None:
        self.units = units
        self.recipients = recipients
        self.registered: dict[str, dict[str, int]] = {}
        self.recipients_of: dict[str, tuple[Recipient, ...]] = {}
        self.children_of: dict[str, int] = {}
        by_kitchen: dict[str, list[Recipient]] = {}
        for recipient in recipients.values():
            by_kitchen.setdefault(recipient.unit_id, []).append(recipient)
            kitchen = units.get(recipient.unit_id)
            if recipient.status == "active" and kitchen is not None and kitchen.status == "active":
                counted = {group: n for group, n in recipient.registered.items() if n > 0}
                self.registered[recipient.recipient_id] = counted
        for unit in units.values():
            if unit.kind == "sppg":
                self.recipients_of[unit.unit_id] = tuple(by_kitchen.get(unit.unit_id, ()))
            elif unit.status == "active":
                self.children_of[unit.unit_id] = unit.registered_children


_NOTHING: Final = DayView({}, {})


class ServiceDay:
    """Whom meals are for on a local day, and who is left out. Read only; shared by days that are ruled alike.

    `view`: the rows in force. `registered`: recipient -> {group: n}, as in the view, of the groups served;
    `target_of`: kitchen -> sum of it over its recipients; `not_served`: recipient -> {group: why}, of the
    registered groups left out (empty: the weekday is none of service).
    """

    __slots__ = ("not_served", "registered", "target_of", "view")

    def __init__(self, view: DayView, calendar: DayCalendar) -> None:
        self.view = view
        self.registered: dict[str, dict[str, int]] = {}
        self.target_of: dict[str, int] = dict.fromkeys(view.recipients_of, 0)
        self.not_served: dict[str, dict[str, str]] = {}
        for recipient_id, groups in view.registered.items():
            recipient = view.recipients[recipient_id]
            served: dict[str, int] = {}
            for group, n in groups.items():
                row = calendar.row_for(recipient, group)
                if calendar.serves_weekday if row is None else row.served:
                    served[group] = n
                else:
                    reasons = self.not_served.setdefault(recipient_id, {})
                    reasons[group] = "" if row is None else row.reason
            if served:
                self.registered[recipient_id] = served
                self.target_of[recipient.unit_id] += sum(served.values())


class _RegionIndex:
    """One region's rows by id (oldest first) and its views by the change they begin with."""

    __slots__ = (
        "calendar",
        "changes",
        "days",
        "recipients",
        "region",
        "services",
        "units",
        "version",
        "views",
        "zone",
    )

    def __init__(self, registry: RegionRegistry) -> None:
        self.region = registry.region
        self.version = registry.version
        self.zone = _zone(registry.region.timezone)
        self.calendar = ServiceCalendar(registry.region, registry.calendar)
        self.units: dict[str, tuple[Unit, ...]] = {}
        self.recipients: dict[str, tuple[Recipient, ...]] = {}
        for unit in sorted(registry.units, key=_valid_from):
            self.units[unit.unit_id] = (*self.units.get(unit.unit_id, ()), unit)
        for recipient in sorted(registry.recipients, key=_valid_from):
            earlier = self.recipients.get(recipient.recipient_id, ())
            self.recipients[recipient.recipient_id] = (*earlier, recipient)
        self.changes = sorted(
            {row.valid_from for row in registry.units}
            | {row.valid_from for row in registry.recipients}
        )
        self.views: dict[int, DayView] = {}
        self.services: dict[tuple[int, DayCalendar], ServiceDay] = {}
        self.days: dict[int, ServiceDay] = {}

    def view(self, day: int) -> DayView:
        change = bisect_right(self.changes, day) - 1
        if change < 0:
            return _NOTHING
        view = self.views.get(change)
        if view is None:
            if len(self.views) >= _CACHED_VIEWS:
                self.views.clear()
            units = {key: row for key, rows in self.units.items() if (row := _at(rows, day))}
            fed = {key: one for key, rows in self.recipients.items() if (one := _at(rows, day))}
            view = self.views[change] = DayView(units, fed)
        return view

    def service(self, day: int) -> ServiceDay:
        found = self.days.get(day)
        if found is None:
            if len(self.days) >= _CACHED_DAYS:
                self.days.clear()
                self.services.clear()
            calendar = self.calendar.on(day)
            key = (bisect_right(self.changes, day) - 1, calendar)
            found = self.services.get(key)
            if found is None:
                found = self.services[key] = ServiceDay(self.view(day), calendar)
            self.days[day] = found
        return found


def _valid_from(row: Unit | Recipient) -> int:
    return row.valid_from


def _at(rows: tuple[_Row, ...], day: int) -> _Row | None:
    for row in reversed(rows):
        if row.valid_from <= day:
            return row
    return None


class Registry:
    """Look-ups over the regions of an installation, all dicts.

    It never changes: build a new one when a region does.

    An unknown region code raises `KeyError`; an unknown unit or recipient is None, 0 or empty.
    Raises `ValueError` if two regions hold one unit or recipient: an event could not be assigned to one.
    """

    def __init__(self, registries: Iterable[RegionRegistry]) -> None:
        self._regions: dict[str, _RegionIndex] = {}
        self._unit_region: dict[str, _RegionIndex] = {}
        self._recipient_region: dict[str, _RegionIndex] = {}
        for registry in registries:
            code = registry.region.code
            if code in self._regions:
                raise ValueError(f"region {code} is given twice: load each region folder once")
            index = self._regions[code] = _RegionIndex(registry)
            _claim(self._unit_region, index.units, index)
            _claim(self._recipient_region, index.recipients, index)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the regions, in the order given."""
        return tuple(self._regions)

    def region(self, code: str) -> Region:
        """The region itself."""
        return self._regions[code].region

    def version(self, code: str) -> str:
        """Content hash of the region's rows."""
        return self._regions[code].version

    def zone(self, code: str) -> Zone:
        """The region's time zone: hold it where one region's times are asked in a loop."""
        return self._regions[code].zone

    def unit(self, unit_id: str, day: int) -> Unit | None:
        """The unit's row in force on a local day."""
        index = self._unit_region.get(unit_id)
        return None if index is None else _at(index.units[unit_id], day)

    def recipient(self, recipient_id: str, day: int) -> Recipient | None:
        """The recipient's row in force on a local day."""
        index = self._recipient_region.get(recipient_id)
        return None if index is None else _at(index.recipients[recipient_id], day)

    def region_of_unit(self, unit_id: str) -> str | None:
        """Code of the region with any row of the unit."""
        index = self._unit_region.get(unit_id)
        return None if index is None else index.region.code

    def region_of_recipient(self, recipient_id: str) -> str | None:
        """Code of the region with any row of the recipient."""
        index = self._recipient_region.get(recipient_id)
        return None if index is None else index.region.code

    def region_of_source(self, source_id: str) -> str | None:
        """Code of the region with any row of the unit or recipient."""
        return self.region_of_unit(source_id) or self.region_of_recipient(source_id)

    def view(self, region: str, day: int) -> DayView:
        """Everything in force on a local day. The same object on all days between two changes."""
        return self._regions[region].view(day)

    def units_in_force(self, region: str, day: int) -> Mapping[str, Unit]:
        """Unit rows in force on the day, of any status, by id."""
        return self._regions[region].view(day).units

    def recipients_in_force(self, region: str, day: int) -> Mapping[str, Recipient]:
        """Recipient rows in force on the day, of any status, by id."""
        return self._regions[region].view(day).recipients

    def registered(self, recipient_id: str, day: int) -> Mapping[str, int]:
        """Group -> registered, groups above 0 only.

        Empty unless the recipient and its kitchen are active on the day.
        """
        index = self._recipient_region.get(recipient_id)
        return (
            _NO_GROUPS
            if index is None
            else index.view(day).registered.get(recipient_id, _NO_GROUPS)
        )

    def kitchen_target(self, unit_id: str, day: int) -> int:
        """Sum of the registered of the kitchen's recipients and groups that are served on the day."""
        index = self._unit_region.get(unit_id)
        return 0 if index is None else index.service(day).target_of.get(unit_id, 0)

    def recipients_of_kitchen(self, unit_id: str, day: int) -> tuple[Recipient, ...]:
        """Rows in force, of any status, that name the kitchen."""
        index = self._unit_region.get(unit_id)
        return () if index is None else index.view(day).recipients_of.get(unit_id, ())

    def children_registered(self, unit_id: str, day: int) -> int:
        """Registered children of a clinic that is active on the day, else 0."""
        index = self._unit_region.get(unit_id)
        return 0 if index is None else index.view(day).children_of.get(unit_id, 0)

    def service(self, region: str, day: int) -> ServiceDay:
        """Whom meals are for on a local day. The same object for days that are ruled alike."""
        return self._regions[region].service(day)

    def is_service_day(self, region: str, day: int) -> bool:
        """True if meals are served to anybody registered; of a region without any, if its own rule says so."""
        index = self._regions[region]
        if index.view(day).registered:
            return bool(index.service(day).registered)
        return index.calendar.on(day).serves_region()

    def local_day(self, region: str, epoch_ms: int) -> int:
        """The local day that holds a moment."""
        return self._regions[region].zone.local_day(epoch_ms)

    def day_start_ms(self, region: str, day: int) -> int:
        """The first moment of a local day."""
        return self._regions[region].zone.day_start_ms(day)

    def minute_of_day(self, region: str, epoch_ms: int) -> int:
        """Local time of day in whole minutes, rounded down.

        For "at or before" compare `ms_of_day`: 10:00:30 is after 10:00.
        """
        return self._regions[region].zone.minute_of_day(epoch_ms)

    def ms_of_day(self, region: str, epoch_ms: int) -> int:
        """Local time of day in milliseconds."""
        return self._regions[region].zone.ms_of_day(epoch_ms)


def _claim(owners: dict[str, _RegionIndex], ids: Iterable[str], index: _RegionIndex) -> None:
    for one in ids:
        owner = owners.setdefault(one, index)
        if owner is not index:
            raise ValueError(
                f"{one} is in regions {owner.region.code} and {index.region.code}: an id may be "
                "in one region only"
            )
