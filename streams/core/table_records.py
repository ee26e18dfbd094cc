"""Rows on their way to the sink: JSON lines, collected by topic and table and packed into records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from contracts.events.lines import pack
from contracts.results.topics import TABLE_HEADER
from streams.core.fold import Out


class TableRecords:
    """Collects table lines by topic and table, and packs them into records."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, int | None], list[bytes]] = defaultdict(list)

    def add(self, topic: str, table: str, *lines: bytes, partition: int | None = None) -> None:
        """Lines of `table` for `topic`."""
        self._lines[topic, table, partition] += lines

    def drain(self) -> Iterator[Out]:
        """The records; the collection is empty afterwards."""
        for (topic, table, partition), lines in self._lines.items():
            for value in pack(lines):
                yield Out(topic, partition, value, None, ((TABLE_HEADER, table.encode()),))
        self._lines.clear()
