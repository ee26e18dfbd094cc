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

from contracts.days import Zone
from contracts.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName
from streams.core.parts import Part

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


class WindowTable(Generic[P]):
    """Parts of the areas of one level; `new` makes an empty part."""

    def __init__(self, new: Callable[[], P]) -> None:
        self._new = new
        self._panes: dict[str, dict[int, P]] = defaultdict(dict)
        self._days: dict[str, dict[int, P]] = defaultdict(dict)
        # Sums of an area's newest windows (end, sum), kept up to date instead of added up at each flush.
        self._newest: dict[str, dict[WindowName, tuple[int, P]]] = defaultdict(dict)
        self._touched_panes: dict[str, set[int]] = defaultdict(set)
        self._touched_days: dict[str, set[int]] = defaultdict(set)
        self._areas_at: dict[int, set[str]] = defaultdict(set)
        # What is still to be added to panes: many events fall in one, and it is added once.
        self._deltas: dict[tuple[str, int], P] = {}
        # The sum that `window` made last, to slide from; None once anything has changed since.
        self._last: tuple[RowKey, P] | None = None

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
            self.apply(area, pane, zone.local_day(pane * PANE_MS), delta)
        self._deltas.clear()
        return changed

    def apply(self, area: str, pane: int, day: int, delta: P) -> None:
        """Adds `delta` to the pane, to its day and to the kept sums; an empty delta still makes the rows exist.

        The delta is the table's from now on: of a pane that held nothing it becomes what the pane holds.
        """
        self._last = None
        self._part(self._days[area], day).add(delta)
        for window, (end, total) in self._newest[area].items():
            first_end = pane + 1 if window in PANE_WINDOWS else day
            if first_end <= end < first_end + _LENGTHS[window]:
                total.add(delta)
        held = self._panes[area].setdefault(pane, delta)
        if held is not delta:
            held.add(delta)
        self._touched_panes[area].add(pane)
        self._touched_days[area].add(day)
        self._areas_at[pane].add(area)

    def _part(self, parts: dict[int, P], index: int) -> P:
        part = parts.get(index)
        if part is None:
            part = parts[index] = self._new()
        return part

    def pane(self, area: str, pane: int) -> P | None:
        """What the area's pane holds, or None if nothing ever fell in it."""
        return self._panes[area].get(pane)

    def window(self, key: RowKey) -> P:
        """The sum over a row's window. The result is the table's own: read it before the next is asked for, do not change it."""
        area, window, end = key
        kept = self._newest[area].get(window)
        if kept is not None and kept[0] == end:
            total = kept[1]
        else:
            parts = (self._panes if window in PANE_WINDOWS else self._days)[area]
            total = self._slid(key, parts) or self._sum(parts, _held(window, end))
            if kept is None or kept[0] < end:
                self._newest[area][window] = (end, total)
        self._last = (key, total)
        return total

    def _slid(self, key: RowKey, parts: dict[int, P]) -> P | None:
        """The sum made from the one of a window that ends a little later, if that was the last one asked for."""
        if self._last is None:
            return None
        (area, window, later), total = self._last
        step, length = later - key.end, _LENGTHS[window]
        if (area, window) != key[:2] or not (total.invertible and 0 < step < length // 2):
            return None
        if self._newest[area].get(window, (0,))[0] == later:
            total, kept = self._new(), total
            total.add(kept)
        stop = _held(window, later).stop
        for index in range(stop - step, stop):
            if (part := parts.get(index)) is not None:
                total.add(part, -1)
        for index in range(stop - length - step, stop - length):
            if (part := parts.get(index)) is not None:
                total.add(part)
        return total

    def _sum(self, parts: dict[int, P], indexes: Iterable[int]) -> P:
        total = self._new()
        for index in indexes:
            part = parts.get(index)
            if part is not None:
                total.add(part)
        return total

    def changed(self, now_pane: int, today: int) -> list[RowKey]:
        """Rows that are due (`now_pane` and `today` have begun) and whose window was touched since the last call.

        Those of one area and window stand side by side, the newest first: so their sums slide.
        """
        rows: list[RowKey] = []
        for area, panes in self._touched_panes.items():
            for window, length in PANE_WINDOWS.items():
                ends = _ends({pane + 1 for pane in panes}, length, now_pane + 1)
                rows += [RowKey(area, window, end) for end in sorted(ends, reverse=True)]
        for area, days in self._touched_days.items():
            for window, length in DAY_WINDOWS.items():
                ends = _ends(days, length, today)
                rows += [RowKey(area, window, end) for end in sorted(ends, reverse=True)]
        self.settle()
        return rows

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
        self._last = None
        for pane in [pane for pane in self._areas_at if pane < now_pane - _LONGEST_PANE_WINDOW]:
            del self._areas_at[pane]
        _drop_below(self._panes, now_pane - PANE_REACH)
        _drop_below(self._days, today - DAY_REACH)
        for area in list(self._newest):
            kept = self._newest[area]
            for window, (end, _) in list(kept.items()):
                if end < (now_pane if window in PANE_WINDOWS else today):
                    del kept[window]
            if not kept:
                del self._newest[area]


def _held(window: WindowName, end: int) -> range:
    """The panes (15m, 1h) or days (1d, 7d, 30d) that a row holds; `end` as in `RowKey`."""
    if window in PANE_WINDOWS:
        return range(end - PANE_WINDOWS[window], end)
    return range(end - DAY_WINDOWS[window] + 1, end + 1)


def _ends(firsts: set[int], length: int, last: int) -> set[int]:
    """Of each first end and the `length - 1` after it those up to `last`."""
    ends: set[int] = set()
    for first in firsts:
        ends.update(range(first, min(first + length - 1, last) + 1))
    return ends


def _drop_below(parts: dict[str, dict[int, P]], least: int) -> None:
    for area in list(parts):
        kept = parts[area]
        for index in [index for index in kept if index < least]:
            del kept[index]
        if not kept:
            del parts[area]
