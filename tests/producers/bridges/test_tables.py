"""Tables as people hand them over: what is in them is found, what is wrong is told by row, and the same file is the same events."""

from __future__ import annotations

import hmac
import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from contracts.events.nik import nik_in
from producers.bridges.read_events import ReadEvents, read_lines
from producers.bridges.tables.cell_values import CellError, measure_of, moment_of, number_of
from producers.bridges.tables.event_table import read_event_table
from producers.bridges.tables.growth_table import Clinic, read_growth_table
from producers.bridges.tables.table_file import TableError
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL

KEY: Final = b"key of the region"
CLINIC_OF: Final = Clinic(f"/{REGION}/clinic/{CLINIC}", KEY, "+07:00")
NIK: Final = "3211114101230001"
SECOND: Final = "3211115203240002"
HEAD: Final = (
    "NIK;Nama;JK;Tgl Lahir;Berat;Tinggi;Cara Ukur;Tanggal Pengukuran;Usia Saat Ukur;No Register"
)


def growth(tmp_path: Path, *rows: str, head: str = HEAD, encoding: str = "utf-8-sig") -> ReadEvents:
    path = tmp_path / "export.csv"
    path.write_text("\r\n".join(["Laporan Gizi;;", "", head, *rows]), encoding=encoding)
    return read_growth_table(path, CLINIC_OF)


def bodies(found: ReadEvents) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found.lines]


def test_a_growth_export_becomes_measurements_without_a_name_or_number(tmp_path: Path) -> None:
    found = growth(tmp_path, f"'{NIK};Ani;P;1/1/2025;9,3;78,2;Terlentang;20/11/2026;;")
    [event] = bodies(found)
    child = hmac.digest(KEY, NIK.encode(), "sha256").hex()[:32]
    assert event["data"] == {
        "child": child, "sex": "f", "age_days": 688, "weight_kg": 9.3, "height_cm": 78.2, "posture": "lying",
    }  # fmt: skip
    assert (event["source"], event["time"]) == (CLINIC_OF.source, "2026-11-20T08:00:00+07:00")
    text = b"".join(found.lines)
    assert b"Ani" not in text and not nik_in(text)
    assert not found.faults and not found.notes


def test_the_same_file_twice_is_the_same_events(tmp_path: Path) -> None:
    row = f"{NIK};Ani;P;2025-01-01;9.3;78.2;Terlentang;2026-11-20;;"
    assert growth(tmp_path, row).lines == growth(tmp_path, row, encoding="cp1252").lines


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (f"{NIK};A;P;1/1/2025;8888;78,2;Berdiri;20/11/2026;;", "Berat: 8888"),
        (f"{NIK};A;P;1/1/2025;9,3;0;Berdiri;20/11/2026;;", "Tinggi is not recorded"),
        (f"{NIK};A;P;1/1/2025;9,3;46238;Berdiri;20/11/2026;;", "Tinggi: a date's serial"),
        (f"{NIK};A;X;1/1/2025;9,3;78;Berdiri;20/11/2026;;", "JK"),
        (f"{NIK};A;P;31/2/2025;9,3;78;Berdiri;20/11/2026;;", "Tgl Lahir: no day"),
        (f"{NIK};A;P;;9,3;78;Berdiri;20/11/2026;;", "Tgl Lahir is empty"),
        (f"{NIK};A;P;1/1/2019;19,3;98;Berdiri;20/11/2026;;", "out_of_range"),
        ("1111111111111111;A;P;1/1/2025;9,3;78;Berdiri;20/11/2026;;", "no usable NIK"),
        ("3,21111E+15;A;P;1/1/2025;9,3;78;Berdiri;20/11/2026;;", "no usable NIK"),
    ],
)
def test_what_is_wrong_is_told_by_row(tmp_path: Path, row: str, what: str) -> None:
    good = f"{SECOND};B;L;1/1/2025;9,3;78;Berdiri;20/11/2026;;"
    found = growth(tmp_path, good, row)
    assert [(one.row, what in one.what) for one in found.faults] == [(5, True)], found.faults
    assert len(found.lines) == 1
    assert NIK not in str(found.faults)


def test_rows_with_gaps_are_filled_by_what_the_row_says(tmp_path: Path) -> None:
    rows = (
        f"{NIK};A;P;1/1/2025;9,3;78;Terlentang;20/11/2026;;",
        f"{NIK};A;P;1/1/2025;9,4;78;Terlentang;20/11/2026;;",
        ";B;L;;12;88;;20/11/2026;2 Tahun - 3 Bulan - 5 Hari;R-17",
    )
    found = growth(tmp_path, *rows)
    first, second = bodies(found)
    assert first["data"]["weight_kg"] == 9.4
    assert (second["data"]["age_days"], second["data"]["posture"]) == (827, "standing")
    register = hmac.digest(KEY, f"{CLINIC}/R-17".encode(), "sha256").hex()[:32]
    assert second["data"]["child"] == register
    assert [(one.row, one.what.split(":")[0].split(" again")[0]) for one in found.notes] == [
        (4, "the same child and day"),
        (6, "Cara Ukur is empty"),
    ]


