"""The sides of stage one: what differs between event topics.

To add one: a class here, its topic in `SIDES`, its sums in `streams.core.metrics`, its fields in
`region_feed.Contribution`, its area view in `region_stage.area_views`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final, Protocol, TypeVar

from contracts.registry.entities import Registry
from contracts.results.public_rows import View
from contracts.results.topics import CLINIC_EVENTS, RECIPIENT_EVENTS, SPPG_EVENTS
from streams.core.history.facts import Fact
from streams.core.metrics.clinic import ClinicSum
from streams.core.metrics.coverage import EATEN, Eaten, add_meal
from streams.core.metrics.kitchen import KitchenSum
from streams.core.metrics.pane_sum import PaneSum
from streams.core.metrics.reception import CHECKED, NO_CHECKS, Checks, ReceptionSum, plus
from streams.core.region_feed import Contribution
from streams.core.windowing.row_writer import RowWriter, WriteRow

P = TypeVar("P", bound=PaneSum)


class Side(Protocol[P]):
    """One side in one region. Its state beside the sums, if it has any, is derived from facts.

    `kind`: the middle of `source`; `view` and `level`: of the rows that stage one writes.
    """

    kind: ClassVar[str]
    view: ClassVar[View]
    level: ClassVar[str]

    def __init__(self, region: str, /) -> None:
        """Made once for each region, by its code."""

    @staticmethod
    def region_of(registry: Registry, source_id: str) -> str | None:
        """Code of the region that has the source; called for the first event of each source."""

    def in_force(self, registry: Registry, day: int) -> Iterable[str]:
        """Ids of the sources that have rows on a local day though they report nothing; called when a day begins."""

    def new_sum(self) -> P:
        """An empty sum."""

    def add(self, source_id: str, pane: int, total: P, fact: Fact, sign: int, /) -> None:
        """Adds a fact to its pane (`sign` 1), takes it away (-1), or only leaves that it was reported (0).

        Called for each event: the hot path.
        """

    def add_all(self, source_id: str, pane: int, total: P, facts: list[Fact], /) -> None:
        """Adds facts to their pane, as `add` does each. Called at a take-over, for millions of them."""

    def contribution(self, source_id: str, pane: int, total: P) -> Contribution:
        """All that the pane holds, for stage two; called when a flush finds that it changed."""

    def forget(self, least_pane: int, /) -> None:
        """Drops what it holds of panes before `least_pane`: no event can reach them."""

    def writer(self, rows: RowWriter) -> WriteRow[P]:
        """Which method of `rows` writes this side's rows."""


class KitchenSide:
    """The kitchens: performance, and what was eaten where."""

    kind: ClassVar = "sppg"
    view: ClassVar[View] = "performance"
    level: ClassVar = "unit"

    def __init__(self, region: str) -> None:
        self._region = region
        self._coverage: dict[tuple[str, int], Eaten] = {}

    @staticmethod
    def region_of(registry: Registry, source_id: str) -> str | None:
        """See `Side`."""
        return registry.region_of_unit(source_id)

    def in_force(self, registry: Registry, day: int) -> Iterable[str]:
        """See `Side`."""
        return _units_in_force(registry, self._region, self.kind, day)

    def new_sum(self) -> KitchenSum:
        """See `Side`."""
        return KitchenSum()

    def add(self, unit: str, pane: int, total: KitchenSum, fact: Fact, sign: int) -> None:
        """See `Side`."""
        if sign:
            total.add_fact(fact, sign)
        if fact.kind == EATEN:
            add_meal(self._eaten(unit, pane), fact, sign)

    def add_all(self, unit: str, pane: int, total: KitchenSum, facts: list[Fact]) -> None:
        """See `Side`."""
        total.add_facts(facts)
        if meals := [fact for fact in facts if fact.kind == EATEN]:
            eaten = self._eaten(unit, pane)
            for meal in meals:
                add_meal(eaten, meal, 1)

    def _eaten(self, unit: str, pane: int) -> Eaten:
        eaten = self._coverage.get((unit, pane))
        if eaten is None:
            eaten = self._coverage[unit, pane] = {}
        return eaten

    def contribution(self, unit: str, pane: int, total: KitchenSum) -> Contribution:
        """See `Side`."""
        return Contribution.of_kitchen(unit, pane, total, self._coverage.get((unit, pane)))

    def forget(self, least_pane: int) -> None:
        """See `Side`."""
        for key in [key for key in self._coverage if key[1] < least_pane]:
            del self._coverage[key]

    def writer(self, rows: RowWriter) -> WriteRow[KitchenSum]:
        """See `Side`."""
        return rows.performance


