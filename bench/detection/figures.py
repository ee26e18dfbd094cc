"""What is worked out of outcomes: shares with intervals, hours, who saw what first."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Final, NamedTuple

from bench.detection.methods.comparators import OURS
from bench.detection.trial import Outcome

_Z: Final = 1.96
_RESAMPLES: Final = 400


class SeenShare(NamedTuple):
    """`seen` of `all`, with Wilson's 95 % interval."""

    seen: int
    all: int

    @property
    def value(self) -> float:
        """0 where there is nothing."""
        return self.seen / self.all if self.all else 0.0

    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        if not self.all:
            return 0.0, 1.0
        n, p = self.all, self.value
        middle = (p + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
        half = _Z * sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


def hours_of(outcomes: Sequence[Outcome], method: str) -> list[float | None]:
    """Hours to the signal, None: missed. `method` may be ours with a level: `Pantau 2`."""
    if method.startswith(f"{OURS} "):
        return [one.levels[int(method[-1]) - 1] for one in outcomes]
    return [one.hours[method] for one in outcomes]


def share(hours: Sequence[float | None]) -> SeenShare:
    """Of outbreaks that were seen."""
    return SeenShare(sum(one is not None for one in hours), len(hours))


def quantile(hours: Sequence[float | None], q: float) -> float | None:
    """Of all outbreaks, the missed ones as later than any; None: that one was missed."""
    ordered = sorted(hours, key=lambda one: float("inf") if one is None else one)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else None


def median_interval(hours: Sequence[float | None], q: float) -> tuple[float | None, float | None]:
    """95 % interval of `quantile` by resampling."""
    dice = Random(0)
    found = sorted(
        (quantile(dice.choices(hours, k=len(hours)), q) for _ in range(_RESAMPLES)),
        key=lambda one: float("inf") if one is None else one,
    )
    return found[int(0.025 * _RESAMPLES)], found[int(0.975 * _RESAMPLES) - 1]


class Duel(NamedTuple):
    """Ours and another method on the same outbreaks; within half an hour is equal."""

    earlier: int
    equal: int
    later: int
    only_ours: int
    only_other: int


def duel(ours: Sequence[float | None], other: Sequence[float | None]) -> Duel:
    """Who saw which outbreak first."""
    counts = [0, 0, 0, 0, 0]
    for one, another in zip(ours, other, strict=True):
        if one is None or another is None:
            if one is not another:
                counts[3 if another is None else 4] += 1
        elif abs(one - another) <= 0.5:
            counts[1] += 1
        else:
            counts[0 if one < another else 2] += 1
    return Duel(*counts)
