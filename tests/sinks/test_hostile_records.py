"""Records that anyone may write, in every codec, on the real broker: the sink takes the next one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from contracts.results.topics import EVENT_TOPICS
from tests.examples import line
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.fixtures_sinks import Sink, count, sinks_of, wait_until


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
