"""Units of one region in one partition: their facts, panes and rows. The kitchens' half and the clinics' half of stage one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Generic, Protocol, TypeVar

from contracts.registry.entities import Registry
from contracts.results.public_rows import View
from contracts.time.windows import DAY_WINDOWS, PANE_MS
from streams.core.history.facts import Chunk, Fact
from streams.core.history.ledger import Ledger
from streams.core.metrics.contributions import (
    EATEN,
    RETRACTED,
    UNCOUNTED,
    add_clinic,
    add_coverage,
    add_kitchen,
)
from streams.core.metrics.parts import ClinicPart, Eaten, KitchenPart, Part
from streams.core.region_feed import Contribution
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import Row, RowWriter, Stamp, WriteRow
from streams.core.windowing.targets import Targets
from streams.core.windowing.window_table import DAY_REACH, PANE_REACH, RowKey, WindowTable, merged

P = TypeVar("P", bound=Part)


class Side(Protocol[P]):
    """What differs between kitchens and clinics."""

    kind: str
    view: View

    def part(self) -> P:
        """An empty part."""

    def add(self, unit: str, pane: int, part: P, fact: Fact, sign: int, /) -> None:
        """Adds (1), takes away (-1) or only mentions (0) a fact."""

    def contribution(self, unit: str, pane: int, part: P) -> Contribution:
        """All that the pane holds."""

    def forget(self, least_pane: int, /) -> None:
        """Drops what is kept of panes before `least_pane`."""

    def write(self, writer: RowWriter) -> WriteRow[P]:
        """What writes the units' rows."""


class Kitchens:
    """Kitchens: performance, and what was eaten where."""

    kind = "sppg"
    view: View = "performance"

    def __init__(self) -> None:
        self._coverage: dict[tuple[str, int], Eaten] = {}

    def part(self) -> KitchenPart:
        """See `Side`."""
        return KitchenPart()

    def add(self, unit: str, pane: int, part: KitchenPart, fact: Fact, sign: int) -> None:
        """See `Side`."""
        if sign:
            add_kitchen(part, fact, sign)
        if fact.kind == EATEN:
            coverage = self._coverage.get((unit, pane))
            if coverage is None:
                coverage = self._coverage[unit, pane] = {}
            add_coverage(coverage, fact, sign)

    def contribution(self, unit: str, pane: int, part: KitchenPart) -> Contribution:
        """See `Side`."""
        return Contribution.of_kitchen(unit, pane, part, self._coverage.get((unit, pane)))

    def forget(self, least_pane: int) -> None:
        """See `Side`."""
        for key in [key for key in self._coverage if key[1] < least_pane]:
            del self._coverage[key]

    def write(self, writer: RowWriter) -> WriteRow[KitchenPart]:
        """See `Side`."""
        return writer.performance


class Clinics:
    """Clinics: clinic coverage."""

    kind = "clinic"
    view: View = "clinic_coverage"

    def __init__(self, region: str) -> None:
        self._region = region

    def part(self) -> ClinicPart:
        """See `Side`."""
        return ClinicPart()

    def add(self, unit: str, _pane: int, part: ClinicPart, fact: Fact, sign: int) -> None:
        """See `Side`."""
        if sign:
            add_clinic(part, fact, f"/{self._region}/clinic/{unit}", sign)

    def contribution(self, unit: str, pane: int, part: ClinicPart) -> Contribution:
        """See `Side`."""
        return Contribution.of_clinic(unit, pane, part)

    def forget(self, _least_pane: int) -> None:
        """Nothing is kept beside the parts."""

    def write(self, writer: RowWriter) -> WriteRow[ClinicPart]:
        """See `Side`."""
        return writer.clinic_coverage


