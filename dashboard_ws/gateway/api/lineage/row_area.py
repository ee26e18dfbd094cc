"""Whose row it is: which areas a view has rows of, in which region one lies, and who was in a kecamatan when."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Final, Literal, NamedTuple

from contracts.events.data_structs import Group
from contracts.registry.entities import Recipient, Registry, Unit, UnitKind
from dashboard_ws.gateway.api.lineage.row_window import RowWindow

ViewName = Literal["performance", "coverage", "reception", "clinic_coverage"]
LevelName = Literal["unit", "recipient", "kecamatan", "kabupaten"]

GroupName = Literal[Group, "all"]

LEVELS_OF: Final[Mapping[ViewName, tuple[LevelName, ...]]] = {
    "performance": ("unit", "kecamatan", "kabupaten"),
    "coverage": ("recipient", "kecamatan", "kabupaten"),
    "reception": ("recipient", "unit", "kecamatan", "kabupaten"),
    "clinic_coverage": ("unit", "kecamatan", "kabupaten"),
}


class RowName(NamedTuple):
    """Whose row of which view. `group`: of `coverage`, else None."""

    view: ViewName
    level: LevelName
    area_id: str
    group: GroupName | None


class Presence(NamedTuple):
    """Units or recipients that were in a kecamatan from a local day on, until before another."""

    first_day: int
    after_day: int
    source_ids: list[str]


def unit_kind(view: ViewName) -> UnitKind:
    """Of the units that the view has rows of."""
    return "clinic" if view == "clinic_coverage" else "sppg"


def region_of(registry: Registry, level: LevelName, area_id: str) -> str | None:
    """Code of the region that names the area, on whatever day; None: none does."""
    if level == "unit":
        return registry.region_of_unit(area_id)
    if level == "recipient":
        return registry.region_of_recipient(area_id)
    for code in registry.codes:
        kecamatan = (one.code for one in registry.region(code).kecamatan)
        if area_id == code if level == "kabupaten" else area_id in kecamatan:
            return code
    return None


def has_rows(registry: Registry, row: RowName, day: int) -> bool:
    """Whether an area that a region names has rows in the view on a local day: a clinic has none in `performance`."""
    if row.level == "unit":
        unit = registry.unit(row.area_id, day)
        return unit is not None and unit.kind == unit_kind(row.view)
    return row.level != "recipient" or registry.recipient(row.area_id, day) is not None


def presences(registry: Registry, region: str, row: RowName, window: RowWindow) -> list[Presence]:
    """Who was in the kecamatan of `row` on days of the window: recipients in views of what they get, else units."""
    stays: dict[str, list[tuple[int, int]]] = {}
    days = range(window.first_day, window.last_day + 1)
    for _, same in groupby(days, lambda day: id(registry.view(region, day))):
        alike = list(same)
        first, after = alike[0], alike[-1] + 1
        sources: Mapping[str, Unit | Recipient] = registry.units_in_force(region, first)
        if row.view in ("coverage", "reception"):
            sources = registry.recipients_in_force(region, first)
        for source_id, source in sources.items():
            if source.kecamatan == row.area_id:
                known = stays.setdefault(source_id, [])
                # All of it stands in one address: a change of other rows must not list everybody once more.
                begun = known.pop()[0] if known and known[-1][1] == first else first
                known.append((begun, after))
    together: dict[tuple[int, int], list[str]] = {}
    for source_id, known in stays.items():
        for stay in known:
            together.setdefault(stay, []).append(source_id)
    return [Presence(*stay, source_ids) for stay, source_ids in together.items()]
