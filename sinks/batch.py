"""Rows on their way into storage tables, each with the place in Kafka that it comes from."""

from __future__ import annotations

from typing import NamedTuple

from chassis.kafka.interface import ConsumedRecord


class LinePlace(NamedTuple):
    """Where a line lies. It identifies the line for ever."""

    topic: str
    partition: int
    offset: int
    line: int


class TableRow(NamedTuple):
    """One JSON object (`JSONEachRow`) for a storage table, and the line that it was made from."""

    place: LinePlace
    body: bytes


class Reject(NamedTuple):
    """A line that goes nowhere, and why."""

    place: LinePlace
    table: str
    reason: str
    value: bytes


class TableBatch:
    """Rows by table in the order they came, and the span of offsets read from each partition."""

    def __init__(self) -> None:
        self.rows: dict[str, list[TableRow]] = {}
        self.rejects: list[Reject] = []
        self.spans: dict[tuple[str, int], tuple[int, int]] = {}
        self.count = 0
        self.size = 0
        self._newest: dict[tuple[str, str, int, bytes], int] = {}

    def add(self, table: str, row: TableRow, identity: bytes | None = None) -> None:
        """One more row of `table`. `identity`: of two rows of one partition that share it the later is the newer version,
        and the one before need not be written.
        """
        rows = self.rows.setdefault(table, [])
        if identity is not None:
            place = (table, row.place.topic, row.place.partition, identity)
            at = self._newest.setdefault(place, len(rows))
            if at < len(rows):
                self.size += len(row.body) - len(rows[at].body)
                rows[at] = row
                return
        rows.append(row)
        self.count += 1
        self.size += len(row.body)

    def read(self, record: ConsumedRecord) -> None:
        """Note that `record` is in this batch, whatever it contains."""
        key = (record.topic, record.partition)
        first = self.spans[key][0] if key in self.spans else record.offset
        self.spans[key] = (first, record.offset)


def header(record: ConsumedRecord, name: str) -> str | None:
    """The last header `name` as text, or None."""
    for key, value in reversed(record.headers):
        if key == name:
            return (value or b"").decode("utf-8", "replace")
    return None
