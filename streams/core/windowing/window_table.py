"""Sliding windows over panes and local days, for any kind of part and any kind of area.

One table holds the areas of one level in one region. It knows which rows changed since they were last
asked for and which rows time makes due:

    panes   ... |p-2|p-1| p |p+1| ...       a 15m row ends after p+1: it covers p-1, p, p+1 and is due when p+1 begins
    days    ... |d-1| d | ...               a 7d row ends with day d: it covers d-6 .. d and is due when d begins
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from contracts.time.days import Zone
from contracts.time.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName
from streams.core.metrics.parts import Part

P = TypeVar("P", bound=Part)

DAY_REACH: Final = 61
"""Days that stay reachable: an event 30 days old changes the 30-day row that ends 30 days before it is out of reach, and a day of slack."""

PANE_REACH: Final = 32 * 86_400_000 // PANE_MS
"""Panes that stay reachable: an event may be 30 days old, its 1h rows reach an hour further."""

_LONGEST_PANE_WINDOW: Final = max(PANE_WINDOWS.values())


_LENGTHS: Final[dict[WindowName, int]] = {**PANE_WINDOWS, **DAY_WINDOWS}


class RowKey(NamedTuple):
    """`end`: for 15m and 1h the pane after the last one, for 1d, 7d and 30d the last day."""

    area: str
    window: WindowName
    end: int


Runs = dict[tuple[str, WindowName], list[int]]
"""(area, window) -> ends of rows, the newest first: so their sums slide."""


class _Newest(NamedTuple, Generic[P]):
    """The sum of an area's newest window that was asked for: `first` and `stop` bound the panes (or days) that it holds."""

    first: int
    stop: int
    total: P


