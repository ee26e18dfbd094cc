"""steps.csv: what is read of it, and every fault named by its place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from chassis.regions.region_csv import RegionError
from chassis.regions.region_folder import load_region
from chassis.regions.steps_file import STEP_COLUMNS, NextStep, load_steps
from contracts.people import ALERT_KINDS
from tests.house.product import ROOT

_GOOD: Final = 'over_4h,telepon,"Telepon penerima: jangan dibagikan"'
_NIK: Final = "3211081203900001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "regions" / "32.11", tmp_path / "32.11")
    (tmp_path / "32.11" / "steps.csv").unlink()
    return tmp_path


def _write(folder: Path, *lines: str) -> None:
    text = "\n".join([",".join(STEP_COLUMNS), *lines]) + "\n"
    (folder / "32.11" / "steps.csv").write_text(text, encoding="utf-8")


def test_a_region_without_the_file_has_no_steps(folder: Path) -> None:
    assert load_steps(folder, ["32.11"]) == {"32.11": {}}
    load_region(folder / "32.11")


def test_steps_stand_in_the_order_of_the_file(folder: Path) -> None:
    _write(folder, _GOOD, "hold,telepon,Telepon yang belum menjawab", "over_4h,a-2,Catat")
    assert load_steps(folder, ["32.11"])["32.11"] == {
        "over_4h": (
            NextStep("telepon", "Telepon penerima: jangan dibagikan"),
            NextStep("a-2", "Catat"),
        ),
        "hold": (NextStep("telepon", "Telepon yang belum menjawab"),),
    }


@pytest.mark.parametrize(
    ("line", "column", "part"),
    [
        ("fire,a,Siram", "kind", "'fire' is none of"),
        ("over_4h,Telepon Dapur,Telepon", "step_id", "lower case and digits"),
        ("over_4h,,Telepon", "step_id", "fill it in"),
        ("over_4h,b,", "text", "fill it in"),
        (f"over_4h,b,{'x' * 201}", "text", "at most 200"),
        (f"over_4h,b,Telepon ibu {_NIK}", "text", "holds a NIK"),
        (_GOOD, "step_id", "stands in steps.csv, line 2 too"),
    ],
)
def test_a_fault_names_its_place_also_when_the_region_is_loaded(
    folder: Path, line: str, column: str, part: str
) -> None:
    _write(folder, _GOOD, line)
    for load in (lambda: load_region(folder / "32.11"), lambda: load_steps(folder, ["32.11"])):
        with pytest.raises(RegionError) as caught:
            load()
        text = str(caught.value)
        assert f"steps.csv, line 3: column {column}: " in text
        assert part in text
        assert _NIK not in text


def test_a_kind_has_few_steps(folder: Path) -> None:
    _write(folder, *(f"hold,s-{n},Langkah {n}" for n in range(21)))
    with pytest.raises(RegionError, match=r"line 22: column kind: hold has more than 20 steps"):
        load_steps(folder, ["32.11"])


def test_both_regions_say_what_to_do_about_each_kind() -> None:
    for steps in load_steps(ROOT / "regions", ["32.11", "32.08"]).values():
        assert set(steps) == set(ALERT_KINDS)
