"""The areas of one region: recipients, kecamatan and the kabupaten, summed from the contributions of its units."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from contracts.registry.entities import Registry
from contracts.time.windows import PANE_MS, WINDOWS
from streams.core.region_feed import Contribution
from streams.core.region_stage.area_views import AREA_VIEWS
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import FlushStamp, ViewRow
from streams.core.windowing.shown_lines import ShownLines, WrittenRow


class Areas:
    """All views of the areas of one region."""

    def __init__(self, region: str, registry: Registry) -> None:
        self.region = region
        self.progress = Progress(registry.zone(region))
        self._shown = ShownLines()
        self._views = [view(region, self.progress, registry) for view in AREA_VIEWS]

    def use(self, registry: Registry) -> None:
        """Takes a registry with more rows."""
        for view in self._views:
            view.use(registry)

    def replace(self, old: Contribution | None, new: Contribution) -> None:
        """Puts `new` in the place of `old`, which the same pane of the same unit had before."""
        for view in self._views:
            view.replace(old, new)

    def restore_day(self, contribution: Contribution) -> None:
        """Adds what state holds to the sums of its local day alone; it is no change."""
        day = self.progress.zone.local_day(contribution.pane * PANE_MS)
        for view in self._views:
            view.restore_day(day, contribution)

    def restore_pane(self, contribution: Contribution) -> None:
        """Adds what state holds to the sums of its pane alone; it is no change."""
        for view in self._views:
            view.restore_pane(contribution)

    def restored(self) -> None:
        """All days were restored."""
        for view in self._views:
            view.restored()

    def advance(self, time_ms: int) -> None:
        """Time passes: notes the rows that become due."""
        panes, days = self.progress.advance(time_ms)
        for view in self._views:
            for schedule in view.schedules:
                schedule.advance(panes, days)

    def rows(self, stamp: FlushStamp) -> Iterator[WrittenRow]:
        """See `RowSchedule.runs`."""
        rows = chain.from_iterable(view.rows(stamp) for view in self._views)
        return self._shown.written(rows, self.progress.newest_ends_ms())

    def newest_rows(self, stamp: FlushStamp) -> Iterator[ViewRow]:
        """See `RowSchedule.newest_runs`."""
        return self._shown.sent(
            chain.from_iterable(view.newest_rows(stamp) for view in self._views)
        )

    def write_again(self, row_key: str) -> None:
        """Makes the row of a key of the live map due: the record that was there could not be read.

        Keys of units, and those that are none, change nothing: stage one sends a unit's row again when it changes.
        """
        name, _, place = row_key.partition("/")
        level, _, place = place.partition("/")
        area, _, last = place.partition("/")
        for window in WINDOWS:
            if last.rpartition("/")[2] == window:
                for view in self._views:
                    if view.view == name:
                        view.write_again(level, area, window)
