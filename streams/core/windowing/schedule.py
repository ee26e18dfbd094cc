"""The schedule of one level: which rows must be written because they changed, and which because time makes them due.

Units and areas share it. A row of 15m or 1h is due when its last pane begins, if anything fell in its window; a row
of days is due when its last day begins, for every area in force on that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from contracts.time.windows import DAY_WINDOWS, PANE_WINDOWS, UP_TO_A_DAY, WindowName
from streams.core.metrics.pane_sum import PaneSum
from streams.core.windowing.progress import Progress
from streams.core.windowing.window_table import RowKey, WindowTable

P = TypeVar("P", bound=PaneSum)
_NONE: Final[set[int]] = set()


class RowRun(NamedTuple, Generic[P]):
    """Rows of one area and window that must be written.

    `sums`: (end, sum over its window) of each; a sum is valid until the next one is asked for. `due`: ends that time made due.
    """

    area: str
    window: WindowName
    due: set[int]
    sums: Iterator[tuple[int, P]]


class RowSchedule(Generic[P]):
    """`new` makes an empty sum; `in_force` gives the areas that have rows on a local day though nothing is reported."""

    def __init__(
        self, progress: Progress, new: Callable[[], P], in_force: Callable[[int], Iterable[str]]
    ) -> None:
        self.table: WindowTable[P] = WindowTable(new)
        self._progress = progress
        self._in_force = in_force
        self._due: set[RowKey] = set()
        self._newly_due: set[RowKey] = set()
        self._is_stale = False

    def advance(self, panes: range, days: range) -> None:
        """Notes the rows that become due when `panes` and `days` (of `Progress.advance`) begin."""
        if not panes:
            return
        self._newly_due.update(self.table.due_with(panes))
        for day in days:
            self._newly_due.update(
                (area, window, day) for area in self._in_force(day) for window in DAY_WINDOWS
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
            self._newly_due.add((area, window, end))

    def newest_runs(self) -> Iterator[RowRun[P]]:
        """The newest begun rows of windows up to a day among those that changed or became due since the last call, or since `runs`,
        which gives them again.
        """
        self.apply_deltas()
        table, progress = self.table, self._progress
        due = {
            (area, window)
            for area, window, end in self._newly_due
            if window in UP_TO_A_DAY and end == progress.newest(window)
        }
        self._note_due()
        places = dict.fromkeys(table.newest_changed(progress.pane, progress.day))
        for area, window in places | dict.fromkeys(due):
            newest = progress.newest(window)
            of_time = {newest} if (area, window) in due else _NONE
            yield RowRun(area, window, of_time, table.sums(area, window, (newest,)))

    def _note_due(self) -> None:
        self._due |= self._newly_due
        self._newly_due.clear()

    def runs(self) -> Iterator[RowRun[P]]:
        """Rows that changed or became due since the last call. Take all sums of a run before the next run."""
        self.apply_deltas()
        self._note_due()
        table, progress = self.table, self._progress
        due: dict[tuple[str, WindowName], set[int]] = defaultdict(set)
        for area, window, end in self._due:
            due[area, window].add(end)
        self._due.clear()
        ends_of = table.changed(progress.pane, progress.day)
        for place, some in due.items():
            ends_of[place] = sorted(some.union(ends_of.get(place, ())), reverse=True)
        for (area, window), ends in ends_of.items():
            of_time = due.get((area, window)) or _NONE
            yield RowRun(area, window, of_time, table.sums(area, window, ends))
        if self._is_stale:
            # Not before the rows are out: days may pass between two flushes when the log is read anew.
            self._is_stale = False
            table.forget(progress.pane, progress.day)
