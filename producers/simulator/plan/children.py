"""Invented children and how they grow: near the WHO 2006 medians, with the spread of a kabupaten that measures everybody.

Enough for credible measurements, no reference: z-scores are computed elsewhere, from the standard itself.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LAST_AGE_DAYS: Final = 1826
"""Children leave the posyandu when they are five."""
_STANDS_FROM_DAYS: Final = 731
_MONTH_DAYS: Final = 30.4375

# Median and standard deviation of length or height, cm, at these months; median weight, kg, at these heights.
_MONTHS: Final = (0, 3, 6, 9, 12, 18, 24, 36, 48, 60)
_HEIGHT: Final = {
    "m": (49.9, 61.4, 67.6, 72.0, 75.7, 82.3, 87.1, 96.1, 103.3, 110.0),
    "f": (49.1, 59.8, 65.7, 70.1, 74.0, 80.7, 85.7, 95.1, 102.7, 109.4),
}
_SPREAD: Final = (1.9, 2.1, 2.2, 2.35, 2.5, 2.85, 3.15, 3.7, 4.25, 4.65)
_HEIGHTS: Final = (45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100, 105, 110, 115, 120)
_WEIGHT: Final = {
    "m": (2.4, 3.3, 4.5, 6.0, 7.3, 8.4, 9.5, 10.4, 11.5, 12.7, 13.9, 15.2, 16.5, 18.1, 19.8, 21.7),
    "f": (2.5, 3.4, 4.5, 5.9, 7.1, 8.2, 9.1, 10.1, 11.2, 12.5, 13.7, 14.9, 16.4, 18.1, 20.0, 22.2),
}
_WEIGHT_SPREAD: Final = 0.085

# About 7 in 100 below -2 in height for age, 4 in 100 in weight for height.
_HAZ: Final = (-0.87, 0.7)
_WHZ: Final = (-0.25, 0.88)

_SCHEDULE: Final[dict[int, tuple[tuple[str, int], ...]]] = {
    0: (("HB0", 1),),
    1: (("BCG", 1), ("OPV", 1)),
    2: (("DPT-HB-Hib", 1), ("OPV", 2), ("PCV", 1), ("RV", 1)),
    3: (("DPT-HB-Hib", 2), ("OPV", 3), ("PCV", 2), ("RV", 2)),
    4: (("DPT-HB-Hib", 3), ("OPV", 4), ("IPV", 1), ("RV", 3)),
    9: (("MR", 1), ("IPV", 2)),
    12: (("PCV", 3),),
    18: (("DPT-HB-Hib", 4), ("MR", 2)),
}


@dataclass(frozen=True, slots=True)
class Child:
    """One child of a clinic. `generation`: how many have grown out of its place before it."""

    generation: int
    age_days: int
    sex: str
    haz: float
    whz: float

    def measured(self, dice: random.Random) -> dict[str, object]:
        """`data` of a measurement but the pseudonym: as it is, with the error of scale and board."""
        months = self.age_days / _MONTH_DAYS
        spread = _between(_MONTHS, _SPREAD, months)
        height = _between(_MONTHS, _HEIGHT[self.sex], months) + self.haz * spread
        weight = _between(_HEIGHTS, _WEIGHT[self.sex], height) * (1 + _WEIGHT_SPREAD * self.whz)
        return {
            "sex": self.sex,
            "age_days": self.age_days,
            "weight_kg": round(weight + dice.gauss(0, 0.05), 2),
            "height_cm": round(height + dice.gauss(0, 0.2), 1),
            "posture": "standing" if self.age_days >= _STANDS_FROM_DAYS else "lying",
        }

    def due(self) -> tuple[tuple[str, int], ...]:
        """Doses (antigen, number) that the month of its life asks for."""
        return _SCHEDULE.get(int(self.age_days / _MONTH_DAYS), ())


def child_at(dice: random.Random, day: int) -> Child:
    """Who holds a place of a clinic's register on `day`; `dice`: those of the place.

    A place is never empty: when a child is five, one that was just born follows.
    """
    born = int(dice.random() * LAST_AGE_DAYS)
    generation, age = divmod(day - born, LAST_AGE_DAYS)
    for _ in range(generation % 7):
        # Whoever follows is another child.
        dice.random()
    sex = "m" if dice.random() < 0.51 else "f"
    return Child(generation, age, sex, _z(dice, _HAZ), _z(dice, _WHZ))


def _z(dice: random.Random, of: tuple[float, float]) -> float:
    return min(3.5, max(-4.0, dice.gauss(*of)))


def _between(at: Sequence[float], values: Sequence[float], x: float) -> float:
    """Straight lines between the points; the outer ones go on."""
    right = min(max(bisect_right(at, x), 1), len(at) - 1)
    share = (x - at[right - 1]) / (at[right] - at[right - 1])
    return values[right - 1] + (values[right] - values[right - 1]) * share
