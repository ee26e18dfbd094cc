"""When a partition that changed is flushed: often enough for a wall, and no more often, since each flush costs a transaction.

unit partitions  |burst            |burst            |        together, at the same moments in all workers
region                |flush            |flush                once for what a burst sent it
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlushPace:
    """How often a partition is flushed.

    `step_s`: a partition is flushed at most once in each step of the real clock; all workers have the same steps. 0: no steps.
    `gather_s`: least seconds from the first change to the flush. `share`, `most_s`: least seconds from the last flush, as this share
    of the age of the newest record, at most `most_s`. So a partition that is behind is flushed less often: nobody waits for its
    rows, and each flush would write rows that the next one overwrites.
    `rows_step_s`: rows for the tables go with at most one flush in each step of the real clock, the same for all partitions and
    workers; those that nobody waits for are written once for many flushes. 0: with each. `rows_behind_s`: by how much its steps
    begin later than those of others.
    """

    step_s: float = 0.0
    gather_s: float = 0.0
    share: float = 0.5
    most_s: float = 2.0
    rows_step_s: float = 0.0
    rows_behind_s: float = 0.0

    @classmethod
    def of_units(cls, flush_ms: int, rows_step_s: float) -> FlushPace:
        """Of stage one, whose bursts are `flush_ms` apart."""
        return cls(step_s=flush_ms / 1000, rows_step_s=rows_step_s)

    @classmethod
    def of_region(cls, flush_ms: int, rows_step_s: float) -> FlushPace:
        """Of stage two: soon after a burst, and not for each partition of it; its rows have what came with the units' rows."""
        return cls(
            step_s=flush_ms / 2000,
            gather_s=flush_ms / 10_000,
            rows_step_s=rows_step_s,
            rows_behind_s=flush_ms / 1000 + 0.1,
        )

    def step(self, real_ms: int) -> int:
        """Number of the step in which a moment lies."""
        return _step(self.step_s, real_ms)

    def rows_step(self, real_ms: int) -> int:
        """Number of the step of rows in which a moment lies."""
        return _step(self.rows_step_s, real_ms - round(self.rows_behind_s * 1000))


def _step(length_s: float, real_ms: int) -> int:
    return int(real_ms // (length_s * 1000)) if length_s else real_ms
