"""The sink as a process, between a real broker and a real engine: nothing lost, nothing twice, whatever is killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from contracts.results.topics import SPPG_EVENTS, TABLE_HEADER, TICK, VERDICTS, control_headers
from storage import migrate
from storage.next_migration import next_statements
from storage.schema import STORE
from tests.examples import KITCHEN, line
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.fixtures_sinks import Start, count, lag, producer, sinks_of, wait_until
from tests.storage import filled_store

__all__ = ["producer"]


@pytest.fixture
def start(engine: EmbeddedClickHouse, broker: str, tmp_path: Path) -> Iterator[Start]:
    with sinks_of(engine, broker, tmp_path) as begin:
        yield begin


def meals(run: str, first: int, n: int) -> list[bytes]:
    return [line("sppg.meal.eaten", id=f"{run}-{number}") for number in range(first, first + n)]


def verdict_row(table: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"value": json.dumps(row).encode(), "headers": [(TABLE_HEADER, table.encode())]}


TICKED = control_headers(bytes.fromhex("6b" * 32), TICK, SPPG_EVENTS, 0, b"{}")
POSITION = {
    "stream": VERDICTS,
    "topic": SPPG_EVENTS,
    "partition": 0,
    "watermark": "2026-11-24T03:13:33Z",
    "time": "2026-11-24T03:15:33Z",
}


def test_rows_are_exact_after_kills_between_insert_and_commit(
    start: Start, store: Client, producer: KafkaProducer, broker: str
) -> None:
    for first in (0, 300, 600):
        for number in range(first, first + 300, 3):
            producer.send(SPPG_EVENTS, b"\n".join(meals("kill", number, 3)), partition=number % 2)
        producer.send(SPPG_EVENTS, b"{}", partition=0, headers=TICKED)
        producer.flush()
        assert start("tests.sinks.killer").process.wait(120) == -signal.SIGKILL
        assert count(store, "raw_lines") > first
    sink = start()
    wait_until(lambda: lag(broker) == 0)
    assert count(store, "raw_lines") == 900
    assert count(store, "raw_lines", "parsed = 1") == 900
    producer.send(VERDICTS, partition=0, **verdict_row("positions", POSITION | {"position": 10**6}))
    producer.send(
        VERDICTS,
        partition=1,
        **verdict_row("positions", POSITION | {"position": 10**6, "partition": 1}),
    )
    producer.flush()
    wait_until(lambda: count(store, "positions") == 2)
    assert store.query(
        "SELECT count(), uniqExact(id), sum(data.eaten.sd) FROM pantau.events"
    ).result_rows == [(900, 900, 900 * 290)]
    wait_until(lambda: sink.ready()[0])
    assert 'pantau_sink_rows_total{table="positions"} 2.0' in sink.metrics()
    assert sink.stop() == 0


def test_it_waits_for_a_clickhouse_that_is_away_and_loses_nothing(
    start: Start, store: Client, producer: KafkaProducer, engine: EmbeddedClickHouse, broker: str
) -> None:
    sink = start()
    wait_until(lambda: sink.ready()[0])
    engine.stop(signal.SIGKILL)
    try:
        for number in range(50):
            producer.send(SPPG_EVENTS, meals("away", number, 1)[0], key=KITCHEN.encode())
        producer.flush()
        wait_until(lambda: "raw_lines" in sink.ready()[1])
        assert not sink.ready()[0]
    finally:
        engine.start()
    wait_until(lambda: count(store, "raw_lines") == 50)
    wait_until(lambda: sink.ready()[0])
    assert sink.stop() == 0
    assert lag(broker) == 0


def test_two_sinks_bring_an_older_store_up_to_date_at_once(
    start: Start, store: Client, producer: KafkaProducer
) -> None:
    filled_store.restore(store)
    sinks = [start(), start()]
    row = {"topic": SPPG_EVENTS, "partition": 1, "line": 0, "verdict": "duplicate", "code": ""}
    producer.send(VERDICTS, partition=0, **verdict_row("exceptions", row | {"offset": 10**6}))
    producer.flush()
    wait_until(lambda: count(store, "migrations") > filled_store.OLD_MIGRATIONS)
    wait_until(lambda: count(store, "exceptions", "offset = 1000000") == 1)
    assert [sink.stop() for sink in sinks] == [0, 0]
    assert next_statements(store) == ()
    assert migrate.run(store) == ()


def test_a_sink_refuses_a_newer_store(start: Start, store: Client) -> None:
    row = "('9999', '9999_later.sql', 'x')"
    store.command(f"INSERT INTO {migrate.TABLE} (id, name, checksum) VALUES {row}")
    try:
        assert start().process.wait(60) == 1
    finally:
        store.command(f"DELETE FROM {migrate.TABLE} WHERE id = '9999'")


def test_what_a_transaction_takes_back_is_not_written(
    start: Start, store: Client, broker: str
) -> None:
    sink = start()
    row = {"topic": SPPG_EVENTS, "partition": 0, "line": 0, "verdict": "duplicate", "code": ""}
    producer = KafkaProducer(bootstrap_servers=broker, transactional_id="sinks-test")
    producer.init_transactions()
    for offset in range(6):
        producer.begin_transaction()
        producer.send(VERDICTS, partition=0, **verdict_row("exceptions", row | {"offset": offset}))
        if offset % 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
    producer.close()
    wait_until(lambda: count(store, "exceptions", "offset = 4") == 1)
    assert count(store, "exceptions") == 3
    caught_up = 'pantau_sink_lag_records{partition="0",topic="verdicts"} 0.0'
    wait_until(lambda: caught_up in sink.metrics())
    assert sink.stop() == 0


def test_a_poison_line_stops_nobody(start: Start, store: Client, producer: KafkaProducer) -> None:
    sink = start()
    row = {"topic": SPPG_EVENTS, "partition": 0, "line": 0, "verdict": "duplicate", "code": ""}
    lines = [json.dumps(row | {"offset": offset}).encode() for offset in range(100, 200)]
    lines[50] = b'{"topic": 7'
    headers = [(TABLE_HEADER, b"exceptions")]
    producer.send(VERDICTS, b"\n".join(lines), partition=0, headers=headers)
    producer.flush()
    wait_until(lambda: count(store, "sink_rejects") == 1)
    wait_until(lambda: count(store, "exceptions") == 99)
    assert store.query(f"SELECT line, value FROM {STORE}.sink_rejects").result_rows == [
        (50, '{"topic": 7')
    ]
    assert 'pantau_sink_rejects_total{table="exceptions"} 1.0' in sink.metrics()
    assert sink.stop() == 0
