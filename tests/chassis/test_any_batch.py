"""Batches that both libraries fail at, in every codec: bad names, bombs, damaged ones. Each is passed, on the real broker too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AsyncPlace
from aiokafka.consumer import fetcher as aiokafka_fetcher
from hypothesis import example, given
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
_BOMB = HostileRecord(b"\0" * (40 << 20), None, [], 0)
_WAIT_MS = 1_000


def _packed(batches: list[list[HostileRecord]], codec: int) -> bytes:
    """A fetch: batches one after the other."""
    data = b""
    for batch in batches:
        builder = MemoryRecordsBuilder(2, codec, 1 << 30)
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


def _both(data: bytes) -> list[list[Any]]:
    fetchers: list[Any] = [aiokafka_fetcher, kafka_fetcher]
    return [_read(fetcher.MemoryRecords(data)) for fetcher in fetchers]


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_batch_that_unpacks_to_too_much_is_one_empty_record(codec: int) -> None:
    small = HostileRecord(b"small", None, [], 0)
    data = _packed([[small], [small, _BOMB], [small]], codec)
    for found in _both(data):
        assert [one.value for one in found] == [b"small", None, b"small"]
        # Each batch of the builder begins at 0: the empty record stands at the last offset of its batch.
        assert [one.offset for one in found] == [0, 1, 0]


@given(
    st.lists(hostile.records, min_size=1, max_size=4),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
)
@example([HostileRecord(None, None, [], 0)], 1, [(213, 2)])
def test_a_damaged_batch_ends_no_reader(
    batch: list[HostileRecord], codec: int, flips: list[tuple[int, int]]
) -> None:
    """Bytes that the broker's codec takes and ours does not, or the other way round."""
    damaged = bytearray(_packed([batch], codec))
    for at, mask in flips:
        if len(damaged) > 61:
            damaged[61 + at % (len(damaged) - 61)] ^= mask
    after = HostileRecord(b"after", None, [], 0)
    data = bytes(damaged) + _packed([[after]], codec)
    fetchers: list[Any] = [aiokafka_fetcher, kafka_fetcher]
    for fetcher in fetchers:
        records = fetcher.MemoryRecords(data)
        found = list(records.next_batch())
        assert found[-1].offset <= len(batch) - 1
        assert [one.value for one in records.next_batch()] == [b"after"]


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
def test_the_next_record_is_read(kafka: str, codec: str | None) -> None:
    cluster = Cluster(kafka)
    ensure_topics(cluster, topics(1, 1), 1)
    with KafkaProducer(
        bootstrap_servers=kafka, compression_type=codec, max_request_size=64 << 20
    ) as producer:
        where = producer.send(SPPG_EVENTS, b"before", partition=0).get(10).offset
        producer.send(SPPG_EVENTS, partition=0, **for_kafka_python(_BAD)).get(10)
        if codec == "zstd":
            producer.send(SPPG_EVENTS, _BOMB.value, partition=0).get(60)
        producer.send(SPPG_EVENTS, b"after", partition=0).get(10)
    bomb = [None] if codec == "zstd" else []
    wanted = [b"before", b"bad", *bomb, b"after"]
    count = len(wanted)
    assert _sync(cluster, where, count) == asyncio.run(_async(cluster, where, count)) == wanted


def _sync(cluster: Cluster, where: int, count: int) -> list[bytes | None]:
    place = TopicPartition(SPPG_EVENTS, 0)
    consumer: Any = KafkaConsumer(**cluster.client(), isolation_level="read_committed")
    found: list[bytes | None] = []
    try:
        consumer.assign([place])
        consumer.seek(place, where)
        while len(found) < count:
            found += [one.value for one in consumer.poll(_WAIT_MS).get(place, ())]
    finally:
        consumer.close()
    return found


async def _async(cluster: Cluster, where: int, count: int) -> list[bytes | None]:
    place = AsyncPlace(SPPG_EVENTS, 0)
    consumer = AIOKafkaConsumer(**cluster.client(), isolation_level="read_committed")
    found: list[bytes | None] = []
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, where)
        while len(found) < count:
            fetched = await consumer.getmany(place, timeout_ms=_WAIT_MS)
            found += [one.value for one in fetched.get(place, ())]
    finally:
        await consumer.stop()
    return found
