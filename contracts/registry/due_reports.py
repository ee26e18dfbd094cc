"""Who has to have reported by a time of a local day: kitchens of their deliveries, recipients of what they got. Pure.

recipient due = it is served that day, it has not declined all its groups, and its meal time is not after the time asked about
kitchen due   = a recipient that it feeds is due
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

import msgspec

from contracts.registry.entities import Registry


class DueReport(msgspec.Struct, frozen=True):
    """A kitchen or recipient that has to have reported. `kind`: `sppg`, or a recipient's; `kitchen`: itself, or who feeds it.

    `meal_time`: minute of the local day; of a kitchen the first of its recipients that are due.
    """

    unit_id: str
    name: str
    kind: str
    kecamatan: str
    kitchen: str
    meal_time: int


def due_reports(
    registry: Registry, region: str, day: int, by_min: int, declined: Mapping[str, int]
) -> list[DueReport]:
    """By kecamatan, kitchens before recipients, then by name.

    `by_min`: minute of the day; `declined`: recipient -> registered people of the groups that it has declined that day.
    """
    service = registry.service(region, day)
    recipients: list[DueReport] = []
    first: dict[str, int] = {}
    for id_, groups in service.registered.items():
        row = service.view.recipients[id_]
        if row.meal_time > by_min or declined.get(id_, 0) >= sum(groups.values()):
            continue
        recipients.append(
            DueReport(id_, row.name, row.kind, row.kecamatan, row.unit_id, row.meal_time)
        )
        first[row.unit_id] = min(row.meal_time, first.get(row.unit_id, row.meal_time))
    kitchens = [
        DueReport(id_, unit.name, unit.kind, unit.kecamatan, id_, minute)
        for id_, minute in first.items()
        for unit in (service.view.units[id_],)
    ]
    return sorted([*kitchens, *recipients], key=_order)


def _order(one: DueReport) -> tuple[str, bool, str, str]:
    return one.kecamatan, one.kind != "sppg", one.name, one.unit_id


WHOLE_DAY: Final = 24 * 60
"""Asked about so, a day is over: every meal time is."""


class MissingReports(msgspec.Struct, frozen=True):
    """`missing`: those of `due` of which nothing was received."""

    due: list[DueReport]
    missing: list[DueReport]


def missing_reports(due: list[DueReport], reported: Container[str]) -> MissingReports:
    """`reported`: kitchens with a delivery, and recipients with anything, that counts on the day."""
    return MissingReports(due, [one for one in due if one.unit_id not in reported])
