"""WHO Child Growth Standards 2006: the LMS tables, for the z-scores of `sql/windows/40_accepted.sql`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from audit.scratch import Scratch

_TABLES: Final = {"lfa": 1, "wfl": 10, "wfh": 10}
"""Name in the package -> steps a unit of its index (days; cm)."""
_SEXES: Final = {"m": "male", "f": "female"}


def load(scratch: Scratch) -> None:
    """Fill `growth_standards`."""
    scratch.insert("growth_standards", ("standard", "sex", "step", "l", "m", "s"), _rows())


def _rows() -> Iterator[tuple[Any, ...]]:
    for standard, steps in _TABLES.items():
        data = import_module(f"pygrowup.tables.by_day.{standard}").DATA
        for sex, name in _SEXES.items():
            for index, row in data[name].items():
                lms = (float(row[part]) for part in "lms")
                yield standard, sex, round(index * steps), *lms
