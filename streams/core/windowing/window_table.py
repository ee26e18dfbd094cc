"""The window table of one level: sums by area over panes and over local days.

panes   ... |p-2|p-1| p |p+1| ...       a 15m row ends after p: it covers p-2 .. p and is due when p begins
days    ... |d-1| d | ...               a 7d row ends with day d: it covers d-6 .. d and is due when d begins
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

from contracts.time.days import DAY_MS, Zone
from contracts.time.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName
from streams.core.metrics.pane_sum import PaneSum
from streams.core.windowing.timeline import Ends, Timeline

P = TypeVar("P", bound=PaneSum)

DAY_REACH: Final = 61
"""Days that stay reachable: an event 30 days old changes the 30-day row that ends 30 days before it is out of reach, and a day of slack."""

PANE_REACH: Final = 32 * DAY_MS // PANE_MS
"""Panes that stay reachable: an event may be 30 days old, its 1h rows reach an hour further."""

_LONGEST_PANE_WINDOW: Final = max(PANE_WINDOWS.values())
_STORED_PANES: Final = 3
"""Most events arrive within ten minutes: the rows of 15m and 1h that they change are the newest ones."""


RowKey = tuple[str, WindowName, int]
"""(area, window, end). `end`: for 15m and 1h the pane after the last one, for 1d, 7d and 30d the last day."""


class WindowTable(Generic[P]):
    """Sums of the areas of one level in one region; `new` makes an empty sum."""

    def __init__(self, new: Callable[[], P]) -> None:
        self._new = new
        self._panes = Timeline(new, PANE_WINDOWS, 0, _STORED_PANES)
        self._days = Timeline(new, DAY_WINDOWS, 1, 1)
        self._areas_at: dict[int, set[str]] = defaultdict(set)
        # What is still to be added to panes: many events fall in one, and it is added once.
        self._deltas: dict[tuple[str, int], P] = {}

    def delta(self, area: str, pane: int) -> P:
        """What the next `apply_deltas` adds to an area's pane, to be added to; asking alone makes the pane's rows exist."""
        delta = self._deltas.get((area, pane))
        if delta is None:
            delta = self._deltas[area, pane] = self._new()
        return delta

    def apply_deltas(self, zone: Zone) -> list[tuple[str, int]]:
        """Adds all deltas; returns the (area, pane) that they were for."""
        changed = list(self._deltas)
        for (area, pane), delta in self._deltas.items():
            self.apply(area, pane, zone.day_and_offset(pane * PANE_MS)[0], delta)
        self._deltas.clear()
        return changed

    def apply(self, area: str, pane: int, day: int, delta: P) -> None:
        """Adds `delta` to the pane and to its day; an empty one still makes the rows exist. The caller gives `delta` up."""
        self._days.add(area, day, delta, False)
        self._panes.add(area, pane, delta, True)
        self._areas_at[pane].add(area)

    def restore(self, area: str, day: int, sums: Mapping[int, P]) -> None:
        """Adds sums of panes of one local day, before any row was asked for; they are no change. The caller gives them up."""
        if not sums:
            return
        of_day = self._new()
        for pane, total in sums.items():
            of_day.add(total)
            self._panes.restore(area, pane, total)
            self._areas_at[pane].add(area)
        self._days.restore(area, day, of_day)

    def restore_day(self, area: str, day: int, share: P) -> None:
        """Adds `share` to a day, but to none of its panes, before any row that holds it was asked for; it is no change."""
        self._days.restored(area, day).add(share)

    def restore_pane(self, area: str, pane: int, share: P) -> None:
        """Adds `share` to a pane, but not to its day, before any row that holds it was asked for; it is no change."""
        self._panes.restored(area, pane).add(share)
        self._areas_at[pane].add(area)

    def pane(self, area: str, pane: int) -> P | None:
        """The sum of the area's pane, or None if nothing ever fell in it."""
        return self._panes.at(area, pane)

    def holds(self, area: str, panes: range) -> bool:
        """Whether anything ever fell in one of the panes."""
        return any(area in self._areas_at.get(pane, ()) for pane in panes)

    def sums(self, area: str, window: WindowName, ends: Iterable[int]) -> Iterator[tuple[int, P]]:
        """See `Timeline.sums`."""
        timeline = self._panes if window in PANE_WINDOWS else self._days
        return timeline.sums(area, window, ends)

    def changed(self, now_pane: int, today: int) -> Ends:
        """Rows that are due (`now_pane` and `today` have begun) and whose window was touched since the last call."""
        return self._panes.changed(now_pane + 1) | self._days.changed(today + 1)

    def newest_changed(self, now_pane: int, today: int) -> Iterator[tuple[str, WindowName]]:
        """Areas and windows up to a day whose newest begun row was touched since the last call, or since `changed`."""
        yield from self._panes.newest_changed(now_pane + 1)
        yield from self._days.newest_changed(today + 1)

    def settle(self) -> None:
        """Nothing that was touched so far is a change."""
        self._panes.settle()
        self._days.settle()

    def due_with(self, panes: range) -> Iterator[RowKey]:
        """Rows of 15m and 1h that become due when `panes` begin: their window holds a pane that something fell in."""
        for pane, areas in self._areas_at.items():
            for window, length in PANE_WINDOWS.items():
                first = max(pane, panes[0])
                for last in range(first, min(pane + length - 1, panes[-1]) + 1):
                    for area in areas:
                        yield (area, window, last + 1)

    def forget(self, now_pane: int, today: int) -> None:
        """Drops what no event can reach any more, and the stored sums of windows that ended some panes ago, or before today."""
        for pane in [pane for pane in self._areas_at if pane < now_pane - _LONGEST_PANE_WINDOW]:
            del self._areas_at[pane]
        self._panes.forget(now_pane - PANE_REACH, now_pane - _STORED_PANES + 1)
        self._days.forget(today - DAY_REACH, today + 1)
