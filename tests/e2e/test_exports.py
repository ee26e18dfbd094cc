"""`pantau export` of a day that three kitchens have posted: the same figures as the views."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.day import FOLDER, Day, now
from tests.e2e.installation import REGION, Installation, environment, until
from tests.pantau.exports.paper import pages_of


def _export(installation: Installation, *words: str) -> bytes:
    command = [sys.executable, "-m", "pantau", "export", *words]
    found = subprocess.run(
        [*command, "--data-dir", str(installation.home)],
        capture_output=True, env=environment(), check=False, timeout=120,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr.decode()
    return found.stdout


def _table(content: bytes) -> list[dict[str, str]]:
    """Rows below the line of column names."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    head = next(at for at, row in enumerate(rows) if "jumlah makan" in row)
    return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


def test_a_kitchens_tables_and_a_month(
    installation: Installation, day: Day, tmp_path: Path
) -> None:
    unit = day.kitchens[0]
    today = FOLDER.local_day(now())
    figures = (
        "SELECT portions_eaten AS eaten, portions_received AS received FROM pantau.performance "
        f"WHERE level = 'unit' AND area_id = '{unit}' AND window = '1d' AND day = '{today}'"
    )
    until(lambda: any(row["eaten"] for row in installation.query(figures)), 60, 1)
    [wanted] = installation.query(figures)

    by_day = _table(_export(installation, "kitchen-day", "--unit", unit, "--day", str(today)))
    *recipients, total = by_day
    assert {row["Id"] for row in recipients} == set(FOLDER.fed_by(unit))
    assert total["Penerima"] == "Jumlah"
    assert int(total["jumlah makan"]) == wanted["eaten"]
    assert int(total["Porsi diterima menurut dapur"]) == wanted["received"]

    by_week = _table(
        _export(installation, "kitchen-fortnight", "--unit", unit, "--from", str(today))
    )
    assert len(by_week) == 15
    assert (by_week[0]["Tanggal"], int(by_week[0]["jumlah makan"])) == (str(today), wanted["eaten"])
    public = _table(_export(installation, "kitchen-day", "--unit", unit, "--day", str(today), "--public"))  # fmt: skip
    assert not any(cell in ("1", "2", "3", "4") for row in public for cell in [row["jumlah makan"]])

    names = tmp_path / "names.yaml"
    names.write_text(
        f"dataSet: setPantau01\norgUnits: {{'{unit}': unitUid0001, '{REGION}': regionUid01}}\n"
        "dataElements: {portions_eaten: eatenUid001, children_measured: childUid001}\n"
    )
    body = json.loads(_export(installation, "dhis2", "--month", f"{today:%Y%m}", "--names", str(names)))  # fmt: skip
    assert body["dataSet"] == "setPantau01"
    values = {(one["orgUnit"], one["dataElement"]): one for one in body["dataValues"]}
    month = (
        "SELECT sum(portions_eaten) AS n FROM pantau.performance WHERE window = '1d' AND "
        f"area_id = '{unit}' AND toYYYYMM(day) = {today:%Y%m}"
    )
    found = values["unitUid0001", "eatenUid001"]
    assert (found["value"], found["period"]) == (str(installation.query(month)[0]["n"]), f"{today:%Y%m}")  # fmt: skip


def test_the_page_of_a_day_says_what_the_views_say(
    installation: Installation, day: Day, tmp_path: Path
) -> None:
    del day  # Kitchens have posted.
    today = FOLDER.local_day(now())
    out, paper = tmp_path / "day.html", tmp_path / "day.pdf"
    command = [
        sys.executable,
        "-m",
        "pantau",
        "daily",
        "--date",
        str(today),
        "-o",
        str(out),
        "-o",
        str(paper),
    ]
    done = subprocess.run(
        [*command, "--data-dir", str(installation.home)],
        capture_output=True, env=environment(), check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    [row] = installation.query(
        "SELECT portions_cooked AS cooked FROM pantau.performance WHERE level = 'kabupaten' AND window = '1d' "
        f"AND area_id = '{REGION}' AND day = '{today}'"
    )
    page = out.read_text()
    shown = f"{row['cooked']:,}".replace(",", ".")
    assert f'<td>Porsi dimasak</td><td class="n">{shown}</td>' in page
    [sheet] = pages_of(paper.read_bytes())
    assert re.search(rf"Porsi dimasak\s+{re.escape(shown)}\s", sheet.text)
    assert "dihitung ulang dari peristiwa, tidak ada selisih" in page
    assert re.search(r"data sampai \d\d/\d\d/\d{4} \d\d\.\d\d WIB, ", page)
    assert "CONTOH" in page, "the region's kitchens are invented"
