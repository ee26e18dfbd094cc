"""Exposures: everybody who got what one kitchen, or one lot over several kitchens, served on a local day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from audit.recompute.outbreaks.fed import Fed, Row
from audit.recompute.outbreaks.reported import DAY_MS, Batch, Meal, Reported

Group = tuple[str, str]
"""Who served: (kitchen, ""), or ("", lot)."""


class Eater(NamedTuple):
    """A recipient and its meal. `ate`: when; `at_risk`: who is present, where reported, else who is registered, else portions."""

    recipient: str
    kitchen: str
    near: str
    ate: int
    at_risk: int
    batches: frozenset[str]


class Served(NamedTuple):
    """Of one day. `groups`: who got it; `kitchens`: how many served; `by_recipient`,
    `by_place`: in which groups one is.
    """

    groups: Mapping[Group, list[Eater]]
    kitchens: int
    by_recipient: Mapping[str, set[Group]]
    by_place: Mapping[str, set[Group]]


def served_on(day: int, known: Reported, fed: Fed, midnight: int) -> Served:
    """From deliveries and checks; where there is none, from the calendar. `midnight`: when the day begins."""
    rows, planned, meals = fed.on(day).rows, fed.planned(day), known.meals.get(day, {})
    groups: dict[Group, list[Eater]] = defaultdict(list)
    for name in sorted({*planned, *(one for one, of in meals.items() if of)}):
        call = known.call(name, day)
        present = call.present if call else 0
        for eater in _eaters(name, meals.get(name, {}).values(), rows.get(name), present, midnight):
            groups[eater.kitchen, ""].append(eater)
    kitchens = len(groups)
    in_order = [one for group in sorted(groups) for one in groups[group]]
    for lot, eaters in _by_lot(known, in_order).items():
        if len({one.kitchen for one in eaters}) > 1:
            groups["", lot] = eaters
    by_recipient: dict[str, set[Group]] = defaultdict(set)
    by_place: dict[str, set[Group]] = defaultdict(set)
    for group, eaters in groups.items():
        for one in eaters:
            by_recipient[one.recipient].add(group)
            by_place[one.near].add(group)
        by_place[""].add(group)
    return Served(groups, kitchens, by_recipient, by_place)


def _eaters(
    name: str, meals: Iterable[Meal], row: Row | None, present: int, midnight: int
) -> list[Eater]:
    near = row.kecamatan if row else ""
    noon = midnight + row.meal_ms if row else 0
    by_kitchen: dict[str, list[Meal]] = defaultdict(list)
    for one in meals:
        by_kitchen[one.kitchen].append(one)
    if not by_kitchen:
        if row is None:
            return []
        return [Eater(name, row.kitchen, near, noon, present or row.registered, frozenset())]
    found = []
    for kitchen, of in sorted(by_kitchen.items()):
        most = max(one.portions for one in of)
        if most:
            # People eat at the meal time, or later if the food came later.
            ate = max(noon, min(one.at for one in of))
            at_risk = present or (row.registered if row else most)
            batches = frozenset(one.batch for one in of if one.batch)
            found.append(Eater(name, kitchen, near, ate, at_risk, batches))
    return found


def _by_lot(known: Reported, eaters: list[Eater]) -> Mapping[str, list[Eater]]:
    """A name of a batch is the kitchen's for 24 hours."""
    found: dict[str, list[Eater]] = defaultdict(list)
    for one in eaters:
        batches = known.batches.get(one.kitchen, {}).values() if one.batches else ()
        for lot in sorted({lot for batch in batches if _is_of(batch, one) for lot in batch.lots}):
            found[lot].append(one)
    return found


def _is_of(batch: Batch, eater: Eater) -> bool:
    return batch.name in eater.batches and 0 <= eater.ate - batch.at <= DAY_MS
