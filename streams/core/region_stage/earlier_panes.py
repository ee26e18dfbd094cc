"""Panes of before a take-over, whose sums are made when a row of 15m or 1h needs them: of four weeks hardly one does.

Gain: see `docs/bench/cost-profile.md`, take-over. Days are summed at once: a row of 30 days needs them all.

panes   |  earlier: summed when one beside them changes  | summed at once ...|now
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from contracts.time.windows import PANE_WINDOWS
from streams.core.region_stage.region_state import PaneOf

_REACH: Final = max(PANE_WINDOWS.values()) - 1
"""Two panes so far apart or nearer share a window."""


class EarlierPanes:
    """Which panes of which units are not summed yet."""

    def __init__(self) -> None:
        self._units: dict[int, list[str]] = defaultdict(list)

    @staticmethod
    def is_earlier(pane: int, now_pane: int) -> bool:
        """Whether no window that ends with `now_pane` or later holds the pane."""
        return pane < now_pane - _REACH

    def add(self, pane: PaneOf) -> None:
        """It is not summed."""
        self._units[pane[1]].append(pane[0])

    def beside(self, pane: int) -> list[PaneOf]:
        """The panes that share a window with this one and are not summed; from now on they are."""
        if not self._units:
            return []
        near = range(pane - _REACH, pane + _REACH + 1)
        return [(unit, one) for one in near for unit in self._units.pop(one, ())]
