"""Faults of a region folder are all named at once, with file, line, column and what to do."""

from pathlib import Path

import pytest

from chassis.regions.region_csv import RegionError
from chassis.regions.region_folder import load_region
from contracts.registry.entities import iso_to_day

YAML = """
code: 32.10
name: Majalengka
province: Jawa Barat
timezone: Asia/Jakarta
service_weekdays: [1, 2, 3, 4, 5]
holidays: [2026-12-25]
day_closes: "18:00"
thresholds: {over_4h_min: 200}
kecamatan:
  - {code: 32.10.01, name: Lemahsugih}
"""
UNITS = """unit_id,kind,name,kecamatan,lon,lat,opens,closes,capacity,slhs_valid_until,registered_children,status,valid_from,synthetic
K-1,sppg,"Dapur, satu",32.10.01,108.1,-6.9,22:00,13:00,3000,2027-01-31,,active,2026-01-01,1
P-1,clinic,Puskesmas,32.10.01,108.1,-6.9,07:30,15:00,,,120,active,2026-01-01,1
"""
RECIPIENTS = (
    "recipient_id,name,kind,kecamatan,lon,lat,unit_id,meal_time,"
    "paud,sd,smp,sma,santri,guru,bumil,busui,balita,status,valid_from,synthetic\n"
    "npsn:20208123,SD Contoh,school,32.10.01,108.1,-6.9,K-1,09:30,,100,,,,5,,,0,active,2026-01-01,1\n"
)
BOUNDARIES = '{"type":"FeatureCollection","features":[{"type":"Feature","id":"32.10.01"}]}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "32.10"
    folder.mkdir()
    (folder / "region.yaml").write_text(YAML, encoding="utf-8")
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    (folder / "recipients.csv").write_text(RECIPIENTS, encoding="utf-8")
    (folder / "boundaries.geojson").write_text(BOUNDARIES, encoding="utf-8")
    return folder


def faults(folder: Path, file: str, old: str, new: str) -> str:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RegionError) as caught:
        load_region(folder)
    return str(caught.value)


def test_a_sound_folder_is_read(folder: Path) -> None:
    registry = load_region(folder)
    assert registry.region.code == "32.10", "no number, although YAML would make it 32.1"
    assert registry.region.holidays == (iso_to_day("2026-12-25"),)
    assert registry.region.day_closes == 18 * 60
    assert registry.region.thresholds.over_4h_min == 200
    kitchen = registry.units[0]
    assert (kitchen.name, kitchen.opens, kitchen.closes) == ("Dapur, satu", 1320, 780)
    assert registry.recipients[0].registered == {"sd": 100, "guru": 5}


def test_a_calendar_row_may_have_no_reason(folder: Path) -> None:
    rows = "2026-12-21,2026-12-31,,sd guru,0,\n2027-01-02,2027-01-02,K-1,,1,masuk Sabtu\n"
    (folder / "calendar.csv").write_text(f"from,to,scope,groups,served,reason\n{rows}", "utf-8")
    first, second = load_region(folder).calendar
    assert (first.groups, first.served, first.reason) == (("sd", "guru"), False, "")
    assert (second.scope, second.served, second.reason) == ("K-1", True, "masuk Sabtu")


