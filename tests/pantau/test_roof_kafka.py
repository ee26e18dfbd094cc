"""What the command does on a real broker: topics made and checked, the registry in the log once, offsets read back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from kafka import KafkaProducer

from chassis.feeds.log_ends import EndsPolicy, LogEnds
from chassis.kafka.admin import TopicError, ensure_topics, wait_for_broker
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import OutgoingRecord
from chassis.kafka.sending import KafkaWriter
from chassis.operator_error import OperatorError
from contracts.registry.entities import Kecamatan, Region, RegionRegistry, Unit
from contracts.results.topics import (
    EVENT_TOPICS,
    MAX_STATE_BYTES,
    REGION_STATE,
    REGISTRY,
    REGISTRY_CHANGE,
    Topic,
    control_of,
    topics,
)
from contracts.time.clock import RealClock
from contracts.time.days import iso_to_day
from engines.kafka.broker import KafkaBroker
from pantau.registry_publish import publish
from pantau.status.offsets import read_offsets
from tests.fixtures_sinks import wait_until
from tests.ports import pick_port

pytestmark = pytest.mark.real

KEY = b"k" * 32
CLOCK = RealClock()
REGION = Region(
    "32.11", "Sumedang", "Jawa Barat", "Asia/Jakarta", (1,), (), (Kecamatan("32.11.01", "Wado"),)
)


def unit(number: int, valid_from: str = "2026-01-01") -> Unit:
    return Unit(
        f"SPPG-{number}", "sppg", f"SPPG Contoh {number}", "32.11.01", 108.0, -6.9, 60, 840, 3000,
        None, 0, "active", iso_to_day(valid_from), True,
    )  # fmt: skip


FIRST = RegionRegistry(REGION, (unit(1),), ())


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker of this module alone: it writes to the installation's own topics."""
    node = KafkaBroker(tmp_path_factory.mktemp("roof"), pick_port())
    with node.running():
        ensure_topics(node.cluster, topics(2, 1), 1)
        yield node.cluster


def read(broker: Cluster, topic: str, partition: int) -> list[Any]:
    async def run() -> list[Any]:
        at = TopicPartition(topic, partition)
        consumer = AIOKafkaConsumer(**broker.client(), isolation_level="read_committed")
        await consumer.start()
        try:
            consumer.assign([at])
            await consumer.seek_to_beginning(at)
            end = (await consumer.end_offsets([at]))[at]
            found: list[Any] = []
            while await consumer.position(at) < end:
                for records in (await consumer.getmany(at, timeout_ms=200)).values():
                    found.extend(records)
            return found
        finally:
            await consumer.stop()

    return asyncio.run(run())


def test_topics_are_made_once_and_a_misfit_is_named(broker: Cluster) -> None:
    ensure_topics(broker, topics(2, 1), 1)
    with pytest.raises(
        TopicError, match=r"topic sppg.events has 2 partitions, not 4.*PANTAU_PARTITIONS"
    ):
        ensure_topics(broker, topics(4, 1), 1)
    ensure_topics(broker, [Topic("odd", 1, {"message.timestamp.type": "CreateTime"})], 1)
    with pytest.raises(TopicError, match=r"topic odd has message\.timestamp\.type=CreateTime"):
        ensure_topics(broker, [Topic("odd", 1, {"message.timestamp.type": "LogAppendTime"})], 1)


def test_a_topic_of_an_earlier_version_takes_a_large_record_of_state_after_the_upgrade(
    broker: Cluster,
) -> None:
    wanted = next(topic for topic in topics(2, 1) if topic.name == REGION_STATE)
    old = Topic("old.state", 1, wanted.config | {"max.message.bytes": "1048588"})
    ensure_topics(broker, [old], 1)
    value = b"x" * (MAX_STATE_BYTES - 1_000)

    async def write() -> None:
        writer = KafkaWriter(broker, "large")
        await writer.open()
        try:
            await writer.send([OutgoingRecord(old.name, value, b"key", 0)])
        finally:
            await writer.close()

    with pytest.raises(KafkaError, match="MessageSizeTooLarge"):
        asyncio.run(write())
    ensure_topics(broker, [replace(wanted, name=old.name)], 1)
    asyncio.run(write())
    assert [record.value for record in read(broker, old.name, 0)] == [value]


