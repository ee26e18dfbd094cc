"""The region's clock: real time, or the demo line. The only place that asks the machine for the time of day."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from contracts.time.instant import rfc3339 as rfc3339

DEMO_FACTOR: Final = 72
"""A day of the demo clock takes 20 minutes."""


class Clock(Protocol):
    """Maps the machine's time to the region's clock. All values are epoch milliseconds (UTC)."""

    @property
    def factor(self) -> float:
        """Milliseconds of the region's clock in a millisecond of real time."""

    def now_ms(self) -> int:
        """The region's clock now."""

    def at(self, real_ms: int) -> int:
        """The region's clock when the machine's (or the broker's) showed `real_ms`."""


def real_now_ms() -> int:
    """The machine's time: for tokens, rate limits and for drawing the demo line; nothing of the region's runs on it."""
    return time.time_ns() // 1_000_000


class RealClock:
    """The region's clock is the machine's."""

    factor: float = 1.0

    def now_ms(self) -> int:
        """The machine's time."""
        return real_now_ms()

    def at(self, real_ms: int) -> int:
        """`real_ms` itself."""
        return real_ms


class Segment(msgspec.Struct, frozen=True):
    """From `real_start_ms` on the demo clock runs from `demo_start_ms` at `factor`."""

    real_start_ms: int
    demo_start_ms: int
    factor: float


class DemoClock:
    """Fixed lines, one a start of the installation, stored in its data dir.

    A time before the first line lies on the first line. Raises `ValueError` without any segment.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        if not segments:
            raise ValueError(
                "the demo clock needs at least one segment: start the installation once with `pantau up --clock demo`"
            )
        self._segments = sorted(segments, key=lambda segment: segment.real_start_ms)
        self._starts = [segment.real_start_ms for segment in self._segments]

    @property
    def factor(self) -> float:
        """Of the newest line."""
        return self._segments[-1].factor

    def now_ms(self) -> int:
        """The demo time now."""
        return self.at(real_now_ms())

    def at(self, real_ms: int) -> int:
        """The demo time on the line in force at `real_ms`."""
        index = max(bisect_right(self._starts, real_ms) - 1, 0)
        line = self._segments[index]
        return line.demo_start_ms + round((real_ms - line.real_start_ms) * line.factor)