def test_the_order_of_lines_is_no_change(folder: Path) -> None:
    before = load_region(folder).version
    lines = UNITS.splitlines()
    (folder / "units.csv").write_text("\n".join([lines[0], lines[2], lines[1]]), encoding="utf-8")
    assert load_region(folder).version == before


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("units.csv", "K-1,sppg", "K 1,sppg", "units.csv, line 2: column unit_id: 'K 1' is no id"),
        ("units.csv", "K-1,sppg", "K-1,dapur", "line 2: column kind: 'dapur' is none of sppg, clinic"),
        ("units.csv", "32.10.01", "32.10.99", "line 2: column kecamatan: '32.10.99' is not in region.yaml"),
        ("units.csv", "-6.9", "-96.9", "line 2: column lat: '-96.9' is no number of degrees"),
        ("units.csv", "-6.9", "nan", "line 2: column lat: 'nan' is no number of degrees"),
        ("units.csv", "22:00", "22.00", "line 2: column opens: '22.00' is no time of day: write HH:MM"),
        ("units.csv", "22:00", "13:00", "line 2: column closes: is the same as opens"),
        ("units.csv", "3000", "3.000", "line 2: column capacity: '3.000' is no whole number"),
        ("units.csv", "3000", "", "line 2: column capacity: a kitchen needs one"),
        ("units.csv", "2027-01-31", "31-01-2027", "column slhs_valid_until: '31-01-2027' is no date"),
        ("units.csv", "active", "aktif", "column status: 'aktif' is none of active, suspended, closed"),
        ("units.csv", "2026-01-01,1", "2026-01-01,", "column synthetic: '' is neither 0 nor 1"),
        ("units.csv", "P-1,clinic", "K-1,clinic", "line 3: column unit_id: K-1 has a row with this valid_from already (units.csv, line 2)"),
        ("units.csv", "Dapur, satu", "3210010101010001", "column name: holds a NIK"),
        ("units.csv", '"Dapur, satu"', "Dapur, satu", "line 2: has 15 cells, the header 14: quote"),
        ("units.csv", "capacity", "kapasitas", "line 1: the columns must be"),
        ("recipients.csv", "npsn:20208123", "20208123", "column recipient_id: '20208123' is no id"),
        ("recipients.csv", "K-1", "P-1", "line 2: column unit_id: 'P-1' is no kitchen of units.csv"),
        ("recipients.csv", "2026-01-01", "2025-12-31", "kitchen K-1 begins on 2026-01-01, after this row"),
        ("recipients.csv", ",100,", ",-1,", "column sd: '-1' is no whole number"),
        ("region.yaml", "32.10\n", "32.11\n", "code: is 32.11, the folder 32.10"),
        ("region.yaml", "Asia/Jakarta", "WIB", "timezone: 'WIB' is no time zone"),
        ("region.yaml", "[1, 2,", "[0, 2,", "service_weekdays: [0, 2, 3, 4, 5]"),
        ("region.yaml", "2026-12-25", "25 December", "holidays: '25 December' is no date"),
        ("region.yaml", '"18:00"', '"6 pm"', "is not taken: write a time of day"),
        ("region.yaml", '"18:00"', '"00:00"', "is not taken: write a time of day"),
        ("region.yaml", "over_4h_min", "over_4h", "over_4h"),
        ("region.yaml", "province: Jawa Barat", "", "province"),
        ("boundaries.geojson", "32.10.01", "32.10.02", "kecamatan 32.10.01 has no feature"),
        ("boundaries.geojson", "{", "", "is no GeoJSON FeatureCollection"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place(folder: Path, file: str, old: str, new: str, said: str) -> None:
    assert said in faults(folder, file, old, new)


def test_a_nik_is_not_repeated(folder: Path) -> None:
    assert "3210010101010001" not in faults(
        folder, "units.csv", "K-1,sppg", "3210010101010001,sppg"
    )


def test_a_unit_keeps_its_kind(folder: Path) -> None:
    second = "K-1,clinic,Klinik,32.10.01,108.1,-6.9,07:30,15:00,,,1,active,2026-02-01,1\n"
    assert "a unit keeps its kind" in faults(folder, "units.csv", "P-1,", second + "P-1,")


def test_all_faults_are_told_at_once(folder: Path) -> None:
    (folder / "boundaries.geojson").unlink()
    text = faults(folder, "units.csv", "22:00,13:00,3000", "x,y,z")
    assert len(text.splitlines()) >= 4
    assert "boundaries.geojson: is missing" in text


@pytest.mark.parametrize("name", ["region.yaml", "units.csv", "recipients.csv"])
def test_a_missing_file_says_what_to_do(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(RegionError, match=name.replace(".", r"\.")):
        load_region(folder)
