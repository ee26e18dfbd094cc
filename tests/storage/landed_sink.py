"""A sink that lands records and writes them, as the process does, and rows to write."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from clickhouse_connect.driver.client import Client

from contracts.registry.entities import RegionRegistry
from contracts.results.tables import TABLES
from contracts.results.topics import (
    REGISTRY_CHANGE,
    TABLE_HEADER,
    control_headers,
)
from contracts.time.clock import RealClock
from sinks import table_lines
from sinks.batch import TableBatch
from sinks.landing import EventLines
from sinks.registry_rows import RegistryTables
from sinks.writer import Writer
from tests.examples import KITCHEN, REGION

APPEND_MS = 1_795_490_133_000  # 2026-11-24T03:15:33Z
KEY = b"k" * 32


@dataclass
class Rec:
    topic: str
    partition: int = 0
    offset: int = 0
    value: bytes | None = None
    timestamp: int = APPEND_MS
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


class Sink:
    """Lands records and writes them, as the process does."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._writer = Writer(lambda: client, RealClock())
        self._events = EventLines(b"k" * 32, RealClock())
        self._registry = RegistryTables(KEY, RealClock())

    def events(self, *records: Rec) -> None:
        batch = TableBatch()
        for record in records:
            self._events.land(record, batch)
        self._writer.write(batch)

    def rows(self, table: str, *rows: dict[str, Any]) -> None:
        value = b"\n".join(json.dumps(row).encode() for row in rows)
        batch = TableBatch()
        table_lines.land(
            Rec("verdicts", value=value, headers=[(TABLE_HEADER, table.encode())]), batch
        )
        self._writer.write(batch)

    def registry(self, registry: RegionRegistry, offset: int = 0, key: bytes = KEY) -> None:
        value = registry.encode()
        headers: list[tuple[str, bytes | None]] = [
            *control_headers(key, REGISTRY_CHANGE, "registry", 0, value)
        ]
        batch = TableBatch()
        self._registry.land(Rec("registry", offset=offset, value=value, headers=headers), batch)
        self._writer.write(batch)

    def position(self, position: int, topic: str = "sppg.events", **more: Any) -> None:
        row = {
            "stream": "verdicts",
            "topic": topic,
            "partition": 0,
            "position": position,
            "watermark": "2026-11-24T03:13:33.5Z",
            "time": "2026-11-24T03:15:33.500Z",
        }
        self.rows("positions", row | more)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(query).result_rows]


def performance(**more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        column.name: None if column.type.startswith("Nullable") else 0
        for column in TABLES["performance"].columns
    }
    return row | {
        "region": REGION,
        "level": "unit",
        "area_id": KITCHEN,
        "window": "1d",
        "window_start": "2026-11-23T17:00:00Z",
        "window_end": "2026-11-24T17:00:00Z",
        "day": "2026-11-24",
        "revision": 1,
        "updated_at": "2026-11-24T03:00:00.25Z",
    } | more  # fmt: skip
