"""WHO Child Growth Standards 2006 in SQL: the LMS tables, and z-scores of measurements.

z = ((y / M)^L - 1) / (L * S); weight beyond 3 SD is measured in steps of the distance between 2 and 3 SD.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from audit.scratch import Scratch

_TABLES: Final = {"lfa": 1, "wfl": 10, "wfh": 10}
"""Name in the package -> steps a unit of its index (days; cm)."""
_SEXES: Final = {"m": "male", "f": "female"}


def load(scratch: Scratch) -> None:
    """Make `lms`: l, m, s by standard, sex and step (days of age, or tenths of a centimetre)."""
    scratch.run(
        "CREATE TABLE {db}.lms (standard String, sex String, step Int32, lms Tuple(Float64, Float64, Float64)) "
        "ENGINE = MergeTree ORDER BY (standard, sex, step)"
    )
    scratch.insert("lms", ("standard", "sex", "step", "lms"), _rows())


def _rows() -> Iterator[tuple[Any, ...]]:
    for standard, steps in _TABLES.items():
        data = import_module(f"pygrowup.tables.by_day.{standard}").DATA
        for sex, name in _SEXES.items():
            for index, row in data[name].items():
                lms = (float(row["l"]), float(row["m"]), float(row["s"]))
                yield standard, sex, round(index * steps), lms


def _z(value: str, lms: str) -> str:
    return f"((pow({value} / {lms}.2, {lms}.1) - 1) / ({lms}.1 * {lms}.3))"


def _at(z: int, lms: str) -> str:
    return f"({lms}.2 * pow(1 + {lms}.1 * {lms}.3 * ({z}), 1 / {lms}.1))"


def scored(select: str) -> str:
    """`select` (with sex, age_days, posture, height_cm, weight_kg) and `stunted`, `wasted`: z < -2, 0 where there is no z.

    Between two rows of a table by height l, m and s are interpolated; a height may have more than one decimal.
    """
    # 78.3 + 0.7 must meet the row of 79.0, so tenths are rounded at the sixth decimal.
    prepared = (
        "SELECT *, height_cm + multiIf(age_days < 731 AND posture = 'standing', 0.7, "
        "age_days >= 731 AND posture = 'lying', -0.7, 0) AS cm, round(cm * 10, 6) AS tenths, "
        "toInt32(floor(tenths)) AS low, tenths - low AS share, if(age_days < 731, 'wfl', 'wfh') AS standard "
        f"FROM ({select})"
    )
    between = (
        "tuple(a.lms.1 + (b.lms.1 - a.lms.1) * share, a.lms.2 + (b.lms.2 - a.lms.2) * share, "
        "a.lms.3 + (b.lms.3 - a.lms.3) * share)"
    )
    below = f"-3 + (weight_kg - {_at(-3, 'w')}) / ({_at(-2, 'w')} - {_at(-3, 'w')})"
    joined = (
        f"SELECT g.*, h.lms AS tall, h.standard != '' AS has_tall, if(share = 0, a.lms, {between}) AS w, "
        "a.standard != '' AND (share = 0 OR b.standard != '') AS has_w "
        f"FROM ({prepared}) AS g "
        "LEFT JOIN (SELECT * FROM {db}.lms WHERE standard = 'lfa') AS h ON h.sex = g.sex AND h.step = g.age_days "
        "LEFT JOIN {db}.lms AS a ON a.standard = g.standard AND a.sex = g.sex AND a.step = g.low "
        "LEFT JOIN {db}.lms AS b ON b.standard = g.standard AND b.sex = g.sex AND b.step = g.low + 1"
    )
    # A z above 3 is not below -2, whatever it is exactly: only the lower tail is restricted here. But its
    # being out of -5..5 does not matter either, so the upper tail needs no formula.
    return (
        f"SELECT *, {_z('cm', 'tall')} AS haz, {_z('weight_kg', 'w')} AS plain, if(plain < -3, {below}, plain) AS whz, "
        "has_tall AND haz < -2 AND haz >= -6 AS stunted, has_w AND whz < -2 AND whz >= -5 AS wasted "
        f"FROM ({joined})"
    )
