"""Table lines: the record's header names a storage table, its lines are rows, taken as they are."""

from __future__ import annotations

from contracts.events.lines import split
from contracts.results.tables import TABLES
from contracts.results.topics import TABLE_HEADER
from sinks.batch import ConsumedRecord, LinePlace, Reject, TableBatch, TableRow, header


def land(record: ConsumedRecord, batch: TableBatch) -> None:
    """Add the record's lines to `batch`; all of them as rejects if no storage table takes them."""
    table = header(record, TABLE_HEADER)
    known = table is not None and table in TABLES
    for index, line in enumerate(split(record.value or b"")):
        place = LinePlace(record.topic, record.partition, record.offset, index)
        if table is not None and known:
            batch.add(table, TableRow(place, line))
        else:
            reason = (
                f"the record's header `{TABLE_HEADER}` names no table of contracts.results.tables"
            )
            batch.rejects.append(Reject(place, table or "", reason, line))
