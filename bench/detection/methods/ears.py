"""EARS C1, C2 and C3 as R's `surveillance::earsC` computes them (Salmon, Schumacher and Hoehle 2016, JSS 70(10)).

x_t against mean and standard deviation of the `BASELINE` days that end the day before (C1) or three days before (C2);
C3 sums max(0, C2 - 1) over three days. `minimum`: least standard deviation, `minSigma` there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

BASELINE: Final = 7
_LAG: Final = 2
NEEDED: Final = BASELINE + 2 * _LAG
"""Days before the one that is tested."""


def _mean_and_deviation(counts: Sequence[int]) -> tuple[float, float]:
    mean = sum(counts) / len(counts)
    return mean, sqrt(sum((x - mean) ** 2 for x in counts) / (len(counts) - 1))


def upper_bound(counts: Sequence[int], at: int, z: float, lag: int = 0) -> float:
    """The greatest count that is no alarm: `upperbound` of C1 (lag 0) or C2 (lag 2)."""
    mean, deviation = _mean_and_deviation(counts[at - lag - BASELINE : at - lag])
    return mean + z * deviation


def c1(counts: Sequence[int], at: int, minimum: float) -> float:
    """C1 of day `at`."""
    mean, deviation = _mean_and_deviation(counts[at - BASELINE : at])
    return (counts[at] - mean) / max(deviation, minimum)


def c2(counts: Sequence[int], at: int, minimum: float) -> float:
    """C2 of day `at`."""
    mean, deviation = _mean_and_deviation(counts[at - _LAG - BASELINE : at - _LAG])
    return (counts[at] - mean) / max(deviation, minimum)


def c3(counts: Sequence[int], at: int, minimum: float) -> float:
    """C3 of day `at`. `earsC` compares x with a bound that holds only the days before; the alarms are the same."""
    before = sum(max(0.0, c2(counts, at - back, minimum) - 1) for back in (1, 2))
    return before + c2(counts, at, minimum)
