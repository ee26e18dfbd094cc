"""How far the clock of one region has advanced, and which panes and days that makes due."""

from __future__ import annotations

from contracts.time.days import Zone
from contracts.time.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName, pane_of


class Progress:
    """The pane and the local day that have begun; -1 before any time is known."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.pane = -1
        self.day = -1

    def resume(self, time_ms: int) -> None:
        """Starts where a former owner stood: what was due then has been sent."""
        self.pane = pane_of(time_ms)
        self.day = self.zone.local_day(time_ms)

    def advance(self, time_ms: int) -> tuple[range, range]:
        """Moves to `time_ms`; returns the panes and the days that began since. At the first call only the current ones have."""
        pane = pane_of(time_ms)
        if pane <= self.pane:
            return range(0), range(0)
        day = self.zone.local_day(time_ms)
        if self.pane < 0:
            self.pane, self.day = pane, day
            return range(pane, pane + 1), range(day, day + 1)
        panes, days = range(self.pane + 1, pane + 1), range(self.day + 1, day + 1)
        self.pane, self.day = pane, max(day, self.day)
        return panes, days

    def newest(self, window: WindowName) -> int:
        """The `end` of the newest begun window."""
        return self.pane + 1 if window in PANE_WINDOWS else self.day

    def newest_ends_ms(self) -> dict[str, int]:
        """window_end of the newest begun window of each kind, epoch ms."""
        ends_ms: dict[str, int] = dict.fromkeys(PANE_WINDOWS, (self.pane + 1) * PANE_MS)
        return ends_ms | dict.fromkeys(DAY_WINDOWS, self.zone.day_start_ms(self.day + 1))
