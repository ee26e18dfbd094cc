"""Table lines: the record's header names a storage table, its lines are rows, taken as they are.

Of a row that changes the newest version in a batch is written alone: ClickHouse would insert and merge the others for nothing.
One event a request, 300 a second: 12 rows an event into ClickHouse instead of 17 (`bench.pipeline`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from chassis.kafka.interface import ConsumedRecord
from contracts.events.lines import split
from contracts.results.tables import TABLES, Table
from contracts.results.topics import TABLE_HEADER
from sinks.batch import LinePlace, Reject, TableBatch, TableRow, header


class _Identity(NamedTuple):
    """Finds the identity in lines: all before `end`, where `columns` names stand, those of the table's key among them."""

    end: bytes
    columns: int

    def of_all(self, rows: Iterable[TableRow]) -> list[bytes | None]:
        """None for a line that is not as Pantau writes it: its fields may be in another order, or it may end before."""
        end, columns = self.end, self.columns
        # Inside a JSON string a quote is escaped, but `\":` holds this too: then the line is one of its own.
        return [
            head if found and head.count(b'":') == columns else None
            for row in rows
            for head, found, _ in (row.body.partition(end),)
        ]


def _identity(table: Table) -> _Identity:
    names = [column.name for column in table.columns]
    columns = max(map(names.index, table.key)) + 1
    return _Identity(f',"{names[columns]}":'.encode(), columns)


_IDENTITIES: Final = {
    name: _identity(table)
    for name, table in TABLES.items()
    # These grow along the log. `attempts` of a dead letter need not.
    if table.version in ("revision", "position")
}


def land(record: ConsumedRecord, batch: TableBatch) -> None:
    """Add the record's lines to `batch`; all of them as rejects if no storage table takes them."""
    table = header(record, TABLE_HEADER) or ""
    value = record.value or b""
    place = partial(LinePlace, record.topic, record.partition, record.offset)
    rows = [TableRow(place(index), line) for index, line in enumerate(split(value))]
    # ClickHouse's error repeats such bytes, and the embedded server could not even say that it refuses them.
    if not _is_utf8(value):
        broken = [row for row in rows if not _is_utf8(row.body)]
        batch.rejects += _rejects(table, broken, "the line is no UTF-8")
        rows = [row for row in rows if _is_utf8(row.body)]
    if table in TABLES:
        batch.add_versions(table, record, rows, _identities_of(table, rows))
    else:
        reason = f"the record's header `{TABLE_HEADER}` names no table of contracts.results.tables"
        batch.rejects += _rejects(table, rows, reason)


def _rejects(table: str, rows: Iterable[TableRow], reason: str) -> Iterator[Reject]:
    return (Reject(row.place, table, reason, row.body) for row in rows)


def _identities_of(table: str, rows: Sequence[TableRow]) -> Sequence[bytes | None]:
    identity = _IDENTITIES.get(table)
    return identity.of_all(rows) if identity else [None] * len(rows)


def _is_utf8(content: bytes) -> bool:
    try:
        return content.isascii() or bool(content.decode())
    except UnicodeDecodeError:
        return False
