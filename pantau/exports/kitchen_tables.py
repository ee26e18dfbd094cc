"""A kitchen's tables of beneficiaries: of one day by recipient (Lampiran 30a), of two weeks by day (Lampiran 30c).

The words of the official forms were not at hand: rows and columns follow what they are reported to hold. What kitchens and
recipients say stands side by side, as in the views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from contracts.time.windows import GROUPS
from pantau.exports.excel_csv import CsvCell, masked

FORTNIGHT: Final = 14

_UNIT: Final = "SELECT name, kecamatan FROM pantau.units WHERE unit_id = {unit:String} AND kind = 'sppg'"  # fmt: skip
_RECIPIENTS: Final = """
SELECT recipient_id, name, kind, kecamatan FROM pantau.recipients
WHERE unit_id = {unit:String} AND status = 'active' ORDER BY kecamatan, name, recipient_id"""
_OF_UNIT: Final = "(SELECT recipient_id FROM pantau.recipients WHERE unit_id = {unit:String} AND status = 'active')"  # fmt: skip
_EATEN: Final = f"""
SELECT area_id, day, group, eaten, target, is_final FROM pantau.coverage
WHERE level = 'recipient' AND window = '1d' AND day BETWEEN {{first:Date}} AND {{last:Date}} AND area_id IN {_OF_UNIT}"""  # fmt: skip
_REPORTED: Final = f"""
SELECT area_id, portions_confirmed, portions_refused, eaten_confirmed, present FROM pantau.reception
WHERE level = 'recipient' AND window = '1d' AND day = {{first:Date}} AND area_id IN {_OF_UNIT}"""
_DELIVERED: Final = """
SELECT subject, sum(data.portions) AS portions, formatDateTime(min(toTimeZone(time, {zone:String})), '%H:%i') AS first
FROM pantau.events
WHERE unit_id = {unit:String} AND type = 'sppg.delivery.received' AND counts
    AND toDate(time, {zone:String}) = {first:Date} GROUP BY subject"""
_WORKED: Final = """
SELECT day, portions_cooked, portions_dispatched, portions_received, portions_eaten, portions_target, is_final
FROM pantau.performance
WHERE level = 'unit' AND window = '1d' AND area_id = {unit:String} AND day BETWEEN {first:Date} AND {last:Date} ORDER BY day"""
_ZONE: Final = """
SELECT timezone FROM pantau.regions
WHERE region = (SELECT region FROM pantau.units WHERE unit_id = {unit:String} LIMIT 1)"""


class UnknownKitchenError(LookupError):
    """No such kitchen is in the registry today."""


class _Table(NamedTuple):
    title: str
    unit: str
    name: str
    kecamatan: str
    span: str
    is_final: bool

    def head(self) -> list[Sequence[CsvCell]]:
        """Lines above the columns."""
        state = "final" if self.is_final else "sementara: koreksi masih dapat mengubahnya"
        return [
            (self.title,),
            ("SPPG", self.name, self.unit),
            ("Kecamatan", self.kecamatan),
            ("Tanggal", self.span),
            ("Keadaan", state),
            (),
        ]


def _ask(client: Client, sql: str, **given: Any) -> list[dict[str, Any]]:
    return list(client.query(sql, parameters=given).named_results())


def _kitchen(client: Client, unit: str) -> tuple[str, str]:
    found = _ask(client, _UNIT, unit=unit)
    if not found:
        raise UnknownKitchenError(f"{unit} is no kitchen of the registry in force today")
    return str(found[0]["name"]), str(found[0]["kecamatan"])


def day_table(client: Client, unit: str, day: date, public: bool) -> list[Sequence[CsvCell]]:
    """Rows of the day's table by recipient, its head and a total included. `public`: counts of 1 to 4 are hidden.

    Raises `UnknownKitchenError`.
    """
    name, kecamatan = _kitchen(client, unit)
    given = {"unit": unit, "first": day, "last": day}
    zone = _ask(client, _ZONE, unit=unit)[0]["timezone"]
    cells = _ask(client, _EATEN, **given)
    eaten = {(row["area_id"], row["group"]): row for row in cells}
    reported = {row["area_id"]: row for row in _ask(client, _REPORTED, unit=unit, first=day)}
    delivered = {
        row["subject"]: row for row in _ask(client, _DELIVERED, unit=unit, first=day, zone=zone)
    }
    is_final = bool(cells) and all(row["is_final"] for row in cells)
    table = _Table("Lampiran 30a: penerima manfaat harian", unit, name, kecamatan, day.isoformat(), is_final)  # fmt: skip
    head = ("No", "Id", "Penerima", "Jenis", "Kecamatan", *_pairs(), "Porsi diterima menurut dapur", "Jam pertama",
            "Porsi diterima menurut penerima", "Porsi ditolak", "Dimakan menurut penerima", "Hadir")  # fmt: skip
    body = [
        _recipient(recipient, eaten, delivered, reported) for recipient in _ask(client, _RECIPIENTS, unit=unit)
    ]  # fmt: skip
    total = [_total([row[at] for row in body]) for at in range(len(head) - 1)]
    numbered: list[Sequence[CsvCell]] = [(at, *row) for at, row in enumerate(body, 1)]
    lines = [*numbered, ("", "", "Jumlah", "", "", *total[4:])]
    return [*table.head(), head, *(_shown(line, public, 5) for line in lines)]


def _pairs() -> Iterator[str]:
    for group in (*GROUPS, "all"):
        word = "jumlah" if group == "all" else group
        yield f"{word} terdaftar"
        yield f"{word} makan"


def _recipient(
    recipient: Mapping[str, Any],
    eaten: Mapping[tuple[str, str], Mapping[str, Any]],
    delivered: Mapping[str, Mapping[str, Any]],
    reported: Mapping[str, Mapping[str, Any]],
) -> list[CsvCell]:
    id_ = recipient["recipient_id"]
    cells: list[CsvCell] = [id_, recipient["name"], recipient["kind"], recipient["kecamatan"]]
    for group in (*GROUPS, "all"):
        row = eaten.get((id_, group), {})
        cells += [row.get("target"), row.get("eaten")]
    came, report = delivered.get(id_, {}), reported.get(id_, {})
    names = ("portions_confirmed", "portions_refused", "eaten_confirmed", "present")
    return [*cells, came.get("portions"), came.get("first"), *(report.get(one) for one in names)]


def fortnight_table(
    client: Client, unit: str, first: date, public: bool
) -> list[Sequence[CsvCell]]:
    """Rows of 14 days by day, its head and a total included; as `day_table`."""
    name, kecamatan = _kitchen(client, unit)
    last = first + timedelta(days=FORTNIGHT - 1)
    given = {"unit": unit, "first": first, "last": last}
    eaten: dict[tuple[date, str], list[int]] = {}
    for row in _ask(client, _EATEN, **given):
        pair = eaten.setdefault((row["day"], row["group"]), [0, 0])
        pair[0] += row["target"] or 0
        pair[1] += row["eaten"]
    worked = {row["day"]: row for row in _ask(client, _WORKED, **given)}
    is_final = len(worked) == FORTNIGHT and all(row["is_final"] for row in worked.values())
    span = f"{first.isoformat()} s.d. {last.isoformat()}"
    table = _Table("Lampiran 30c: penerima manfaat dua minggu", unit, name, kecamatan, span, is_final)  # fmt: skip
    head = ("Tanggal", "Hari layanan", *_pairs(), "Porsi dimasak", "Porsi dikirim", "Porsi diterima")  # fmt: skip
    body = [
        _day(first + timedelta(days=at), eaten, worked.get(first + timedelta(days=at), {}))
        for at in range(FORTNIGHT)
    ]
    total = [_total([row[at] for row in body]) for at in range(2, len(head))]
    lines: list[Sequence[CsvCell]] = [*body, ("Jumlah", "", *total)]
    return [*table.head(), head, *(_shown(line, public, 2) for line in lines)]


def _day(
    day: date, eaten: Mapping[tuple[date, str], Sequence[int]], worked: Mapping[str, Any]
) -> list[CsvCell]:
    target = worked.get("portions_target")
    cells: list[CsvCell] = [day.isoformat(), None if target is None else "ya" if target else "tidak"]  # fmt: skip
    for group in (*GROUPS, "all"):
        cells += eaten.get((day, group), (None, None))
    names = ("portions_cooked", "portions_dispatched", "portions_received")
    return [*cells, *(worked.get(one) for one in names)]


def _total(column: Sequence[CsvCell]) -> CsvCell:
    numbers = [cell for cell in column if isinstance(cell, int)]
    return sum(numbers) if numbers else None


def _shown(line: Sequence[CsvCell], public: bool, from_: int) -> Sequence[CsvCell]:
    """The line, its counts from column `from_` on hidden where they are few."""
    if not public:
        return line
    return [*line[:from_], *(masked(c) if isinstance(c, int) else c for c in line[from_:])]