def test_a_workbook_with_dates_serials_and_number_cells(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["e-PPGBM", None])
    sheet.append(HEAD.split(";"))
    sheet.append([NIK, "A", "P", datetime(2025, 1, 1), 9.3, "78,2", "Berdiri", 46346, None, None])  # noqa: DTZ001
    sheet.append([int(NIK), "A", "P", 45658, 9.3, 78.2, "Berdiri", 46346, None, "R-1"])
    path = tmp_path / "export.xlsx"
    book.save(path)
    found = read_growth_table(path, CLINIC_OF)
    assert [one["time"][:10] for one in bodies(found)] == ["2026-11-20"] * 2
    assert [one["data"]["age_days"] for one in bodies(found)] == [688] * 2
    assert [(one.row, one.what[:20]) for one in found.notes] == [(4, "NIK in a number cell")]


def test_a_table_of_past_days(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text(
        "Rekap;;;;;;\n"
        "type;time;subject;batch;portions;core_temp_c;eaten.sd;eaten.guru;leftover_g;lots;passed;test\n"
        "sppg.cooking.finished;20/11/2026 06:10;;B-1;1200;78,5;;;;L-1|L-2;;\n"
        f"sppg.meal.eaten;2026-11-20T10:00:00+07:00;{SCHOOL};;;;290;12;4200;;;\n"
        "sppg.food.tested;20/11/2026;;B-1;;;;;;;ya;nitrite\n"
        "sppg.cooking.finished;20/11/2026 06:10;;B-2;12;panas;;;;;;\n"
        "sppg.cooking.finished;20/11/2026 06:10;;B-3;0;78;;;;;;\n"
        "kitchen.closed;20/11/2026 06:10;;;;;;;;;;\n"
    )
    found = read_event_table(path, f"/{REGION}/sppg/{KITCHEN}", "+07:00")
    cooked, eaten, tested = bodies(found)
    assert cooked["data"] == {"batch": "B-1", "portions": 1200, "core_temp_c": 78.5, "lots": ["L-1", "L-2"]}  # fmt: skip
    assert (cooked["time"], cooked["source"]) == ("2026-11-20T06:10:00+07:00", f"/{REGION}/sppg/{KITCHEN}")  # fmt: skip
    assert eaten["data"] == {"eaten": {"sd": 290, "guru": 12}, "leftover_g": 4200}
    assert tested["data"]["passed"] is True
    assert [(one.row, one.what.split(":")[0]) for one in found.faults] == [
        (6, "column core_temp_c"),
        (7, "out_of_range"),
        (8, "unknown_type"),
    ]


def test_what_is_no_table_says_so(tmp_path: Path) -> None:
    for name, content in (("a.csv", b"x;y\n1;2\n"), ("b.xlsx", b"PK\x03\x04nonsense"), ("c.csv", b"")):  # fmt: skip
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(TableError):
            read_event_table(path, "", "+07:00")


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    read_lines(content.split(b"\n"), "")
    path = Path(f"/tmp/pantau-table-{id(content)}.csv")
    try:
        path.write_bytes(b"type;time;batch\nsppg.food.tested;" + content)
        read_event_table(path, "", "+07:00")
    except TableError:
        pass
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1.234,5", 1234.5), ("1,234.5", 1234.5), ("9,3", 9.3), (" 9.3\u00a0", 9.3), ("-", None), (7, 7.0)],
)  # fmt: skip
def test_numbers_as_people_write_them(cell: Any, value: float | None) -> None:
    assert number_of(cell) == value


def test_cells_that_are_none_of_it() -> None:
    for wrong in ("sembilan", datetime(2026, 11, 24)):  # noqa: DTZ001
        with pytest.raises(CellError):
            number_of(wrong)
    for serial in (46238, "46238"):
        with pytest.raises(CellError, match="serial"):
            measure_of(serial)
        assert moment_of(serial) == datetime(2026, 8, 4)  # noqa: DTZ001
    assert measure_of("0") is None and measure_of("") is None


def test_lines_get_what_they_leave_out() -> None:
    line = b'{"type":"unit.heartbeat","time":"2026-11-24T10:00:00+07:00","data":{"outbox":0,"version":"1"}}'
    found = read_lines([line, b"", b"[1]", line], f"/{REGION}/sppg/{KITCHEN}")
    first, second = bodies(found)
    assert first == second and first["specversion"] == "1.0"
    assert [one.row for one in found.faults] == [3]
