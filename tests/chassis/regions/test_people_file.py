"""people.csv: who is read, and every fault named by its place without repeating an address."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from chassis.regions.people_file import PEOPLE_COLUMNS, is_configured, load_people
from chassis.regions.region_csv import RegionError
from contracts.people import QuietHours
from tests.house.product import ROOT

_HEAD: Final = ",".join(PEOPLE_COLUMNS)
_GOOD: Final = (
    "dinkes-1,Petugas Contoh,health,,waspada,32.11.08 32.11.09,1,whatsapp email,22:00-05:00,"
    "d@example.go.id,+6281200000001,"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "32.11").mkdir()
    shutil.copy(ROOT / "regions" / "32.11" / "region.yaml", tmp_path / "32.11")
    return tmp_path


def _write(folder: Path, *lines: str) -> None:
    (folder / "32.11" / "people.csv").write_text("\n".join([_HEAD, *lines]) + "\n")


def test_nobody_without_a_file(folder: Path) -> None:
    assert not is_configured(folder, ["32.11"])
    assert load_people(folder, ["32.11"]) == ()


def test_a_person_as_written(folder: Path) -> None:
    _write(folder, _GOOD, "desa,Kantor,leader,certificate,siaga,,2,webhook,,,,desk")
    first, second = load_people(folder, ["32.11"])
    assert is_configured(folder, ["32.11"])
    assert (first.least, first.channels) == (2, ("email", "whatsapp"))
    assert (first.kecamatan, first.kinds) == (("32.11.08", "32.11.09"), ())
    assert first.quiet == QuietHours(22 * 60, 5 * 60)
    assert first.quiet.covers(23 * 60) and first.quiet.covers(60) and not first.quiet.covers(300)
    assert (second.kinds, second.step, second.address("webhook")) == (("certificate",), 2, "desk")


@pytest.mark.parametrize(
    ("line", "column", "part"),
    [
        (_GOOD.replace("health", "boss"), "role", "health, desk, leader"),
        (_GOOD.replace(",1,whatsapp", ",0,whatsapp"), "step", "write 1"),
        (_GOOD.replace("32.11.08 ", "32.08.08 "), "kecamatan", "not in region.yaml"),
        (_GOOD.replace("health,,", "health,fire,"), "kinds", "none of"),
        (_GOOD.replace("whatsapp email", "pigeon"), "channels", "one or more of"),
        (_GOOD.replace("22:00-05:00", "night"), "quiet", "22:00-05:00"),
        (_GOOD.replace("d@example.go.id", "secret"), "email", "right form"),
        (_GOOD.replace("+6281200000001", "0812secret"), "phone", "right form"),
        (_GOOD.replace("+6281200000001", ""), "phone", "channels names whatsapp"),
        (_GOOD.replace("whatsapp email", "webhook"), "hook", "channels names webhook"),
    ],
)
def test_a_fault_names_its_place(folder: Path, line: str, column: str, part: str) -> None:
    _write(folder, _GOOD.replace("dinkes-1", "other"), line)
    with pytest.raises(RegionError) as caught:
        load_people(folder, ["32.11"])
    text = str(caught.value)
    assert f"people.csv, line 3: column {column}: " in text
    assert part in text
    assert "secret" not in text


def test_an_id_stands_once(folder: Path) -> None:
    _write(folder, _GOOD, _GOOD)
    with pytest.raises(
        RegionError, match=r"line 3: column person_id: stands in people.csv, line 2"
    ):
        load_people(folder, ["32.11"])
