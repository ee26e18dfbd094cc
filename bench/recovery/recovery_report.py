"""docs/bench/recovery.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

_TEXT = """\
# A killed worker, and a second one

    python -m bench.recovery

{machine}. {date}.

{parts}
"""

_RECOVERED = """\
## From `kill -9` to the first new row of every partition

{state:,} events of state, four weeks of kitchens' events on two partitions. Asked of a million: under 12 s: {verdict}.

| | unit rows of both partitions, s | the new events in the areas, s |
|---|---:|---:|
{rows}

The clock runs from the signal. It holds the time that the group takes to miss a silent worker (session time-out
6 s), the join, the reading of the state and the fold of one new event a partition; a row counts once it can be read as
committed.
"""

_SCALED = """\
## Two workers beside one

CPU of all workers per event, {events:,} events on two partitions, median of {rounds} rounds: one worker {one:.1f} µs,
two workers {two:.1f} µs: {ratio:.2f} times (asked: at most 1.1: {verdict}). Read from `/proc`, from the moment when all are ready
until the rows of every kitchen and pane equal the truth and the region has followed. It is measured with areas, alerts and the live
map.
"""


class Recovered(NamedTuple):
    """Seconds from the kill to the first row of every partition of stage one, and until the new events were in the areas."""

    title: str
    unit_s: float
    area_s: float


class Scaled(NamedTuple):
    """CPU microseconds an event with one and with two workers, medians."""

    one: float
    two: float
    events: int
    rounds: int


_ASKED_STATE: Final = 1_000_000
_ASKED_S: Final = 12.0
_ASKED_RATIO: Final = 1.1


def _verdict(recovered: Sequence[Recovered], state: int) -> str:
    if any(max(one.unit_s, one.area_s) >= _ASKED_S for one in recovered):
        return "missed"
    return "met" if state >= _ASKED_STATE else "not shown, fewer events"


def write(
    recovered: Sequence[Recovered], scaled: Scaled | None, state: int, machine: str, date: str
) -> str:
    """The page."""
    parts = []
    if recovered:
        rows = "\n".join(
            f"| {one.title} | {one.unit_s:.1f} | {one.area_s:.1f} |" for one in recovered
        )
        parts.append(_RECOVERED.format(state=state, rows=rows, verdict=_verdict(recovered, state)))
    if scaled:
        ratio = scaled.two / scaled.one
        verdict = "met" if ratio <= _ASKED_RATIO else "missed"
        parts.append(_SCALED.format(**scaled._asdict(), ratio=ratio, verdict=verdict))
    return _TEXT.format(machine=machine, date=date, parts="\n".join(parts))
