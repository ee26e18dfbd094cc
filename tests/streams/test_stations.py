"""How many functions an event goes through in stage one, decoding left out: the next engineer has to follow them all.

The z-score of a measurement (`growth_standards`) counts as one, like a library's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from contracts.events.event_types import COUNTED, TYPE_OF
from contracts.results.topics import CLINIC_EVENTS, REGISTRY_CHANGE, SPPG_EVENTS
from streams.core.fold import Record
from streams.core.unit_stage.unit_fold import UnitFold
from tests.examples import event
from tests.registry_small import SMALL

AT: Final = 1_795_490_132_000  # 2026-11-24T10:15:32+07:00
ROOT: Final = Path(__file__).parents[2]
MOST_STATIONS: Final = 20
MOST_CLIMBS: Final = 3
HEIGHTS: Final = ("contracts", "history", "metrics", "windowing", "unit_stage")
"""Rooms from the ground up: each may call those before it."""


class Trace:
    """Distinct functions entered, and calls from a room into one above it."""

    def __init__(self) -> None:
        self.stations: dict[str, None] = {}
        self.climbs: list[str] = []

    def __call__(self, frame: FrameType, what: str, _argument: Any) -> None:
        room = _room(frame)
        if what != "call" or room < 0:
            return
        if _is_decoding(frame):
            return
        code = frame.f_code
        name = f"{Path(code.co_filename).stem}.{code.co_qualname}"
        if "growth_standards" in name:
            name = "growth_standards"
        if not code.co_name.startswith("<") and not name.startswith("unit_fold"):
            self.stations[name] = None
            caller = frame.f_back
            if caller is not None and 0 <= _room(caller) < room:
                self.climbs.append(f"{caller.f_code.co_qualname} > {name}")


def _is_decoding(frame: FrameType | None) -> bool:
    """Whether the function is one of `decode`, or called by one."""
    while frame is not None:
        if Path(frame.f_code.co_filename).stem == "decode":
            return True
        frame = frame.f_back
    return False


def _room(frame: FrameType) -> int:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT):
        return -1
    found = [HEIGHTS.index(part) for part in path.relative_to(ROOT).parts if part in HEIGHTS]
    return found[0] if found else -1


@pytest.mark.parametrize("type_", [TYPE_OF[cls] for cls in COUNTED if cls.KIND in ("sppg", "clinic")])  # fmt: skip
def test_an_event_goes_through_few_stations(type_: str) -> None:
    fold = UnitFold(SPPG_EVENTS if type_.startswith("sppg") else CLINIC_EVENTS, 0, 1, 1)
    fold.apply(Record(0, AT, SMALL.encode(), b"", REGISTRY_CHANGE))
    traces = []
    for number in range(3):
        trace = Trace()
        sys.setprofile(trace)
        fold.apply(Record(number + 1, AT, json.dumps(event(type_, id=f"e{number}")).encode()))
        sys.setprofile(None)
        traces.append(trace)
    # The first event of a source, a day and a chunk pays for the others: it is looked up once.
    assert len(traces[2].stations) <= MOST_STATIONS, traces[2].stations
    assert len(traces[0].climbs) <= MOST_CLIMBS, traces[0].climbs
