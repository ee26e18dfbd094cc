"""Table lines as the streams write them: made by their folds, from kitchens' events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from bench.pipeline.kitchen_requests import KitchenRequest, LoadScenario, make_requests
from contracts.events.identity import stamp
from contracts.events.lines import split
from contracts.registry.entities import RegionRegistry
from contracts.results.tables import TABLES
from contracts.results.topics import (
    EVENT_TOPICS,
    REGION_FEED,
    REGISTRY_CHANGE,
    SPPG_EVENTS,
    TABLE_HEADER,
    TABLE_TOPICS,
)
from contracts.time.clock import real_now_ms
from contracts.time.instant import rfc3339
from sinks.reader import MAX_ROWS
from sinks.writer import MAX_INSERT_ROWS
from streams.core.fold import Out, Record
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold

_SEED = 1


class LineWorkload(NamedTuple):
    """`events`: which kitchens' events; `a_flush`: how many of them between two flushes with rows."""

    events: LoadScenario
    a_flush: int


class InsertBlock(NamedTuple):
    """The lines of one insert."""

    table: str
    lines: Sequence[bytes]


class TableContent(NamedTuple):
    """What a table holds in the end: rows, the greatest version among them."""

    rows: int
    version: int


def fold_lines(registry: RegionRegistry, workload: LineWorkload) -> list[list[Out]]:
    """The records with table lines of each flush. What the registry alone makes is not among them."""
    return [*_Folds(registry).flushes(make_requests(registry, workload.events, _SEED), workload.a_flush)]  # fmt: skip


class _Folds:
    """Both stages, of one partition."""

    def __init__(self, registry: RegionRegistry) -> None:
        self._now_ms = real_now_ms()
        self._units = {topic: UnitFold(topic, 0, 1, 1) for topic in EVENT_TOPICS}
        self._positions = dict.fromkeys(EVENT_TOPICS, 1)
        self._region = RegionFold(0, len(EVENT_TOPICS), "bench")
        self._fed = 0
        for fold in self._units.values():
            fold.apply(Record(0, self._now_ms, registry.encode(), b"", REGISTRY_CHANGE))
        self._flush()

    def flushes(self, requests: Sequence[KitchenRequest], a_flush: int) -> Iterator[list[Out]]:
        received = rfc3339(self._now_ms)
        fold = self._units[SPPG_EVENTS]
        for at in range(0, len(requests), a_flush):
            first = self._positions[SPPG_EVENTS]
            records = [
                Record(offset, self._now_ms, stamp(one.body, received), one.unit.encode())
                for offset, one in enumerate(requests[at : at + a_flush], first)
            ]
            fold.apply(*records)
            self._positions[SPPG_EVENTS] += len(records)
            yield self._flush()

    def _flush(self) -> list[Out]:
        found = []
        for topic, fold in self._units.items():
            for out in fold.drain(self._positions[topic]).out:
                if out.topic == REGION_FEED:
                    self._region.apply(Record(self._fed, self._now_ms, out.value or b""))
                    self._fed += 1
                found.append(out)
        found += self._region.drain(self._fed).out
        return [out for out in found if out.topic in TABLE_TOPICS]


def table_of_record(out: Out) -> str:
    """The table that a record's lines are rows of."""
    return dict(out.headers)[TABLE_HEADER].decode()


def blocks(flushes: Sequence[Sequence[Out]]) -> Iterator[InsertBlock]:
    """All lines, in inserts as large as the sink's when it is behind: of each `MAX_ROWS` lines one a table, `MAX_INSERT_ROWS` at most."""
    waiting: dict[str, list[bytes]] = {}
    count = 0
    for out in (out for flush in flushes for out in flush):
        lines = split(out.value or b"")
        waiting.setdefault(table_of_record(out), []).extend(lines)
        count += len(lines)
        if count >= MAX_ROWS:
            yield from _cut(waiting)
            waiting, count = {}, 0
    yield from _cut(waiting)


def _cut(waiting: dict[str, list[bytes]]) -> Iterator[InsertBlock]:
    for table, lines in waiting.items():
        for at in range(0, len(lines), MAX_INSERT_ROWS):
            yield InsertBlock(table, lines[at : at + MAX_INSERT_ROWS])


def compact(line: bytes) -> bytes:
    """The same row without its names."""
    return msgspec.json.encode([*msgspec.json.decode(line).values()])


def contents(flushes: Sequence[Sequence[Out]]) -> dict[str, TableContent]:
    """What the tables hold once they have all lines: of each identity one row."""
    versions: dict[str, dict[tuple[object, ...], int]] = {}
    for block in blocks(flushes):
        table = TABLES[block.table]
        newest = versions.setdefault(block.table, {})
        for line in block.lines:
            row = msgspec.json.decode(line)
            identity = tuple(row[name] for name in table.key)
            version = row[table.version] if table.version else 0
            newest[identity] = max(newest.get(identity, version), version)
    return {name: TableContent(len(some), max(some.values())) for name, some in versions.items()}
