"""The service calendar: which group of which recipient is served on a local day, and why not.

row for (recipient, group, day) = narrowest scope, then one that names the group, then the later line
served = what that row says, else whether the weekday is one of service
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts.registry.region_rows import CalendarRow, Recipient, Region
from contracts.time.days import weekday

_EVERY_GROUP: Final = ""


class DayCalendar:
    """The calendar of one local day. Days that are ruled alike are equal, and share one hash.

    `rows`: those that cover the day, in the order of the file; `serves_weekday`: what holds without a row.
    """

    __slots__ = ("_by_scope", "rows", "serves_weekday")

    def __init__(self, rows: tuple[CalendarRow, ...], serves_weekday: bool) -> None:
        self.rows = rows
        self.serves_weekday = serves_weekday
        self._by_scope: dict[str, dict[str, CalendarRow]] = {}
        for row in rows:
            groups = self._by_scope.setdefault(row.scope, {})
            for group in row.groups or (_EVERY_GROUP,):
                groups[group] = row

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DayCalendar)
            and self.rows == other.rows
            and self.serves_weekday == other.serves_weekday
        )

    def __hash__(self) -> int:
        return hash((self.rows, self.serves_weekday))

    def row_for(self, recipient: Recipient, group: str) -> CalendarRow | None:
        """The row that decides for a group of a recipient; None: the weekday decides."""
        for scope in (recipient.recipient_id, recipient.unit_id, recipient.kecamatan, ""):
            groups = self._by_scope.get(scope)
            if groups is not None:
                row = groups.get(group) or groups.get(_EVERY_GROUP)
                if row is not None:
                    return row
        return None

    def serves(self, recipient: Recipient, group: str) -> bool:
        """Whether meals are served to a group of a recipient."""
        row = self.row_for(recipient, group)
        return self.serves_weekday if row is None else row.served

    def serves_region(self) -> bool:
        """Whether meals are served where no row names a kecamatan, kitchen, recipient or group."""
        row = self._by_scope.get("", {}).get(_EVERY_GROUP)
        return self.serves_weekday if row is None else row.served


class ServiceCalendar:
    """All days of one region: its weekdays of service, its holidays, and the lines of calendar.csv."""

    def __init__(self, region: Region, rows: Iterable[CalendarRow]) -> None:
        self._weekdays = frozenset(region.service_weekdays)
        # Holidays first: a later line of the same scope may open such a day again.
        self._rows = (*holiday_rows(region), *rows)

    def on(self, day: int) -> DayCalendar:
        """The calendar of a local day."""
        rows = tuple(row for row in self._rows if row.first <= day <= row.last)
        return DayCalendar(rows, weekday(day) in self._weekdays)


def holiday_rows(region: Region) -> list[CalendarRow]:
    """The `holidays` of region.yaml as calendar rows of the region's scope."""
    # A record of before names has none.
    names = region.holiday_names or ("",) * len(region.holidays)
    return [
        CalendarRow(day, day, "", (), False, name)
        for day, name in zip(region.holidays, names, strict=True)
    ]
