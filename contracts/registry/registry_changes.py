"""What may change in a registry: rows are only added, for days to come, so that the past stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from contracts.registry.entities import CalendarRow, Recipient, Region, RegionRegistry, Unit
from contracts.results.topics import MAX_RECORD_BYTES
from contracts.time.days import day_to_iso

_Row = Unit | Recipient
_NEVER_CHANGING: Final = ("code", "timezone", "service_weekdays")


def validate_change(old: RegionRegistry | None, new: RegionRegistry, today: int) -> list[str]:
    """Why `new` may not replace `old` on the local day `today`: file, row, what to do.

    Empty: it may.
    `old` None is the first load, whose rows may begin on any day.
    """
    faults = _size_faults(new)
    if old is None:
        return faults
    faults += _region_faults(old.region, new.region, today)
    faults += _row_faults("units.csv", old.units, new.units, today)
    faults += _row_faults("recipients.csv", old.recipients, new.recipients, today)
    faults += _calendar_faults(old.calendar, new.calendar, today)
    return faults


def _size_faults(new: RegionRegistry) -> list[str]:
    size = len(new.encode())
    if size <= MAX_RECORD_BYTES:
        return []
    return [
        f"region {new.region.code}: its rows take {size:,} bytes, a record holds "
        f"{MAX_RECORD_BYTES:,}: "
        "split the kabupaten over two region folders"
    ]


def _region_faults(old: Region, new: Region, today: int) -> list[str]:
    faults = [
        f"region.yaml, {name}: changed from {getattr(old, name)!r} to {getattr(new, name)!r}, "
        "which would change past days: "
        "restore it (a weekday without service can be listed under holidays)"
        for name in _NEVER_CHANGING
        if getattr(old, name) != getattr(new, name)
    ]
    faults += [
        f"region.yaml, holidays: {day_to_iso(day)} was "
        f"{'added' if day in new.holidays else 'removed'}, but the day has begun: "
        f"restore it; only days after {day_to_iso(today)} may change"
        for day in sorted(set(old.holidays) ^ set(new.holidays))
        if day <= today
    ]
    retained = {one.code for one in new.kecamatan}
    faults += [
        f"region.yaml, kecamatan: {one.code} ({one.name}) was removed, past rows name it: restore "
        "it"
        for one in old.kecamatan
        if one.code not in retained
    ]
    return faults


def _row_faults(file: str, old: Sequence[_Row], new: Sequence[_Row], today: int) -> list[str]:
    before = {_key(row): row for row in old}
    after = {_key(row): row for row in new}
    tomorrow = day_to_iso(today + 1)
    faults = []
    for key, row in before.items():
        now = after.get(key)
        if now is None:
            faults.append(
                f"{file}, row {_name(key)}: was removed: restore it; to end it, add a row with "
                "status closed "
                f"and valid_from {tomorrow} or later"
            )
        elif now != row:
            faults.append(
                f"{file}, row {_name(key)}: was edited ({_differences(row, now)}): restore it and "
                "add a row with the new values "
                f"and valid_from {tomorrow} or later"
            )
    faults += [
        f"{file}, row {_name(key)}: is new, but its valid_from is not after today "
        f"({day_to_iso(today)}): write {tomorrow} or later"
        for key, row in after.items()
        if key not in before and row.valid_from <= today
    ]
    return faults


def _calendar_faults(
    old: Sequence[CalendarRow], new: Sequence[CalendarRow], today: int
) -> list[str]:
    """The old lines must stand in the new file, in their order: of two alike the later counts."""
    faults = []
    matched = 0
    for row in new:
        if matched < len(old) and row == old[matched]:
            matched += 1
        elif row.first <= today:
            faults.append(
                f"calendar.csv, {_calendar_name(row)}: is new or was edited, but the day has begun: "
                f"restore the old line, or write from {day_to_iso(today + 1)} or later"
            )
    faults += [
        f"calendar.csv, {_calendar_name(row)}: was removed, edited or moved: restore it in its place; "
        "to change days to come, add a line below"
        for row in old[matched:]
    ]
    return faults


def _calendar_name(row: CalendarRow) -> str:
    return f"row from {day_to_iso(row.first)} to {day_to_iso(row.last)} of scope {row.scope or 'region'}"


def _key(row: _Row) -> tuple[str, int]:
    return (row.unit_id if isinstance(row, Unit) else row.recipient_id, row.valid_from)


def _name(key: tuple[str, int]) -> str:
    return f"{key[0]} valid_from {day_to_iso(key[1])}"


def _differences(old: _Row, new: _Row) -> str:
    was, now = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    return ", ".join(
        f"{name} {was[name]!r} -> {now[name]!r}" for name in was if was[name] != now[name]
    )
