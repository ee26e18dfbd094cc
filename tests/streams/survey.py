"""Children whose z-scores WHO's reference software has computed."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pygrowup


@dataclass(frozen=True)
class Measured:
    """One row of the survey that comes with WHO's software: z-scores rounded to 0.01, None where it gives none."""

    sex: str
    age_days: int
    weight_kg: float
    height_cm: float
    posture: str
    haz: float | None
    whz: float | None


@cache
def survey() -> tuple[Measured, ...]:
    path = Path(pygrowup.__file__).parent / "test_datasets" / "MySurvey_z_st.csv"
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_plain(row)]
    return tuple(
        Measured(
            {"1": "m", "2": "f"}[row["GENDER"]],
            int(row["age.days"]),
            float(row["WEIGHT"]),
            float(row["HEIGHT"]),
            {"l": "lying", "h": "standing"}[row["measure"].lower()],
            _z(row["zlen"], row["flen"]),
            _z(row["zwfl"], row["fwfl"]),
        )
        for row in rows
    )


def _is_plain(row: dict[str, str]) -> bool:
    return (
        row["age.days"].isdigit()
        and int(row["age.days"]) <= 1856
        and bool(row["WEIGHT"] and row["HEIGHT"])
        and row["measure"].lower() in ("l", "h")
        and row["oedema"].lower() != "y"
    )


def _z(text: str, flag: str) -> float | None:
    return None if text in ("", "NA") or flag == "1" else float(text)


@cache
def children() -> tuple[Measured, ...]:
    """Some of each sort, none whose z-score lies at the cut-off."""
    sure = [
        one
        for one in survey()
        if all(z is None or abs(z + 2) > 0.02 for z in (one.haz, one.whz))
        and 0.3 <= one.weight_kg <= 60
        and 30 <= one.height_cm <= 150
    ]
    by_sort: dict[tuple[bool, bool], list[Measured]] = {}
    for one in sure:
        by_sort.setdefault(below(one), []).append(one)
    return tuple(one for same in by_sort.values() for one in same[:12])


def below(one: Measured) -> tuple[bool, bool]:
    """(stunted, wasted)"""
    return (one.haz is not None and one.haz < -2, one.whz is not None and one.whz < -2)


def zscores() -> dict[tuple[float, float], tuple[bool, bool]]:
    found = {(one.weight_kg, one.height_cm): below(one) for one in children()}
    assert len(found) == len(children())
    return found
