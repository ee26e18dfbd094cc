"""ClickHouse's disk fills while events come: the sink waits, says for what, and nothing is missing afterwards."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from contracts.results.topics import SPPG_EVENTS
from storage import migrate
from storage.schema import STORE
from tests.examples import KITCHEN, line
from tests.fixtures_clickhouse import EmbeddedClickHouse, embedded
from tests.fixtures_sinks import Start, count, lag, producer, sinks_of, small_disk, wait_until

__all__ = ["producer"]

EVENTS = 300


def send(producer: KafkaProducer, run: str, first: int, n: int = EVENTS) -> None:
    for number in range(first, first + n):
        event = line("sppg.meal.eaten", id=f"{run}-{number}")
        producer.send(SPPG_EVENTS, event, key=KITCHEN.encode())
    producer.flush()


def waiting_s(metrics: str) -> float:
    found = re.search(r'pantau_sink_waiting_seconds{reader="events"} (\S+)', metrics)
    assert found is not None
    return float(found[1])


def fills_and_empties(
    start: Start,
    store: Client,
    producer: KafkaProducer,
    broker: str,
    full: Callable[[], object],
    empty: Callable[[], object],
) -> None:
    """`full` makes the disk full, `empty` makes room."""
    before = count(store, "raw_lines")
    sink = start()
    send(producer, "room", 0)
    wait_until(lambda: count(store, "raw_lines") == before + EVENTS)
    wait_until(lambda: sink.ready()[0] and lag(broker) == 0)
    full()
    try:
        send(producer, "full", 0)
        wait_until(lambda: "waits for disk space of ClickHouse" in sink.ready()[1])
        assert not sink.ready()[0]
        wait_until(lambda: waiting_s(sink.metrics()) > 0)
        # What is not proved is not committed.
        assert lag(broker) == EVENTS
        assert count(store, "raw_lines") == before + EVENTS
    finally:
        empty()
    wait_until(lambda: count(store, "raw_lines") == before + 2 * EVENTS)
    wait_until(lambda: sink.ready()[0] and lag(broker) == 0)
    assert waiting_s(sink.metrics()) == 0
    assert sink.stop() == 0
    assert count(store, "sink_rejects") == 0


def test_a_disk_without_room(
    engine: EmbeddedClickHouse, store: Client, producer: KafkaProducer, broker: str, tmp_path: Path
) -> None:
    """The engine is told that its disk must keep more free than there is: it refuses as on a full one."""
    setting = "min_free_disk_bytes_to_perform_insert"
    table = f"{STORE}.raw_lines"
    with sinks_of(engine, broker, tmp_path) as start:
        fills_and_empties(
            start,
            store,
            producer,
            broker,
            lambda: store.command(f"ALTER TABLE {table} MODIFY SETTING {setting} = {10**18}"),
            lambda: store.command(f"ALTER TABLE {table} RESET SETTING {setting}"),
        )


def test_a_disk_that_is_full(producer: KafkaProducer, broker: str, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "48m") as disk:
        engine = embedded(disk / "data")
        engine.start()
        try:
            store = engine.client()
            migrate.run(store)
            filler = disk / "filler"
            with sinks_of(engine, broker, tmp_path / "sinks") as start:
                fills_and_empties(
                    start, store, producer, broker, lambda: fill(filler), filler.unlink
                )
        finally:
            engine.stop()


def fill(filler: Path) -> None:
    """Leave less than the engine wants for the smallest part."""
    disk = os.statvfs(filler.parent)
    filler.write_bytes(bytes(disk.f_bavail * disk.f_frsize - 64_000))
