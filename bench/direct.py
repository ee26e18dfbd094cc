"""From the folds to ClickHouse without Kafka between: records as the sink would have read them."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.results.topics import REGISTRY, REGISTRY_CHANGE, TABLE_TOPICS, control_headers
from contracts.time.clock import RealClock
from sinks import table_lines
from sinks.batch import TableBatch
from sinks.registry_rows import RegistryTables
from streams.core.fold import Out

_KEY = b"k" * 32


@dataclass
class Landed:
    """A Kafka record as the sink sees it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


def land_registry(value: bytes, now_ms: int, batch: TableBatch) -> None:
    """The rows of an encoded registry, signed as in an installation."""
    headers = control_headers(_KEY, REGISTRY_CHANGE, REGISTRY, 0, value)
    record = Landed(REGISTRY, 0, 0, now_ms, value, [*headers])
    RegistryTables(_KEY, RealClock()).land(record, batch)


def land_rows(out: Out, batch: TableBatch) -> None:
    """A fold's table lines; nothing of a record that the sink does not read."""
    if out.topic in TABLE_TOPICS and out.value is not None:
        table_lines.land(Landed(out.topic, 0, 0, 0, out.value, [*out.headers]), batch)
