"""Follows a topic of control records: read to its end at the start, then record by record."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from chassis.kafka.cluster import Cluster

_POLL_MS: Final = 500

Records = list[ConsumerRecord[bytes | None, bytes | None]]


async def follow_topic(cluster: Cluster, topic: str) -> AsyncGenerator[tuple[Records, bool], None]:
    """What each poll brings (maybe nothing), and whether the end that the topic had at the start is reached.

    Never ends. Raises `KafkaError`, `OSError`.
    """
    consumer = AIOKafkaConsumer(
        **cluster.client(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    partition = TopicPartition(topic, 0)
    try:
        await consumer.start()
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        records: Records = []
        while True:
            yield records, await consumer.position(partition) >= end
            records = (await consumer.getmany(partition, timeout_ms=_POLL_MS)).get(partition, [])
    finally:
        await consumer.stop()
