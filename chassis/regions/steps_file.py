"""Reads a region's steps.csv: what to do next about an alert, by its kind, in the region's own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from chassis.regions.region_csv import Cells, Faults, RegionError, read_table
from contracts.people import ALERT_KINDS

STEPS_FILE: Final = "steps.csv"
STEP_COLUMNS: Final = ("kind", "step_id", "text")
_MOST_OF_A_KIND: Final = 20
_LONGEST_TEXT: Final = 200
_STEP_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class NextStep(msgspec.Struct, frozen=True):
    """One line. `step_id`: what was done is stored by it, so it stays when the text changes."""

    step_id: str
    text: str


StepsByKind = Mapping[str, tuple[NextStep, ...]]
"""Kind of alert -> its steps, in the order of the file."""


def read_steps(folder: Path, faults: Faults) -> StepsByKind:
    """The steps of the region in `folder`; none without the file, which older folders do not have."""
    path = folder / STEPS_FILE
    steps: dict[str, list[NextStep]] = {}
    seen: dict[tuple[str, str], str] = {}
    for row in read_table(path, STEP_COLUMNS, faults) if path.exists() else ():
        kind = row.choice("kind", ALERT_KINDS)
        step = NextStep(_step_id(row), row.text("text", _LONGEST_TEXT))
        first = seen.setdefault((kind, step.step_id), row.place)
        if first != row.place:
            row.fault(
                "step_id", f"stands in {first} too: give each step of a kind an id of its own"
            )
        of_kind = steps.setdefault(kind, [])
        of_kind.append(step)
        if len(of_kind) == _MOST_OF_A_KIND + 1:
            row.fault("kind", f"{kind} has more than {_MOST_OF_A_KIND} steps: take some out")
    return {kind: tuple(some) for kind, some in steps.items()}


def load_steps(folder: Path, regions: Iterable[str]) -> Mapping[str, StepsByKind]:
    """Region code -> its steps, from the folder of region folders. Raises `RegionError` with every fault found."""
    faults = Faults()
    steps = {code: read_steps(folder / code, faults) for code in regions}
    if faults.messages:
        raise RegionError(faults.messages)
    return steps


def _step_id(row: Cells) -> str:
    value = row.text("step_id")
    if value and not _STEP_ID.fullmatch(value):
        row.fault(
            "step_id", "has not the right form: write lower case and digits, like simpan-sampel"
        )
    return value
