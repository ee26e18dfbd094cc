"""When one partition is due to be flushed, by a `FlushPace`."""

from __future__ import annotations

import math
import time

from contracts.time.clock import real_now_ms
from streams.agents.flush_pace import FlushPace


class FlushTimer:
    """Of one partition."""

    def __init__(self, pace: FlushPace) -> None:
        self._pace = pace
        self._changed_at: float | None = None
        self._age_s = 0.0
        self._flushed_at = -math.inf
        self._flushed_step: int | None = None
        self._rows_wait = False
        self._rows_step: int | None = None

    @property
    def has_changed(self) -> bool:
        """Whether there is something to flush besides rows of former flushes."""
        return self._changed_at is not None

    def rows_in_s(self) -> float:
        """Seconds until rows of former flushes are due; infinite if none wait."""
        if not self._rows_wait:
            return math.inf
        now_ms, pace = real_now_ms(), self._pace
        step = pace.rows_step(now_ms)
        if not pace.rows_step_s or step != self._rows_step:
            return 0.0
        return (step + 1) * pace.rows_step_s + pace.rows_behind_s - now_ms / 1000

    def rows_wait(self) -> None:
        """Rows of flushes before this timer are still to be written."""
        self._rows_wait = True

    def changed(self, written_ms: int | None) -> None:
        """Something was folded in; `written_ms`: append time of its newest record, epoch ms, real, None if it had none."""
        self._rows_wait = True
        if self._changed_at is None:
            self._changed_at = time.monotonic()
        if written_ms is not None:
            self._age_s = (real_now_ms() - written_ms) / 1000

    def begun(self) -> bool:
        """A flush of all changes so far has begun; whether rows for the tables go with it."""
        now_ms, with_rows = real_now_ms(), self.rows_in_s() <= 0
        self._changed_at = None
        self._flushed_step = self._pace.step(now_ms)
        if with_rows:
            self._rows_wait = False
            self._rows_step = self._pace.rows_step(now_ms)
        return with_rows

    def ended(self) -> None:
        """It is over."""
        self._flushed_at = time.monotonic()

    def is_due(self) -> bool:
        """Whether there is something to flush, and now is the time."""
        now, pace = time.monotonic(), self._pace
        if self._changed_at is None:
            if self.rows_in_s() > 0:
                return False
        elif now - self._changed_at < pace.gather_s:
            return False
        if now - self._flushed_at < min(pace.share * self._age_s, pace.most_s):
            return False
        # A clock that is set back gives another step too: nothing may wait for the old one to come again.
        return not pace.step_s or pace.step(real_now_ms()) != self._flushed_step
