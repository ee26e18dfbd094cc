"""The schedule of one level: which rows must be written because they changed, and which because time makes them due.

Units and areas share it. A row of 15m or 1h is due when its last pane begins, if anything fell in its window; a row
of days is due when its last day begins, for every area in force on that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from contracts.time.windows import DAY_WINDOWS, PANE_WINDOWS, WindowName
from streams.core.metrics.pane_sum import PaneSum
from streams.core.windowing.progress import Progress
from streams.core.windowing.timeline import Ends
from streams.core.windowing.window_table import RowKey, WindowTable

P = TypeVar("P", bound=PaneSum)

DueRow = tuple[RowKey, P, bool, bool]
"""(key, sum over its window, whether it is of the newest begun window, whether time made it due)."""


class Schedule(Generic[P]):
    """`new` makes an empty sum; `in_force` gives the areas that have rows on a local day though nothing is reported."""

    def __init__(
        self, progress: Progress, new: Callable[[], P], in_force: Callable[[int], Iterable[str]]
    ) -> None:
        self.table: WindowTable[P] = WindowTable(new)
        self._progress = progress
        self._in_force = in_force
        self._due: set[RowKey] = set()
        self._is_stale = False

    def advance(self, panes: range, days: range) -> None:
        """Notes the rows that become due when `panes` and `days` (of `Progress.advance`) begin."""
        if not panes:
            return
        self._due.update(self.table.due_with(panes))
        for day in days:
            self._due.update(
                RowKey(area, window, day) for area in self._in_force(day) for window in DAY_WINDOWS
            )
        self._is_stale = True

    def apply_deltas(self) -> list[tuple[str, int]]:
        """See `WindowTable.apply_deltas`."""
        return self.table.apply_deltas(self._progress.zone)

    def settle(self) -> None:
        """After state was restored nothing is a change."""
        self.apply_deltas()
        self.table.settle()

    def write_again(self, area: str, window: WindowName) -> None:
        """Makes the newest row of an area due, if there is such a row."""
        end = self._progress.newest(window)
        if window in DAY_WINDOWS:
            exists = area in self._in_force(self._progress.day)
        else:
            exists = self.table.holds(area, range(end - PANE_WINDOWS[window], end))
        if exists:
            self._due.add(RowKey(area, window, end))

    def rows(self) -> Iterator[DueRow[P]]:
        """Rows that changed or became due since the last call; rows of one area and window follow each other.

        A sum is valid until the next row is asked for.
        """
        self.apply_deltas()
        table, progress = self.table, self._progress
        due, self._due = self._due, set()
        for (area, window), ends in _merged(
            table.changed(progress.pane, progress.day), due
        ).items():
            newest = progress.newest(window)
            for end, total in table.sums(area, window, ends):
                key = RowKey(area, window, end)
                yield key, total, end == newest, key in due
        if self._is_stale:
            # Not before the rows are out: days may pass between two flushes when the log is read anew.
            self._is_stale = False
            table.forget(progress.pane, progress.day)


def _merged(changed: Ends, due: Iterable[RowKey]) -> Ends:
    """`changed` with the rows that are `due` besides."""
    ends: dict[tuple[str, WindowName], set[int]] = defaultdict(set)
    for area, window, end in due:
        ends[area, window].add(end)
    for place, some in ends.items():
        changed[place] = sorted(some.union(changed.get(place, ())), reverse=True)
    return changed
