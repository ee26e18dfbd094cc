"""Records that anyone may write, through the sink's readers without a broker; sink, streams and audit find the same lines."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.structs import TopicPartition

from audit.kafka_lines import KafkaEventLog, Partition
from chassis.health import Health
from contracts.events.decode import decode_records
from contracts.events.lines import MAX_SPLIT_BYTES, split
from contracts.results.topics import SPPG_EVENTS, TICK, control_headers, control_of
from contracts.time.clock import RealClock
from sinks import table_lines
from sinks.batch import TableBatch
from sinks.landing import EventLines
from sinks.reader import Reader
from sinks.registry_rows import RegistryTables
from sinks.sink_metrics import Readiness
from sinks.writer import Writer
from tests import hostile
from tests.hostile import HostileRecord

KEY = b"k" * 32
AT = 1_795_490_133_000
PLACE = TopicPartition(SPPG_EVENTS, 0)


def consumed(record: HostileRecord, offset: int, is_ours: bool) -> Any:
    headers = [*record.headers, *control_headers(KEY, TICK, SPPG_EVENTS, 0, record.value or b"")]
    return SimpleNamespace(
        topic=SPPG_EVENTS,
        partition=0,
        offset=offset,
        timestamp=AT,
        key=record.key,
        value=record.value,
        headers=headers if is_ours else record.headers,
    )


class Consumer:
    """Of kafka-python, as far as the audit asks it."""

    def __init__(self, records: list[Any]) -> None:
        self._records = records

    def assign(self, _places: object) -> None: ...

    def seek(self, _place: object, _offset: int) -> None: ...

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:  # noqa: ARG002
        return {PLACE: self._records}

    def position(self, _place: object, timeout_ms: int) -> int:  # noqa: ARG002
        return len(self._records)


class Committed:
    """A `CommittedLog`, as far as the audit asks it."""

    def __init__(self, records: list[Any]) -> None:
        self._records = records

    def read(self, _place: object, _bounds: object) -> list[Any]:
        return self._records


_some = st.lists(st.tuples(hostile.records, st.booleans()), min_size=1, max_size=8)


@settings(max_examples=300)
@given(_some)
def test_sink_streams_and_audit_find_the_same_lines(
    found: list[tuple[HostileRecord, bool]],
) -> None:
    records = [consumed(one, at, is_ours) for at, (one, is_ours) in enumerate(found)]
    batch = TableBatch()
    lines = EventLines(KEY, RealClock())
    for record in records:
        lines.land(record, batch)
    landed = [(row.place.offset, row.place.line) for row in batch.rows.get("raw_lines", [])]
    committed: Any = Committed(records)
    log = KafkaEventLog(committed, KEY, RealClock())
    audited = [
        (one.offset, number)
        for one in log.read(Partition(SPPG_EVENTS, 0), 0, len(records))
        for number in range(len(split(one.value)))
    ]
    events = [one for one in records if not control_of(KEY, one)]
    decoded = decode_records([one.value or b"" for one in events])
    judged = [
        (one.offset, number)
        for one, items in zip(events, decoded, strict=True)
        for number in range(len(items))
    ]
    assert landed == audited == judged
    assert {one.offset for one in events} >= {
        at for at, (_one, is_ours) in enumerate(found) if not is_ours
    }


@settings(max_examples=300)
@given(_some)
def test_each_line_of_a_table_topic_is_a_row_or_a_reject(
    found: list[tuple[HostileRecord, bool]],
) -> None:
    batch = TableBatch()
    registry = RegistryTables(KEY, RealClock())
    for at, (one, is_ours) in enumerate(found):
        record = consumed(one, at, is_ours)
        table_lines.land(record, batch)
        rows, rejects = sum(map(len, batch.rows.values())), len(batch.rejects)
        registry.land(record, batch)
        assert (rows, rejects + (one.value is not None)) == (batch.count, len(batch.rejects))
    expected = sum(len(split(one.value or b"")) + (one.value is not None) for one, _ in found)
    assert batch.count + len(batch.rejects) == expected


def test_millions_of_lines_in_one_value_are_one_line() -> None:
    value = b"\n" * (MAX_SPLIT_BYTES + 1)
    batch = TableBatch()
    record = consumed(HostileRecord(value, None, [], 0), 3, is_ours=False)
    EventLines(KEY, RealClock()).land(record, batch)
    assert batch.count == 1
    assert [len(items) for items in decode_records([value, b"{}", b"{}"])] == [1, 1, 1]


def test_a_batch_that_does_not_end_is_said_by_who_is_asked(monkeypatch: Any) -> None:
    """A write that hangs has not failed: nobody but the one who asks can see it."""
    health = Health("sinks")
    readiness = Readiness(health, ("events",))
    writer = Writer(lambda: SimpleNamespace(), RealClock())
    reader = Reader(
        "hang", Consumer([]), {}, writer, lambda _: None, readiness, threading.Event(), 5.0
    )
    health.check(reader.trouble)
    readiness.fine("events")
    before = health.is_ready
    now = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert (before, health.is_ready) == (True, False)
    assert "one batch has been under way for 61 s" in (reader.trouble() or "")
