"""When a partition that changed is flushed: often enough for a wall, and no more often, since each flush costs a transaction.

unit partitions  |burst            |burst            |        together, at the same moments in all workers
region                |flush            |flush                once for what a burst sent it
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from contracts.time.clock import real_now_ms


@dataclass(frozen=True, slots=True)
class FlushPace:
    """How often a partition is flushed.

    `step_s`: a partition is flushed at most once in each step of the real clock; all workers have the same steps. 0: no steps.
    `gather_s`: least seconds from the first change to the flush. `share`, `most_s`: least seconds from the last flush, as this share
    of the age of the newest record, at most `most_s`. So a partition that is behind is flushed less often: nobody waits for its
    rows, and each flush would write rows that the next one overwrites.
    """

    step_s: float = 0.0
    gather_s: float = 0.0
    share: float = 0.5
    most_s: float = 2.0

    @classmethod
    def of_units(cls, flush_ms: int) -> FlushPace:
        """Of stage one, whose bursts are `flush_ms` apart."""
        return cls(step_s=flush_ms / 1000)

    @classmethod
    def of_region(cls, flush_ms: int) -> FlushPace:
        """Of stage two: soon after a burst, and not for each partition of it."""
        return cls(step_s=flush_ms / 2000, gather_s=flush_ms / 10_000)

    def step(self, real_ms: int) -> int:
        """Number of the step in which a moment lies."""
        return int(real_ms // (self.step_s * 1000)) if self.step_s else real_ms


class FlushTimer:
    """Says when one partition is due."""

    def __init__(self, pace: FlushPace) -> None:
        self._pace = pace
        self._changed_at: float | None = None
        self._age_s = 0.0
        self._flushed_at = -math.inf
        self._flushed_step: int | None = None

    @property
    def has_changed(self) -> bool:
        """Whether there is something to flush."""
        return self._changed_at is not None

    def changed(self, written_ms: int | None) -> None:
        """Something was folded in; `written_ms`: append time of its newest record, epoch ms, real, None if it had none."""
        if self._changed_at is None:
            self._changed_at = time.monotonic()
        if written_ms is not None:
            self._age_s = (real_now_ms() - written_ms) / 1000

    def begun(self) -> None:
        """A flush of all changes so far has begun."""
        self._changed_at = None
        self._flushed_step = self._pace.step(real_now_ms())

    def ended(self) -> None:
        """It is over."""
        self._flushed_at = time.monotonic()

    def is_due(self) -> bool:
        """Whether there is something to flush, and now is the time."""
        if self._changed_at is None:
            return False
        now, pace = time.monotonic(), self._pace
        if now - self._changed_at < pace.gather_s:
            return False
        if now - self._flushed_at < min(pace.share * self._age_s, pace.most_s):
            return False
        # A clock that is set back gives another step too: nothing may wait for the old one to come again.
        return not pace.step_s or pace.step(real_now_ms()) != self._flushed_step