def test_no_broker_is_one_clear_sentence() -> None:
    with pytest.raises(TimeoutError, match=r"no Kafka at 127\.0\.0\.1:1 after 0 s"):
        wait_for_broker(Cluster("127.0.0.1:1"), 0.0)


def test_the_registry_reaches_every_partition_once_and_signed(broker: Cluster) -> None:
    assert publish(broker, KEY, CLOCK, [FIRST]) == ["32.11"]
    assert publish(broker, KEY, CLOCK, [FIRST]) == []
    places = [(REGISTRY, 0), *((topic, part) for topic in EVENT_TOPICS for part in range(2))]
    for topic, partition in places:
        (record,) = read(broker, topic, partition)
        assert RegionRegistry.decode(record.value) == FIRST
        assert record.key == (b"32.11" if topic == REGISTRY else None)
        assert control_of(KEY, record) == REGISTRY_CHANGE

    grown = msgspec.structs.replace(FIRST, units=(unit(1), unit(2, "2999-01-01")))
    assert publish(broker, KEY, CLOCK, [grown]) == ["32.11"]
    assert len(read(broker, EVENT_TOPICS[0], 1)) == 2

    rewritten = msgspec.structs.replace(grown, units=(unit(2, "2999-01-01"),))
    with pytest.raises(OperatorError, match=r"region 32\.11 may not be taken over.*\n  units.csv"):
        publish(broker, KEY, CLOCK, [rewritten])
    # As after an upgrade whose example region has more units than the data dir knows.
    newer = msgspec.structs.replace(grown, units=(*grown.units, *map(unit, range(3, 12))))
    with pytest.raises(
        OperatorError,
        match=r"row SPPG-7 valid_from 2026-01-01: is new.*\n  and 4 more\n.*--data-dir",
    ):
        publish(broker, KEY, CLOCK, [newer])
    assert len(read(broker, EVENT_TOPICS[0], 1)) == 2

    # A key that is not this installation's: its records count for nothing, ours for nothing to it.
    assert publish(broker, b"x" * 32, CLOCK, [FIRST]) == ["32.11"]
    assert publish(broker, KEY, CLOCK, [grown]) == []


def test_offsets_of_topics_and_groups(broker: Cluster) -> None:
    async def commit() -> None:
        consumer = AIOKafkaConsumer(
            "odd2", **broker.client(), group_id="pantau-sink-x", enable_auto_commit=False
        )
        await consumer.start()
        try:
            await consumer.commit({TopicPartition("odd2", 0): 0})
        finally:
            await consumer.stop()

    ensure_topics(broker, [Topic("odd2", 1)], 1)
    state = read_offsets(broker, ["odd2", "nowhere"], "pantau-sink")
    assert state == ({("odd2", 0): 0}, {}, [])
    asyncio.run(commit())
    assert read_offsets(broker, ["odd2"], "pantau-sink").groups == {("odd2", 0): 0}


def test_an_open_transaction_is_named_and_its_records_are_lag(broker: Cluster) -> None:
    ensure_topics(broker, [Topic("held", 1)], 1)
    seen = LogEnds(broker, [("held", 0)], EndsPolicy(every_s=0.1, open_s=0.5))
    stranger = KafkaProducer(**broker.client(), transactional_id="stranger")
    stranger.init_transactions()
    stranger.begin_transaction()
    stranger.send("held", b"x", partition=0).get(30)
    plain = KafkaProducer(**broker.client())
    plain.send("held", b"waits", partition=0).get(30)
    with seen.followed():
        wait_until(lambda: "held/0 waits at offset 0" in (seen.trouble() or ""))
        assert seen.lag("held", 0, 0) == 2
        assert read_offsets(broker, ["held"], "pantau-sink").waits == []  # open for a moment only
        state = read_offsets(broker, ["held"], "pantau-sink", open_ms=0)
        assert state.ends == {("held", 0): 2}
        (wait,) = state.waits
        assert (wait.topic, wait.partition, wait.records) == ("held", 0, 2)
        assert f"of producer {wait.producer} (stranger) since 20" in str(wait)
        stranger.abort_transaction()
        wait_until(lambda: seen.trouble() is None)
        assert read_offsets(broker, ["held"], "pantau-sink", open_ms=0).waits == []
    stranger.close()
    plain.close()
