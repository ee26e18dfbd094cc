"""Who is fed by which kitchen on a local day, from the registry."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple


class Row(NamedTuple):
    """A row of the registry. `registered`: people of all groups; `meal_ms`: of the local day."""

    recipient: str
    valid_from: int
    kecamatan: str
    kitchen: str
    is_closed: bool
    meal_ms: int
    registered: int


class FedOn(NamedTuple):
    """Of one day. `rows`: recipients with anybody registered that are not closed; `near`: kecamatan -> people registered
    ("": the region); `total`: in the region.
    """

    rows: Mapping[str, Row]
    near: Mapping[str, int]
    total: int


class Fed:
    """By local day. `planned`: day -> recipients to which the calendar gives a meal."""

    def __init__(self, rows: Iterable[Row], planned: Mapping[int, Set[str]]) -> None:
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(rows, key=lambda one: one.valid_from):
            self._rows[row.recipient].append(row)
        self._begins = sorted({one.valid_from for of in self._rows.values() for one in of})
        self._known: dict[int, FedOn] = {}
        self._planned = planned

    def on(self, day: int) -> FedOn:
        """The rows in force."""
        key = bisect_right(self._begins, day)
        if key not in self._known:
            self._known[key] = self._work_out(day)
        return self._known[key]

    def planned(self, day: int) -> Set[str]:
        """Recipients that are served by the calendar."""
        return self._planned.get(day, frozenset())

    def kitchen(self, recipient: str, day: int) -> str:
        """Its kitchen, whatever its status; empty: it has no row."""
        row = self._in_force(self._rows[recipient], day)
        return row.kitchen if row else ""

    def _work_out(self, day: int) -> FedOn:
        in_force = (self._in_force(rows, day) for rows in self._rows.values())
        rows = {
            one.recipient: one for one in in_force if one and one.registered and not one.is_closed
        }
        near: dict[str, int] = defaultdict(int)
        for row in rows.values():
            near[row.kecamatan] += row.registered
        total = sum(near.values())
        return FedOn(rows, {**near, "": total}, total)

    @staticmethod
    def _in_force(rows: list[Row], day: int) -> Row | None:
        return next((one for one in reversed(rows) if one.valid_from <= day), None)
