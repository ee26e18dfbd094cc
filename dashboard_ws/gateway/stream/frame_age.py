"""How old the newest frames are, computed when it is asked: a value set at the last frame stands still with the stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from contracts.time.clock import real_now_ms

STALE_S: Final = 90.0
"""Each tick brings a frame, and ticks come at least every 60 s."""


class FrameAge:
    """`now_ms`: machine's time, epoch ms."""

    def __init__(self, now_ms: Callable[[], int] = real_now_ms) -> None:
        self._now_ms = now_ms
        self._appended: dict[str, int] = {}

    def note(self, region: str, append_ms: int) -> None:
        """A frame of `region` was appended then."""
        self._appended[region] = append_ms

    def seconds(self) -> float:
        """Age of the newest frame of the region that has waited longest; 0 before the first frame."""
        if not self._appended:
            return 0.0
        return max(self._now_ms() - min(self._appended.values()), 0) / 1000

    def trouble(self) -> str | None:
        """Why clients see old rows, or None."""
        if self.seconds() <= STALE_S:
            return None
        return f"no frame on topic live for {self.seconds():.0f} s: do the streams run?"
