"""Records that anyone may write, in every codec, on the real broker: the sink takes the next one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from contracts.results.topics import EVENT_TOPICS, SPPG_EVENTS, TABLE_HEADER, VERDICTS
from storage.schema import STORE
from tests.examples import line
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.fixtures_sinks import Sink, count, sinks_of, wait_until
from tests.sinks.ending_proxy import ending_at


@pytest.fixture
def sink(engine: EmbeddedClickHouse, broker: str, tmp_path: Path) -> Iterator[Sink]:
    with sinks_of(engine, broker, tmp_path) as begin:
        yield begin()


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_each_codec_passes(store: Client, sink: Sink, broker: str, codec: str) -> None:
    with KafkaProducer(bootstrap_servers=broker, compression_type=codec) as packed:
        for topic in EVENT_TOPICS:
            packed.send(topic, b"\n".join([line("sppg.meal.eaten", id=codec)] * 50), partition=0)
    wait_until(lambda: count(store, "raw_lines", f"id = '{codec}'") == 150)
    assert sink.process.poll() is None


def test_a_table_line_that_no_table_takes_is_set_aside_and_the_next_one_lands(
    store: Client, sink: Sink, broker: str
) -> None:
    headers = [(TABLE_HEADER, b"exceptions")]
    row = {"topic": SPPG_EVENTS, "partition": 1, "line": 0, "verdict": "duplicate", "code": ""}
    hostile = (b"\xff\xfe", b'{"\xff":"a"}', b'{"offset":5}\n{"topic":"\xff"}', b'{"topic":', b"\0")
    with KafkaProducer(bootstrap_servers=broker) as stranger:
        for value in hostile:
            stranger.send(VERDICTS, value, partition=0, headers=headers)
        stranger.send(VERDICTS, b"{}", partition=0, headers=[(TABLE_HEADER, b"\xff")])
        stranger.send(VERDICTS, None, key=b"k", partition=0, headers=headers)
        stranger.send(VERDICTS, b"", partition=0, headers=headers)
        for offset in (1, 2):
            stranger.send(
                VERDICTS,
                json.dumps(row | {"offset": offset}).encode(),
                partition=0,
                headers=headers,
            )
    wait_until(lambda: count(store, "exceptions", "offset IN (1, 2)") == 2)
    # Lines that are no UTF-8 are set aside after the rows of the batch.
    wait_until(lambda: count(store, "sink_rejects", "value LIKE '%xff%'") == 3)
    assert 'pantau_sink_empty_records_total{topic="verdicts"} 2.0' in sink.metrics()
    wait_until(lambda: sink.ready()[0])


def test_a_row_with_an_error_of_no_list_is_set_aside_after_a_while_and_the_next_one_lands(
    store: Client, sink: Sink, broker: str
) -> None:
    """Code 190 blames nobody: arrays of different sizes."""
    column = (
        "probe Map(String, UInt8) MATERIALIZED mapFromArrays([code], if(code = 'odd', [1, 2], [1]))"
    )
    store.command(f"ALTER TABLE {STORE}.exceptions ADD COLUMN {column}")
    try:
        row = {"topic": SPPG_EVENTS, "partition": 1, "line": 0, "verdict": "refused"}
        lines = [row | {"offset": number, "code": "odd"[: number % 4]} for number in range(1, 5)]
        with KafkaProducer(bootstrap_servers=broker) as streams:
            value = b"\n".join(json.dumps(one).encode() for one in lines)
            streams.send(VERDICTS, value, partition=0, headers=[(TABLE_HEADER, b"exceptions")])
        wait_until(lambda: "code 190" in sink.ready()[1] or not sink.ready()[0])
        wait_until(lambda: count(store, "exceptions", "offset IN (1, 2, 4)") == 3)
        assert count(store, "sink_rejects", "reason LIKE '%code 190%' AND value LIKE '%odd%'") == 1
        assert 'pantau_sink_rejects_total{table="exceptions"}' in sink.metrics()
        wait_until(lambda: sink.ready()[0])
    finally:
        store.command(f"ALTER TABLE {STORE}.exceptions DROP COLUMN probe")


def test_a_row_that_ends_clickhouse_is_set_aside_after_a_while_and_the_next_one_lands(
    engine: EmbeddedClickHouse, store: Client, broker: str, tmp_path: Path
) -> None:
    headers = [(TABLE_HEADER, b"exceptions")]
    row = {"topic": SPPG_EVENTS, "partition": 1, "line": 0, "verdict": "refused"}
    lines = [row | {"offset": number, "code": "x" * (number != 2)} for number in (1, 2, 3)]
    with ending_at(engine.url, b'"offset":2,"code":""') as url:
        behind = replace(engine, url=url)
        with (
            sinks_of(behind, broker, tmp_path) as begin,
            KafkaProducer(bootstrap_servers=broker) as streams,
        ):
            sink = begin()
            value = b"\n".join(json.dumps(one, separators=(",", ":")).encode() for one in lines)
            streams.send(VERDICTS, value, partition=0, headers=headers)
            streams.flush()
            wait_until(lambda: not sink.ready()[0])
            wait_until(lambda: count(store, "exceptions", "offset IN (1, 3)") == 2)
            wait_until(lambda: count(store, "sink_rejects", "reason LIKE '%ended%'") == 1)
            wait_until(lambda: sink.ready()[0])
            assert 'pantau_sink_rejects_total{table="exceptions"} 1.0' in sink.metrics()