class Units(Generic[P]):
    """All units of one region and side that this partition owns.

    `owns`: by unit id; `changed` is told of each unit's chunk of facts that must be written.
    """

    def __init__(
        self,
        region: str,
        registry: Registry,
        side: Side[P],
        owns: Callable[[str], bool],
        changed: Callable[[str, Chunk], None],
    ) -> None:
        self.region = region
        self.ledgers: dict[str, Ledger] = {}
        self.progress = Progress(registry.zone(region))
        self.view = side.view
        self._side = side
        self._add = side.add
        self._owns = owns
        self._changed = changed
        self._table: WindowTable[P] = WindowTable(side.part)
        self._dirty: set[tuple[str, int]] = set()
        self._due: set[RowKey] = set()
        self._stale = False
        self.use(registry)

    def use(self, registry: Registry) -> None:
        """Takes a registry with more rows."""
        self._registry = registry
        self._writer = RowWriter(registry.zone(self.region), Targets(self.region, registry))

    def ledger(self, unit: str) -> Ledger:
        """The unit's ledger."""
        ledger = self.ledgers.get(unit)
        if ledger is None:
            ledger = self.ledgers[unit] = Ledger(RETRACTED, partial(self._changed, unit))
        return ledger

    def touch(self, unit: str, fact: Fact, sign: int) -> None:
        """Adds (1), takes away (-1) or only mentions (0: its rows exist though it does not count) a fact."""
        if fact.kind not in UNCOUNTED:
            pane = fact.time // PANE_MS
            self._add(unit, pane, self._table.delta(unit, pane), fact, sign)

    def restore(self, unit: str, chunk: Chunk) -> None:
        """Takes a chunk of the unit's facts as it was kept, and all of them to count until `restored`."""
        for fact in self.ledger(unit).restore(chunk):
            self.touch(unit, fact, 1)

    def restored(self, time_ms: int) -> None:
        """Takes away what corrections keep from counting; panes and days stand, without any row becoming a change."""
        self.progress.resume(time_ms)
        for unit, ledger in self.ledgers.items():
            for fact in ledger.uncounted():
                self.touch(unit, fact, -1)
        self._apply_deltas()
        self._dirty.clear()
        self._table.settle()

    def advance(self, time_ms: int) -> Iterator[tuple[str, int, int]]:
        """Time passes: notes the rows that become due; yields the (unit, day, number) of chunks that are out of reach."""
        panes, days = self.progress.advance(time_ms)
        if not panes:
            return
        self._apply_deltas()
        self._due.update(self._table.due_with(panes))
        for day in days:
            for unit in self._registry.units_in_force(self.region, day).values():
                if unit.kind == self._side.kind and self._owns(unit.unit_id):
                    self._due.update(RowKey(unit.unit_id, window, day) for window in DAY_WINDOWS)
        self._stale = True
        if days:
            for unit_id, ledger in self.ledgers.items():
                for day, number in ledger.forget(self.progress.day - DAY_REACH):
                    yield unit_id, day, number

    def _apply_deltas(self) -> None:
        self._dirty.update(self._table.apply_deltas(self.progress.zone))

    def contributions(self) -> list[Contribution]:
        """All that the panes that changed since the last call hold now."""
        self._apply_deltas()
        found = []
        for unit, pane in self._dirty:
            part = self._table.pane(unit, pane)
            if part is not None:
                found.append(self._side.contribution(unit, pane, part))
        self._dirty.clear()
        return found

    def rows(self, stamp: Stamp) -> Iterator[tuple[Row, bool]]:
        """Rows that changed or became due since the last call, each with whether it is of a newest begun window."""
        self._apply_deltas()
        changed = self._table.changed(self.progress.pane, self.progress.day)
        runs = merged(changed, self._due)
        self._due.clear()
        write = self._side.write(self._writer)
        for (unit, window), ends in runs.items():
            newest = self.progress.newest(window)
            for end, part in self._table.sums(unit, window, ends):
                yield write(stamp, "unit", unit, window, end, part), end == newest
        self._forget()

    def _forget(self) -> None:
        """Drops what no event can reach any more.

        Not before its rows are out: days may pass between two flushes when the log is read anew.
        """
        if self._stale:
            self._stale = False
            self._table.forget(self.progress.pane, self.progress.day)
            self._side.forget(self.progress.pane - PANE_REACH)
