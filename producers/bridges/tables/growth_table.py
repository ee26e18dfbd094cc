"""Growth exports of e-PPGBM and its like: one measurement of a child a row.

Names, addresses and numbers of people stay on this machine: an event has a pseudonym. The file's own z-scores are
rounded, so they are not read.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from contracts.events.nik import has_nik
from producers.bridges.read_events import Fault, ReadEvents, add_event
from producers.bridges.tables.cell_values import (
    Cell,
    CellError,
    measure_of,
    moment_of,
    text_of,
)
from producers.bridges.tables.event_table import rfc3339_local
from producers.bridges.tables.table_file import read_table

_ALIASES: Final = {
    "nik": "nik",
    "nik anak": "nik",
    "no register": "register",
    "nomor register": "register",
    "jk": "sex",
    "jenis kelamin": "sex",
    "tgl lahir": "born",
    "tanggal lahir": "born",
    "tanggal pengukuran": "measured",
    "tgl pengukuran": "measured",
    "tanggal ukur": "measured",
    "usia saat ukur": "age",
    "berat": "weight",
    "berat badan": "weight",
    "bb": "weight",
    "tinggi": "height",
    "tinggi badan": "height",
    "tb": "height",
    "cara ukur": "posture",
}
_SEX: Final = {"l": "m", "laki laki": "m", "m": "m", "p": "f", "perempuan": "f", "f": "f"}
_POSTURE: Final = {"terlentang": "lying", "telentang": "lying", "berdiri": "standing"}
_AGE: Final = re.compile(r"(\d+)\s*tahun\D+(\d+)\s*bulan(?:\D+(\d+)\s*hari)?", re.IGNORECASE)
_STANDING_FROM_DAYS: Final = 731
_HOUR: Final = timedelta(hours=8)
"""A day of measurement has no time of day: the morning stands for it."""


@dataclass(frozen=True, slots=True)
class Clinic:
    """Whose measurements they are. `source`: of its events; `key`: the region's, for pseudonyms; `offset`: its zone, `+07:00`."""

    source: str
    key: bytes
    offset: str

    def pseudonym(self, nik: str, register: str) -> str:
        """Of the NIK where it is usable, else of the clinic's own register number. Raises `CellError`."""
        if not nik and not register:
            raise CellError("no usable NIK and no register number: fill the column No Register")
        name = nik or f"{self.source.rpartition('/')[2]}/{register}"
        return hmac.digest(self.key, name.encode(), "sha256").hex()[:32]


def read_growth_table(path: Path, clinic: Clinic) -> ReadEvents:
    """Measurements of a CSV or XLSX file as `clinic.growth.measured`. Of one child and day the last row counts. Raises `TableError`."""
    needed = frozenset({"sex", "measured", "weight", "height"})
    table = read_table(path, _ALIASES, needed)
    found = ReadEvents()
    newest: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
    for row, cells in table.rows:
        try:
            event = _event(cells, clinic, found, row)
        except CellError as error:
            found.faults.append(Fault(row, str(error)))
            continue
        identity = (event["data"]["child"], event["time"])
        before = newest.pop(identity, None)
        if before is not None:
            found.notes.append(
                Fault(before[0], f"the same child and day again in row {row}, which counts")
            )
        newest[identity] = (row, event)
    for row, event in newest.values():
        add_event(found, row, event)
    return found


def _event(
    cells: Mapping[str, Cell], clinic: Clinic, found: ReadEvents, row: int
) -> dict[str, Any]:
    measured = _day(cells, "measured", "Tanggal Pengukuran")
    if measured is None:
        raise CellError("Tanggal Pengukuran is empty")
    born = _day(cells, "born", "Tgl Lahir") or _born_by_age(text_of(cells.get("age")), measured)
    if born is None:
        raise CellError("Tgl Lahir is empty")
    sex = _SEX.get(text_of(cells.get("sex")).lower().replace("-", " "))
    if sex is None:
        raise CellError("JK is neither L nor P")
    age_days = (measured - born).days
    posture = _POSTURE.get(text_of(cells.get("posture")).lower())
    if posture is None:
        posture = "standing" if age_days >= _STANDING_FROM_DAYS else "lying"
        found.notes.append(Fault(row, f"Cara Ukur is empty: by its age {posture}"))
    data = {
        "child": clinic.pseudonym(_nik(cells.get("nik"), found, row), text_of(cells.get("register"))),
        "sex": sex,
        "age_days": age_days,
        "weight_kg": _measure(cells, "weight", "Berat"),
        "height_cm": _measure(cells, "height", "Tinggi"),
        "posture": posture,
    }  # fmt: skip
    at = datetime.combine(measured, datetime.min.time()) + _HOUR
    return {
        "source": clinic.source,
        "type": "clinic.growth.measured",
        "time": rfc3339_local(at, clinic.offset),
        "data": data,
    }


def _nik(cell: Cell, found: ReadEvents, row: int) -> str:
    """The NIK's 16 digits; empty where there is none that can be used."""
    if isinstance(cell, int | float) or "E+" in text_of(cell).upper():
        found.notes.append(
            Fault(row, "NIK in a number cell: Excel keeps 15 digits, the last is lost; not used")
        )
        return ""
    digits = text_of(cell).lstrip("'").replace(" ", "")
    if not digits or len(set(digits)) == 1:
        return ""
    if not re.fullmatch(r"\d{16}", digits) or not has_nik(digits):
        found.notes.append(Fault(row, "NIK has not the shape of one; not used"))
        return ""
    return digits


def _day(cells: Mapping[str, Cell], name: str, title: str) -> date | None:
    try:
        moment = moment_of(cells.get(name))
    except CellError as error:
        raise CellError(f"{title}: {error}") from None
    return None if moment is None else moment.date()


def _measure(cells: Mapping[str, Cell], name: str, title: str) -> float:
    try:
        value = measure_of(cells.get(name))
    except CellError as error:
        raise CellError(f"{title}: {error}") from None
    if value is None:
        raise CellError(f"{title} is not recorded (empty or 0)")
    return value


def _born_by_age(text: str, measured: date) -> date | None:
    """The birthday that `2 Tahun - 3 Bulan - 5 Hari` leads to."""
    match = _AGE.search(text)
    if match is None:
        return None
    years, months, days = (int(one or 0) for one in match.groups())
    month = measured.year * 12 + measured.month - 1 - years * 12 - months
    first = date(month // 12, month % 12 + 1, 1)
    return first + timedelta(days=measured.day - 1 - days)