class WindowTable(Generic[P]):
    """Parts of the areas of one level; `new` makes an empty part."""

    def __init__(self, new: Callable[[], P]) -> None:
        self._new = new
        self._panes: dict[str, dict[int, P]] = defaultdict(dict)
        self._days: dict[str, dict[int, P]] = defaultdict(dict)
        # Kept up to date instead of added up at each flush; by area and window, those over panes and those over days.
        self._newest_of_panes: dict[str, dict[WindowName, _Newest[P]]] = defaultdict(dict)
        self._newest_of_days: dict[str, dict[WindowName, _Newest[P]]] = defaultdict(dict)
        self._touched_panes: dict[str, set[int]] = defaultdict(set)
        self._touched_days: dict[str, set[int]] = defaultdict(set)
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
        """Adds `delta` to the pane, to its day and to the kept sums; an empty delta still makes the rows exist.

        The delta is the table's from now on: of a pane that held nothing it becomes what the pane holds.
        """
        days = self._days[area]
        of_day = days.get(day)
        if of_day is None:
            of_day = days[day] = self._new()
        of_day.add(delta)
        for first, stop, total in self._newest_of_panes[area].values():
            if first <= pane < stop:
                total.add(delta)
        for first, stop, total in self._newest_of_days[area].values():
            if first <= day < stop:
                total.add(delta)
        held = self._panes[area].setdefault(pane, delta)
        if held is not delta:
            held.add(delta)
        self._touched_panes[area].add(pane)
        self._touched_days[area].add(day)
        self._areas_at[pane].add(area)

    def pane(self, area: str, pane: int) -> P | None:
        """What the area's pane holds, or None if nothing ever fell in it."""
        return self._panes[area].get(pane)

    def sums(self, area: str, window: WindowName, ends: Iterable[int]) -> Iterator[tuple[int, P]]:
        """(end, sum over the window) of each of `ends`. Of ends that stand newest first, a sum is made from the one before it.

        A sum is the table's own: read it before the next is asked for, do not change it.
        """
        if window in PANE_WINDOWS:
            parts, newest, shift = self._panes[area], self._newest_of_panes[area], 0
        else:
            parts, newest, shift = self._days[area], self._newest_of_days[area], 1
        length = _LENGTHS[window]
        total, later, is_kept = self._new(), 0, True
        for end in ends:
            stop = end + shift
            if total.invertible and 0 < later - stop < length // 2:
                if is_kept:
                    total, kept, is_kept = self._new(), total, False
                    total.add(kept)
                for index in range(stop, later):
                    if (gone := parts.get(index)) is not None:
                        total.add(gone, -1)
                    if (come := parts.get(index - length)) is not None:
                        total.add(come)
            else:
                total, is_kept = self._sum(parts, newest, window, stop)
            later = stop
            yield end, total

    def _sum(
        self,
        parts: dict[int, P],
        newest: dict[WindowName, _Newest[P]],
        window: WindowName,
        stop: int,
    ) -> tuple[P, bool]:
        """The sum of the parts before `stop`, and whether it is kept as the newest."""
        kept = newest.get(window)
        if kept is not None and kept.stop == stop:
            return kept.total, True
        total, first = self._new(), stop - _LENGTHS[window]
        for index in range(first, stop):
            if (part := parts.get(index)) is not None:
                total.add(part)
        if kept is None or kept.stop < stop:
            newest[window] = _Newest(first, stop, total)
            return total, True
        return total, False

    def changed(self, now_pane: int, today: int) -> Runs:
        """Rows that are due (`now_pane` and `today` have begun) and whose window was touched since the last call."""
        runs: Runs = {}
        for area, panes in self._touched_panes.items():
            for window, length in PANE_WINDOWS.items():
                runs[area, window] = _ends({pane + 1 for pane in panes}, length, now_pane + 1)
        for area, days in self._touched_days.items():
            for window, length in DAY_WINDOWS.items():
                runs[area, window] = _ends(days, length, today)
        self.settle()
        return runs

    def settle(self) -> None:
        """Nothing that was touched so far is a change."""
        self._touched_panes.clear()
        self._touched_days.clear()

    def due_with(self, panes: range) -> Iterator[RowKey]:
        """Rows of 15m and 1h that become due when `panes` begin: their window holds a pane that something fell in."""
        if not panes:
            return
        for pane, areas in self._areas_at.items():
            for window, length in PANE_WINDOWS.items():
                first = max(pane, panes[0])
                for last in range(first, min(pane + length - 1, panes[-1]) + 1):
                    for area in areas:
                        yield RowKey(area, window, last + 1)

    def forget(self, now_pane: int, today: int) -> None:
        """Drops what no event can reach any more, and the sums of windows that ended before today."""
        for pane in [pane for pane in self._areas_at if pane < now_pane - _LONGEST_PANE_WINDOW]:
            del self._areas_at[pane]
        _drop_below(self._panes, now_pane - PANE_REACH)
        _drop_below(self._days, today - DAY_REACH)
        _drop_ended(self._newest_of_panes, now_pane)
        _drop_ended(self._newest_of_days, today + 1)


def merged(changed: Runs, due: Iterable[RowKey]) -> Runs:
    """`changed` with the rows that are `due` besides."""
    ends: dict[tuple[str, WindowName], set[int]] = defaultdict(set)
    for area, window, end in due:
        ends[area, window].add(end)
    for place, some in ends.items():
        changed[place] = sorted(some.union(changed.get(place, ())), reverse=True)
    return changed


def _ends(firsts: set[int], length: int, last: int) -> list[int]:
    """Of each first end and the `length - 1` after it those up to `last`, the greatest first."""
    ends: set[int] = set()
    for first in firsts:
        ends.update(range(first, min(first + length - 1, last) + 1))
    return sorted(ends, reverse=True)


def _drop_below(parts: dict[str, dict[int, P]], least: int) -> None:
    for area in list(parts):
        kept = parts[area]
        for index in [index for index in kept if index < least]:
            del kept[index]
        if not kept:
            del parts[area]


def _drop_ended(newest: dict[str, dict[WindowName, _Newest[P]]], least_stop: int) -> None:
    for area in list(newest):
        kept = newest[area]
        for window in [window for window, sum_ in kept.items() if sum_.stop < least_stop]:
            del kept[window]
        if not kept:
            del newest[area]
