"""The prospective space-time permutation scan (Kulldorff et al. 2005, PLoS Medicine 2(3) e59) over kecamatan and days.

Zones are a kecamatan and its nearest ones, up to half of all cases; a cylinder is a zone in the last 1 to 7 days. Expected
of it, given the totals of each kecamatan and each day: (cases of the zone) x (cases of the days) / (all cases).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Final

LONGEST: Final = 7
STUDY_DAYS: Final = 30


def ratio(observed: float, expected: float, total: float) -> float:
    """Logarithm of the generalised likelihood ratio of a cylinder; 0 where no more is seen than expected."""
    if observed <= expected or expected <= 0:
        return 0.0
    value = observed * log(observed / expected)
    if observed < total:
        value += (total - observed) * log((total - observed) / (total - expected))
    return value


def zones(near: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Each kecamatan with its nearest 0, 1, 2 ... up to half of them, once each."""
    found = {
        tuple(sorted(order[: size + 1])) for order in near for size in range(max(1, len(near) // 2))
    }
    return sorted(found)


def scan(days: Sequence[Sequence[int]], over: Sequence[tuple[int, ...]]) -> float:
    """The greatest ratio. `days`: of each day, oldest first, the cases of each kecamatan; the last is today."""
    total = sum(map(sum, days))
    places = [sum(day[place] for day in days) for place in range(len(days[0]))]
    best = 0.0
    lasting = [0] * len(places)
    for back in range(1, min(LONGEST, len(days)) + 1):
        lasting = [seen + new for seen, new in zip(lasting, days[-back], strict=True)]
        of_days = sum(lasting)
        for zone in over:
            observed = sum(lasting[place] for place in zone)
            expected = sum(places[place] for place in zone) * of_days / total if total else 0.0
            best = max(best, ratio(observed, expected, total))
    return best
