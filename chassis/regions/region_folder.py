"""Reads a region folder: region.yaml, units.csv, recipients.csv; checks boundaries.geojson and steps.csv.

Every fault is reported at once, with file, line, column and what to do: people who keep these
files are no programmers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import yaml

from chassis.regions.region_csv import Cells, Faults, RegionError, minute_of, read_table
from chassis.regions.steps_file import read_steps
from contracts.events.nik import has_nik
from contracts.registry.entities import (
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
from contracts.registry.registry_changes import validate_change
from contracts.time.days import Zone, day_to_iso, iso_to_day
from contracts.time.windows import GROUPS

UNIT_COLUMNS: Final = (
    "unit_id", "kind", "name", "kecamatan", "lon", "lat", "opens", "closes", "capacity",
    "slhs_valid_until", "registered_children", "status", "valid_from", "synthetic",
)  # fmt: skip
OPTIONAL_UNIT_COLUMNS: Final = ("bgn_id", "status_reason", "status_letter")
CALENDAR_COLUMNS: Final = ("from", "to", "scope", "groups", "served", "reason")
RECIPIENT_COLUMNS: Final = (
    "recipient_id", "name", "kind", "kecamatan", "lon", "lat", "unit_id", "meal_time", *GROUPS,
    "status", "valid_from", "synthetic",
)  # fmt: skip
STATUSES: Final[tuple[Status, ...]] = ("active", "suspended", "closed")
UNIT_KINDS: Final[tuple[UnitKind, ...]] = ("sppg", "clinic")
RECIPIENT_KINDS: Final[tuple[RecipientKind, ...]] = ("school", "pesantren", "posyandu")
_UNIT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RECIPIENT_ID: Final = re.compile(
    r"npsn:[0-9A-Z][0-9]{7}|nspp:[0-9]{12}|posyandu:[A-Za-z0-9][A-Za-z0-9.-]{0,39}"
)
_REGION_CODE: Final = re.compile(r"[0-9]{2}\.[0-9]{2}")
_MAX_PEOPLE: Final = 100_000
MAX_REASON: Final = 100
"""Characters of a calendar row's reason and of a holiday's name, which are shown on screen."""


_Read = TypeVar("_Read")


class _RegionFile(msgspec.Struct, forbid_unknown_fields=True):
    """region.yaml as written."""

    code: str
    name: str
    province: str
    timezone: str
    service_weekdays: list[int]
    kecamatan: list[Kecamatan]
    holidays: list[str | dict[str, str]] = []
    thresholds: Thresholds = Thresholds()
    day_closes: str = "24:00"


def read_yaml(path: Path, into: type[_Read]) -> _Read:
    """A YAML file as an `into`. Raises `yaml.YAMLError`, `msgspec.ValidationError` or `OSError`."""
    # Every scalar is read as text: YAML's guesses would make 32.10 the number 32.1 and dates objects. The types come from `into`.
    text = path.read_text(encoding="utf-8")
    raw = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader builds text, lists, dicts)
    return msgspec.convert(raw, into, strict=False)


def read_region(folder: Path) -> Region:
    """region.yaml alone. Raises `RegionError`."""
    faults = Faults()
    region = _region(folder, faults)
    if region is None or faults.messages:
        raise RegionError(faults.messages)
    return region


def load_region(folder: Path) -> RegionRegistry:
    """The region in `folder`. Raises `RegionError` with every fault found."""
    faults = Faults()
    region = _region(folder, faults)
    if region is None:
        raise RegionError(faults.messages)
    known = frozenset(one.code for one in region.kecamatan)
    units = [
        (row, _unit(row, known))
        for row in read_table(folder / "units.csv", UNIT_COLUMNS, faults, OPTIONAL_UNIT_COLUMNS)
    ]
    recipients = [
        (row, _recipient(row, known))
        for row in read_table(folder / "recipients.csv", RECIPIENT_COLUMNS, faults)
    ]
    _check_units(units)
    _check_recipients(recipients, [unit for _, unit in units])
    scopes = {one.unit_id for _, one in units if one.kind == "sppg"}
    scopes |= known | {one.recipient_id for _, one in recipients}
    calendar_file = folder / "calendar.csv"
    # A folder of before calendars has none: its weekdays and holidays decide.
    lines = read_table(calendar_file, CALENDAR_COLUMNS, faults) if calendar_file.exists() else ()
    calendar = tuple(_calendar_row(row, scopes) for row in lines)
    _check_boundaries(folder / "boundaries.geojson", known, faults)
    read_steps(folder, faults)  # the desk's, which reads them for itself
    # In one order, so that moving lines about is no change.
    registry = RegionRegistry(
        region,
        tuple(sorted((unit for _, unit in units), key=lambda one: (one.unit_id, one.valid_from))),
        tuple(
            sorted(
                (one for _, one in recipients), key=lambda one: (one.recipient_id, one.valid_from)
            )
        ),
        calendar,
    )
    if not faults.messages:
        faults.messages += validate_change(None, registry, 0)
    if faults.messages:
        raise RegionError(faults.messages)
    return registry


def load_regions(folder: Path, codes: Iterable[str]) -> tuple[RegionRegistry, ...]:
    """The regions `codes` of the folder of region folders. Raises `RegionError`."""
    return tuple(load_region(folder / code) for code in codes)


def _region(folder: Path, faults: Faults) -> Region | None:
    try:
        read = read_yaml(folder / "region.yaml", _RegionFile)
    except FileNotFoundError:
        faults.add(
            "region.yaml",
            f"there is none in {folder}: `pantau region new CODE` makes a region folder",
        )
        return None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.add("region.yaml", f"is no YAML in UTF-8: {error}")
        return None
    except msgspec.ValidationError as error:
        faults.add("region.yaml", f"{error}: mend it (`$` is the file's top level)")
        return None
    holidays = _check_region(folder, read, faults)
    return Region(
        code=read.code,
        name=read.name,
        province=read.province,
        timezone=read.timezone,
        service_weekdays=tuple(read.service_weekdays),
        holidays=tuple(sorted(holidays)),
        kecamatan=tuple(read.kecamatan),
        thresholds=read.thresholds,
        holiday_names=tuple(name for _, name in sorted(holidays.items())),
        day_closes=minute_of(read.day_closes) or 0,
    )


def _check_region(folder: Path, read: _RegionFile, faults: Faults) -> dict[int, str]:
    """Notes the faults of region.yaml and returns its holidays: day -> name, empty where none is given."""
    if not _REGION_CODE.fullmatch(read.code):
        faults.add("region.yaml", f"code: {read.code!r} is no Kemendagri code: write it like 32.11")
    elif folder.resolve().name != read.code:
        faults.add(
            "region.yaml",
            f"code: is {read.code}, the folder {folder.name}: name the folder by the code",
        )
    try:
        Zone(read.timezone)
    except ValueError as error:
        faults.add("region.yaml", f"timezone: {error}")
    days = read.service_weekdays
    if not days or len(set(days)) != len(days) or not set(days) <= set(range(1, 8)):
        faults.add(
            "region.yaml",
            f"service_weekdays: {days}: list weekdays once each, 1 = Monday to 7 = Sunday",
        )
    if not minute_of(read.day_closes):
        wanted = 'a time of day from "00:01" to "24:00", in quotes, like "18:00"'
        faults.add("region.yaml", f"day_closes: {read.day_closes!r} is not taken: write {wanted}")
    codes = [one.code for one in read.kecamatan]
    for code in codes:
        if not re.fullmatch(re.escape(read.code) + r"\.[0-9]{2}", code):
            faults.add(
                "region.yaml", f"kecamatan: code {code!r}: write {read.code}. and two digits"
            )
    if not codes or len(set(codes)) != len(codes):
        faults.add("region.yaml", "kecamatan: list each kecamatan once, at least one")
    return _holidays(read.holidays, faults)


def _holidays(written: list[str | dict[str, str]], faults: Faults) -> dict[int, str]:
    """Dates, or dates with names (`2026-12-25: Natal`), as day -> name."""
    holidays: dict[int, str] = {}
    for entry in written:
        for text, name in entry.items() if isinstance(entry, dict) else ((entry, ""),):
            if len(name) > MAX_REASON or has_nik(name):
                faults.add(
                    "region.yaml",
                    f"holidays: {text}: write a name of at most {MAX_REASON} characters",
                )
            try:
                holidays[iso_to_day(text)] = name
            except ValueError as error:
                faults.add("region.yaml", f"holidays: {error}")
    return holidays


def _calendar_row(row: Cells, scopes: set[str]) -> CalendarRow:
    first, last = row.day("from"), row.day("to")
    if last < first:
        row.fault("to", "is before from: write the last day, which may be the same")
    scope = row.text_or_empty("scope")
    if scope and scope not in scopes:
        row.fault(
            "scope",
            f"{scope!r} is no kecamatan, kitchen or recipient of this folder: write one, or leave it "
            "empty for the region",
        )
    groups = tuple(re.split(r"[\s;,|]+", text)) if (text := row.text_or_empty("groups")) else ()
    if unknown := [group for group in groups if group not in GROUPS]:
        row.fault(
            "groups", f"{unknown[0]!r} is none of {', '.join(GROUPS)}: separate groups by blanks"
        )
    return CalendarRow(first, last, scope, groups, row.flag("served"), row.text_or_empty("reason"))


def _place(
    row: Cells, known: frozenset[str], may_be_outside: bool = False
) -> tuple[str, float, float]:
    kecamatan = row.text_or_empty("kecamatan") if may_be_outside else row.text("kecamatan")
    if kecamatan and kecamatan not in known:
        row.fault(
            "kecamatan",
            f"{kecamatan!r} is not in region.yaml: write the code of one of its kecamatan",
        )
    return kecamatan, row.coordinate("lon", 180), row.coordinate("lat", 90)


def _id(row: Cells, column: str, pattern: re.Pattern[str], example: str) -> str:
    value = row.text(column)
    if value and not pattern.fullmatch(value):
        row.fault(column, f"{value!r} is no id of this kind: write it like {example}")
    return value


def _unit(row: Cells, known: frozenset[str]) -> Unit:
    kind = row.choice("kind", UNIT_KINDS)
    # A hospital outside the region counts at the kabupaten's level only.
    kecamatan, lon, lat = _place(row, known, may_be_outside=kind == "clinic")
    capacity = row.count("capacity", _MAX_PEOPLE)
    children = row.count("registered_children", _MAX_PEOPLE)
    if kind == "sppg" and not capacity:
        row.fault("capacity", "a kitchen needs one: write the portions it may cook a day")
    if kind == "clinic" and capacity:
        row.fault("capacity", "a clinic has none: leave it empty")
    if kind == "sppg" and children:
        row.fault(
            "registered_children",
            "a kitchen has none: leave it empty, its recipients are in recipients.csv",
        )
    opens, closes = row.minute("opens"), row.minute("closes")
    if opens == closes:
        row.fault("closes", "is the same as opens: write 00:00 and 24:00 for a whole day")
    return Unit(
        unit_id=_id(row, "unit_id", _UNIT_ID, "SPPG-3211-0001"),
        kind=kind,
        name=row.text("name"),
        kecamatan=kecamatan,
        lon=lon,
        lat=lat,
        opens=opens,
        closes=closes,
        capacity=capacity,
        slhs_valid_until=row.day_or_none("slhs_valid_until"),
        registered_children=children,
        status=row.choice("status", STATUSES),
        valid_from=row.day("valid_from"),
        synthetic=row.flag("synthetic"),
        bgn_id=row.text_or_empty("bgn_id"),
        status_reason=row.text_or_empty("status_reason"),
        status_letter=row.text_or_empty("status_letter"),
    )


def _recipient(row: Cells, known: frozenset[str]) -> Recipient:
    kecamatan, lon, lat = _place(row, known)
    counts = {group: row.count(group, _MAX_PEOPLE) for group in GROUPS}
    return Recipient(
        recipient_id=_id(
            row,
            "recipient_id",
            _RECIPIENT_ID,
            "npsn:20208123, nspp:510032110001 or posyandu:3211-0042",
        ),
        name=row.text("name"),
        kind=row.choice("kind", RECIPIENT_KINDS),
        kecamatan=kecamatan,
        lon=lon,
        lat=lat,
        unit_id=row.text("unit_id"),
        meal_time=row.minute("meal_time"),
        registered={group: count for group, count in counts.items() if count},
        status=row.choice("status", STATUSES),
        valid_from=row.day("valid_from"),
        synthetic=row.flag("synthetic"),
    )


def _check_units(units: Sequence[tuple[Cells, Unit]]) -> None:
    seen: dict[tuple[str, int], str] = {}
    kinds: dict[str, str] = {}
    for row, unit in units:
        _check_once(row, "unit_id", (unit.unit_id, unit.valid_from), seen)
        if kinds.setdefault(unit.unit_id, unit.kind) != unit.kind:
            row.fault(
                "kind",
                f"{unit.unit_id} is a {kinds[unit.unit_id]} in another row: a unit keeps its "
                "kind, give the new one an id of its own",
            )


def _check_recipients(recipients: Sequence[tuple[Cells, Recipient]], units: Sequence[Unit]) -> None:
    """A kitchen must have a row by the day that a recipient's row begins."""
    begins: dict[str, int] = {}
    for unit in units:
        if unit.kind == "sppg":
            begins[unit.unit_id] = min(unit.valid_from, begins.get(unit.unit_id, unit.valid_from))
    seen: dict[tuple[str, int], str] = {}
    for row, one in recipients:
        _check_once(row, "recipient_id", (one.recipient_id, one.valid_from), seen)
        begin = begins.get(one.unit_id)
        if begin is None:
            row.fault(
                "unit_id",
                f"{one.unit_id!r} is no kitchen of units.csv: write the unit_id of a row with "
                "kind sppg",
            )
        elif begin > one.valid_from:
            row.fault(
                "unit_id",
                f"kitchen {one.unit_id} begins on {day_to_iso(begin)}, after this row: write a "
                "kitchen that is there by then",
            )


def _check_once(
    row: Cells, column: str, key: tuple[str, int], seen: dict[tuple[str, int], str]
) -> None:
    first = seen.setdefault(key, row.place)
    if first != row.place:
        row.fault(
            column, f"{key[0]} has a row with this valid_from already ({first}): take one out"
        )


class _Feature(msgspec.Struct):
    id: str


class _Boundaries(msgspec.Struct):
    features: list[_Feature]


def _check_boundaries(path: Path, known: frozenset[str], faults: Faults) -> None:
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_Boundaries)
    except FileNotFoundError:
        return faults.add(path.name, "is missing: add the kecamatan as GeoJSON features, id = code")
    except msgspec.DecodeError as error:
        return faults.add(
            path.name, f"is no GeoJSON FeatureCollection whose features have an id: {error}"
        )
    ids = [feature.id for feature in read.features]
    for code in sorted(known ^ set(ids)):
        what = (
            "has no feature: add one with this id"
            if code in known
            else "is not in region.yaml: take the feature out or add the kecamatan"
        )
        faults.add(path.name, f"kecamatan {code} {what}")
    if len(set(ids)) != len(ids):
        faults.add(path.name, "holds a kecamatan twice: merge its parts into one MultiPolygon")
    return None
