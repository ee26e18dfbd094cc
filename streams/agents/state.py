"""Reading a partition of state back: everything to its end, as committed."""

from __future__ import annotations

from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.kafka.cluster import Cluster

POSITION_KEY = b"~position"
_ASK_MS: Final = 2_000


class StoredPosition(msgspec.Struct, frozen=True):
    """Where the input goes on. `topic_id`: Kafka's id of the input topic, since a topic made anew starts over."""

    offset: int
    topic_id: str


decode_position = msgspec.json.Decoder(StoredPosition).decode
encode_position = msgspec.json.Encoder().encode


async def read_state(cluster: Cluster, topic: str, partition: int) -> dict[bytes, bytes]:
    """The newest value of each key, tombstones left out. The partition must have no open transaction: fence its writer first."""
    consumer = AIOKafkaConsumer(
        **cluster.client(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    await consumer.start()
    try:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        found: dict[bytes, bytes] = {}
        # Markers of transactions take offsets too, so the position decides when the end is reached, not the number of records.
        while await consumer.position(place) < end:
            fetched = await consumer.getmany(place, timeout_ms=1000)
            for record in fetched.get(place, ()):
                if record.value is None:
                    found.pop(record.key, None)
                else:
                    found[record.key] = record.value
        return found
    finally:
        await consumer.stop()


async def log_bounds(cluster: Cluster, topic: str, partition: int) -> tuple[int, int]:
    """First offset and end of a partition's log."""
    consumer = AIOKafkaConsumer(**cluster.client(), enable_auto_commit=False)
    await consumer.start()
    try:
        place = TopicPartition(topic, partition)
        first = await consumer.beginning_offsets([place])
        end = await consumer.end_offsets([place])
        return first[place], end[place]
    finally:
        await consumer.stop()


async def holds_records(cluster: Cluster, topic: str, partition: int, offset: int) -> bool:
    """Whether a reader at `offset` gets a committed record (the log's end alone would count marks of transactions too)."""
    consumer = AIOKafkaConsumer(
        **cluster.client(), enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek(place, offset)
        return bool(await consumer.getmany(place, timeout_ms=_ASK_MS, max_records=1))
    finally:
        await consumer.stop()
