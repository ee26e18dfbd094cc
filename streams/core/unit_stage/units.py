"""The units of one region in one partition: their ledgers, the sums of their panes, their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from contracts.registry.entities import Registry
from contracts.time.windows import PANE_MS
from streams.core.history.chunks import Chunk
from streams.core.history.facts import Fact
from streams.core.history.ledger import Ledger, Unwritten
from streams.core.metrics.pane_sum import PaneSum
from streams.core.metrics.payloads import UNCOUNTED
from streams.core.region_feed import Contribution
from streams.core.state_format import restoring
from streams.core.unit_stage.sides import Side
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import FlushStamp, RowWriter, ViewRow
from streams.core.windowing.schedule import RowRun, RowSchedule
from streams.core.windowing.shown_lines import ShownLines, WrittenRow
from streams.core.windowing.targets import Targets
from streams.core.windowing.window_table import DAY_REACH, PANE_REACH

P = TypeVar("P", bound=PaneSum)


class Units(Generic[P]):
    """All units of one region and side. `owns`: whether a unit id is this partition's; `unwritten`: see `Ledger`."""

    def __init__(
        self,
        region: str,
        registry: Registry,
        side: Side[P],
        owns: Callable[[str], bool],
        unwritten: Unwritten,
    ) -> None:
        self.region = region
        self.side = side
        self._owns = owns
        self._unwritten = unwritten
        self._ledgers: dict[str, Ledger] = {}
        self._progress = Progress(registry.zone(region))
        self._schedule: RowSchedule[P] = RowSchedule(self._progress, side.new_sum, self._in_force)
        self._add, self._delta = side.add, self._schedule.table.delta
        self._forgot_at = -1
        self._shown = ShownLines()
        self.use(registry)

    def use(self, registry: Registry) -> None:
        """Takes a registry with more rows."""
        self._registry = registry
        self._writer = RowWriter(registry.zone(self.region), Targets(self.region, registry))

    def _in_force(self, day: int) -> Iterator[str]:
        return filter(self._owns, self.side.in_force(self._registry, day))

    def ledger(self, unit: str) -> Ledger:
        """The unit's ledger."""
        ledger = self._ledgers.get(unit)
        if ledger is None:
            ledger = self._ledgers[unit] = Ledger(unit, self._unwritten)
        return ledger

    def add(self, unit: str, fact: Fact, sign: int) -> None:
        """Adds a fact (1), takes it away (-1), or only makes its rows exist though it does not count (0)."""
        if fact.kind not in UNCOUNTED:
            pane = fact.time // PANE_MS
            self._add(unit, pane, self._delta(unit, pane), fact, sign)

    # --- take-over and time -------------------------------------------------------------------------------------------

    def restore(self, unit: str, day: int, chunks: Sequence[tuple[bytes, Chunk]]) -> None:
        """Takes the chunks of a local day, with their keys, and all their facts to count until `restored`."""
        first_key = chunks[0][0]
        sums: dict[int, P] = defaultdict(self.side.new_sum)
        restore, add_all = self.ledger(unit).restore, self.side.add_all
        for key, chunk in chunks:
            with restoring(key):
                by_pane: dict[int, list[Fact]] = defaultdict(list)
                for fact in restore(chunk):
                    if fact.kind not in UNCOUNTED:
                        by_pane[fact.time // PANE_MS].append(fact)
                for pane, facts in by_pane.items():
                    add_all(unit, pane, sums[pane], facts)
        with restoring(first_key):
            self._schedule.table.restore(unit, day, sums)

    def restored(self, time_ms: int, rows_ms: int, pending: Iterable[tuple[str, int]]) -> None:
        """Takes away the facts that do not count. Changes are then the rows that became due after `rows_ms`, and those of `pending`."""
        self._progress.resume(rows_ms)
        for unit, ledger in self._ledgers.items():
            for fact in ledger.uncounted():
                self.add(unit, fact, -1)
        self._schedule.settle()
        for unit, pane in pending:
            if self._schedule.table.pane(unit, pane) is not None:
                self._delta(unit, pane)
        self.advance(time_ms)

    def advance(self, time_ms: int) -> None:
        """Time passes: notes the rows that become due, forgets the facts that no event can reach any more."""
        panes, days = self._progress.advance(time_ms)
        self._schedule.advance(panes, days)
        if days:
            for ledger in self._ledgers.values():
                ledger.forget(self._progress.day - DAY_REACH)

    # --- flush --------------------------------------------------------------------------------------------------------

    def contributions(self) -> list[Contribution]:
        """All that the panes that changed since the last call hold now."""
        at = self._schedule.table.pane
        changed = ((unit, pane, at(unit, pane)) for unit, pane in self._schedule.apply_deltas())
        make = self.side.contribution
        return [make(unit, pane, total) for unit, pane, total in changed if total is not None]

    def newest_rows(self, stamp: FlushStamp) -> Iterator[ViewRow]:
        """See `RowSchedule.newest_runs`."""
        return self._shown.sent(self._written(stamp, self._schedule.newest_runs()))

    def rows(self, stamp: FlushStamp) -> Iterator[WrittenRow]:
        """See `RowSchedule.runs`."""
        rows = self._written(stamp, self._schedule.runs())
        yield from self._shown.written(rows, self._progress.newest_ends_ms())
        if self._forgot_at != self._progress.pane:
            # Not before the rows and contributions are out: days may pass between two flushes when the log is read anew.
            self._forgot_at = self._progress.pane
            self.side.forget(self._forgot_at - PANE_REACH)

    def _written(self, stamp: FlushStamp, runs: Iterable[RowRun[P]]) -> Iterator[ViewRow]:
        write, level = self.side.writer(self._writer), self.side.level
        for area, window, _, sums in runs:
            for end, total in sums:
                yield write(stamp, level, area, window, end, total)
