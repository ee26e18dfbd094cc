"""Rows on their way into storage tables, each with the place in Kafka that it comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from chassis.kafka.interface import ConsumedRecord


class LinePlace(msgspec.Struct, frozen=True, gc=False):
    """Where a line lies. It identifies the line for ever."""

    topic: str
    partition: int
    offset: int
    line: int


class TableRow(msgspec.Struct, frozen=True, gc=False):
    """One JSON object (`JSONEachRow`) for a storage table, and the line that it was made from."""

    place: LinePlace
    body: bytes


class Reject(msgspec.Struct, frozen=True, gc=False):
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
        self._newest: dict[tuple[str, str, int], dict[bytes, int]] = defaultdict(dict)

    def add(self, table: str, row: TableRow) -> None:
        """One more row of `table`."""
        self.rows.setdefault(table, []).append(row)
        self.count += 1
        self.size += len(row.body)

    def add_versions(
        self,
        table: str,
        record: ConsumedRecord,
        rows: Sequence[TableRow],
        identities: Sequence[bytes | None],
    ) -> None:
        """More rows of `table`, from one record, each with its identity: of two of one partition that share it the later is the newer
        version, and the one before need not be written. None: it shares it with no other.
        """
        present = self.rows.setdefault(table, [])
        newest = self._newest[table, record.topic, record.partition]
        # All in local names: this is done for each row that the streams write.
        append, place_of = present.append, newest.setdefault
        before = count = len(present)
        size = 0
        for row, identity in zip(rows, identities, strict=True):
            at = count if identity is None else place_of(identity, count)
            size += len(row.body)
            if at == count:
                append(row)
                count += 1
            else:
                size -= len(present[at].body)
                present[at] = row
        self.count += count - before
        self.size += size

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
