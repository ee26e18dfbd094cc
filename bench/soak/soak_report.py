"""docs/bench/soak.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

_EVERY_MS: Final = 3 * 3_600_000

_TEXT = """\
# Left alone for days

    python -m bench.soak --minutes {minutes:g}

{machine}. {date}.

`pantau up --simulate` on an empty folder, {minutes:g} minutes of {begin} to {finish} of its clock. Memory is that of all
its processes (PSS); disk is the data dir.

| its clock | memory, MB | disk, MB |
|---|---:|---:|
{rows}

Memory at its greatest: {greatest} MB (asked: under 3,000).

The four day totals of the kabupaten on the wall, once an hour, against the truth file beside the simulation. A row has all events
received up to its `as_of`, and may have some that came later: it must equal the truth of one moment between `as_of` and now.

| its clock | cooked | dispatched | received | eaten | equal to the truth |
|---|---:|---:|---:|---:|---|
{checks}
"""


class Sample(NamedTuple):
    """`now_ms`: the region's clock."""

    now_ms: int
    memory_mb: int
    disk_mb: int


class WallCheck(NamedTuple):
    """The wall's totals; `equal_ms`: the first moment, from `as_of_ms` on, whose truth they are, or None."""

    now_ms: int
    as_of_ms: int
    wall: dict[str, int]
    equal_ms: int | None

    @property
    def verdict(self) -> str:
        """In words."""
        if self.equal_ms is None:
            return "AT NO MOMENT"
        after_s = (self.equal_ms - self.as_of_ms) // 1000
        return f"as_of + {after_s} s" if after_s else "as_of"


def write(
    samples: Sequence[Sample],
    checks: Sequence[WallCheck],
    minutes: float,
    machine: str,
    date: str,
    local: Callable[[int], str],
) -> str:
    """The page."""
    listed: list[Sample] = []
    for one in samples:
        if not listed or one.now_ms >= listed[-1].now_ms + _EVERY_MS or one is samples[-1]:
            listed.append(one)
    return _TEXT.format(
        minutes=minutes,
        machine=machine,
        date=date,
        begin=local(samples[0].now_ms),
        finish=local(samples[-1].now_ms),
        rows="\n".join(f"| {local(t)} | {memory:,} | {disk:,} |" for t, memory, disk in listed),
        greatest=f"{max(one.memory_mb for one in samples):,}",
        checks="\n".join(
            f"| {local(one.now_ms)} | {' | '.join(f'{n:,}' for n in one.wall.values())} | {one.verdict} |"
            for one in checks
        ),
    )