class ClinicSide:
    """The clinics: clinic coverage."""

    kind: ClassVar = "clinic"
    view: ClassVar[View] = "clinic_coverage"
    level: ClassVar = "unit"

    def __init__(self, region: str) -> None:
        self._region = region

    @staticmethod
    def region_of(registry: Registry, source_id: str) -> str | None:
        """See `Side`."""
        return registry.region_of_unit(source_id)

    def in_force(self, registry: Registry, day: int) -> Iterable[str]:
        """See `Side`."""
        return _units_in_force(registry, self._region, self.kind, day)

    def new_sum(self) -> ClinicSum:
        """See `Side`."""
        return ClinicSum()

    def add(self, unit: str, _pane: int, total: ClinicSum, fact: Fact, sign: int) -> None:
        """See `Side`."""
        if sign:
            total.add_fact(fact, f"/{self._region}/clinic/{unit}", sign)

    def add_all(self, unit: str, pane: int, total: ClinicSum, facts: list[Fact]) -> None:
        """See `Side`."""
        for fact in facts:
            self.add(unit, pane, total, fact, 1)

    def contribution(self, unit: str, pane: int, total: ClinicSum) -> Contribution:
        """See `Side`."""
        return Contribution.of_clinic(unit, pane, total)

    def forget(self, _least_pane: int) -> None:
        """It holds nothing beside the sums."""

    def writer(self, rows: RowWriter) -> WriteRow[ClinicSum]:
        """See `Side`."""
        return rows.clinic_coverage


class RecipientSide:
    """Recipients: what they report of what they got, and of whom."""

    kind: ClassVar = "recipient"
    view: ClassVar[View] = "reception"
    level: ClassVar = "recipient"

    def __init__(self, region: str) -> None:
        self._region = region
        self._checks: dict[tuple[str, int], dict[str, Checks]] = {}

    @staticmethod
    def region_of(registry: Registry, source_id: str) -> str | None:
        """See `Side`."""
        return registry.region_of_recipient(source_id)

    def in_force(self, registry: Registry, day: int) -> Iterable[str]:
        """See `Side`."""
        return registry.recipients_in_force(self._region, day)

    def new_sum(self) -> ReceptionSum:
        """See `Side`."""
        return ReceptionSum()

    def add(self, recipient: str, pane: int, total: ReceptionSum, fact: Fact, sign: int) -> None:
        """See `Side`."""
        if sign:
            total.add_fact(recipient, fact, sign)
        if fact.kind == CHECKED:
            kitchen, checks = fact.payload
            by_kitchen = self._checks.setdefault((recipient, pane), {})
            # A zero stays: a kitchen that was named has a row, even if a correction names another.
            by_kitchen[kitchen] = plus(by_kitchen.get(kitchen, NO_CHECKS), checks, sign)

    def add_all(self, recipient: str, pane: int, total: ReceptionSum, facts: list[Fact]) -> None:
        """See `Side`."""
        for fact in facts:
            self.add(recipient, pane, total, fact, 1)

    def contribution(self, recipient: str, pane: int, total: ReceptionSum) -> Contribution:
        """See `Side`."""
        checks = self._checks.get((recipient, pane), {})
        return Contribution.of_recipient(recipient, pane, total, checks)

    def forget(self, least_pane: int) -> None:
        """See `Side`."""
        for key in [key for key in self._checks if key[1] < least_pane]:
            del self._checks[key]

    def writer(self, rows: RowWriter) -> WriteRow[ReceptionSum]:
        """See `Side`."""
        return rows.reception


def _units_in_force(registry: Registry, region: str, kind: str, day: int) -> Iterable[str]:
    units = registry.units_in_force(region, day).values()
    return [unit.unit_id for unit in units if unit.kind == kind]


SIDES: Final[dict[str, type[Side[Any]]]] = {
    SPPG_EVENTS: KitchenSide,
    CLINIC_EVENTS: ClinicSide,
    RECIPIENT_EVENTS: RecipientSide,
}
"""Event topic -> its side."""
