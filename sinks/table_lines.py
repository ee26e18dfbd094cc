"""Table lines: the record's header names a storage table, its lines are rows, taken as they are."""

from __future__ import annotations

from chassis.kafka.interface import ConsumedRecord
from contracts.events.lines import split
from contracts.results.tables import TABLES
from contracts.results.topics import TABLE_HEADER
from sinks.batch import LinePlace, Reject, TableBatch, TableRow, header


def land(record: ConsumedRecord, batch: TableBatch) -> None:
    """Add the record's lines to `batch`; all of them as rejects if no storage table takes them."""
    table = header(record, TABLE_HEADER)
    known = table is not None and table in TABLES
    value = record.value or b""
    # ClickHouse's error repeats such bytes, and the embedded server could not even say that it refuses them.
    all_text = _is_utf8(value)
    for index, line in enumerate(split(value)):
        place = LinePlace(record.topic, record.partition, record.offset, index)
        if not all_text and not _is_utf8(line):
            batch.rejects.append(Reject(place, table or "", "the line is no UTF-8", line))
        elif table is not None and known:
            batch.add(table, TableRow(place, line))
        else:
            reason = (
                f"the record's header `{TABLE_HEADER}` names no table of contracts.results.tables"
            )
            batch.rejects.append(Reject(place, table or "", reason, line))


def _is_utf8(content: bytes) -> bool:
    try:
        return content.isascii() or bool(content.decode())
    except UnicodeDecodeError:
        return False
