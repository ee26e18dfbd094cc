"""Headers' names that are no UTF-8: both libraries read the records, on the real broker and in every codec."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AsyncPlace
from aiokafka.consumer import fetcher as aiokafka_fetcher
from hypothesis import given
from hypothesis import strategies as st
from kafka import KafkaConsumer, KafkaProducer
from kafka.consumer import fetcher as kafka_fetcher
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.structs import TopicPartition

from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Cluster
from contracts.results.topics import SPPG_EVENTS, topics
from tests import hostile
from tests.hostile import HostileRecord, for_kafka_python

_BAD = HostileRecord(b"bad", None, [("n\udcff", b"x"), ("good", b"y")], 0)
_WAIT_MS = 1_000


def _packed(batches: list[list[HostileRecord]], codec: int) -> bytes:
    """A fetch: batches one after the other."""
    data = b""
    for batch in batches:
        builder = MemoryRecordsBuilder(2, codec, 1_000_000)
        for record in batch:
            arguments = for_kafka_python(record)
            builder.append(
                arguments["timestamp_ms"],
                arguments["key"],
                arguments["value"],
                arguments["headers"],
            )
        builder.close()
        data += bytes(builder.buffer())
    return data


def _read(records: Any) -> list[Any]:
    found: list[Any] = []
    while (batch := records.next_batch()) is not None:
        assert batch.validate_crc()
        found.extend(batch)
    return found


@given(
    st.lists(st.lists(hostile.records, min_size=1, max_size=4), min_size=1, max_size=4),
    st.integers(0, 4),
)
def test_any_record_is_decoded(batches: list[list[HostileRecord]], codec: int) -> None:
    written = [(one.key, one.value, len(one.headers)) for batch in batches for one in batch]
    data = _packed(batches, codec)
    fetchers: list[Any] = [aiokafka_fetcher, kafka_fetcher]
    for fetcher in fetchers:
        found = _read(fetcher.MemoryRecords(data))
        assert [(one.key, one.value, len(one.headers)) for one in found] == written


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
def test_the_next_record_is_read(kafka: str, codec: str | None) -> None:
    cluster = Cluster(kafka)
    ensure_topics(cluster, topics(1, 1), 1)
    with KafkaProducer(bootstrap_servers=kafka, compression_type=codec) as producer:
        where = producer.send(SPPG_EVENTS, b"before", partition=0).get(10).offset
        producer.send(SPPG_EVENTS, partition=0, **for_kafka_python(_BAD)).get(10)
        producer.send(SPPG_EVENTS, b"after", partition=0).get(10)
    wanted = [b"before", b"bad", b"after"]
    assert _sync(cluster, where) == asyncio.run(_async(cluster, where)) == wanted


def _sync(cluster: Cluster, where: int) -> list[bytes | None]:
    place = TopicPartition(SPPG_EVENTS, 0)
    consumer: Any = KafkaConsumer(**cluster.client(), isolation_level="read_committed")
    found: list[bytes | None] = []
    try:
        consumer.assign([place])
        consumer.seek(place, where)
        while len(found) < 3:
            found += [one.value for one in consumer.poll(_WAIT_MS).get(place, ())]
    finally:
        consumer.close()
    return found


async def _async(cluster: Cluster, where: int) -> list[bytes | None]:
    place = AsyncPlace(SPPG_EVENTS, 0)
    consumer = AIOKafkaConsumer(**cluster.client(), isolation_level="read_committed")
    found: list[bytes | None] = []
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, where)
        while len(found) < 3:
            fetched = await consumer.getmany(place, timeout_ms=_WAIT_MS)
            found += [one.value for one in fetched.get(place, ())]
    finally:
        await consumer.stop()
    return found
