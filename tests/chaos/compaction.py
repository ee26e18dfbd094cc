"""State topics that the broker compacts within seconds, and the proof that it has."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from chassis.kafka.cluster import Cluster
from contracts.results.topics import LIVE, REGION_STATE, UNIT_STATE
from streams.agents.state import POSITION_KEY

STATES: Final = (*UNIT_STATE.values(), REGION_STATE)
_QUICKLY: Final = {
    "segment.ms": "2000",
    "segment.bytes": str(1 << 20),
    "min.cleanable.dirty.ratio": "0.001",
    "max.compaction.lag.ms": "3000",
    "min.compaction.lag.ms": "0",
    "delete.retention.ms": "1000",
    "file.delete.delay.ms": "1000",
}
"""Tombstones go soon too. The cleaner looks every 15 s."""
_PATIENCE_S: Final = 120.0


def compact_quickly(cluster: Cluster) -> None:
    """From now on state and live map are compacted all the time."""
    admin = KafkaAdminClient(**cluster.client())
    try:
        admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(_QUICKLY))
                for topic in (*STATES, LIVE)
            ]
        )
    finally:
        admin.close()


@dataclass(frozen=True)
class Mark:
    """`first`: where the first position of a partition of state was written; `end`: of its log then."""

    place: TopicPartition
    first: int
    end: int


async def _offsets(cluster: Cluster, place: TopicPartition) -> tuple[list[int], list[int], int]:
    """Offsets of all records and of the positions that the log holds, and its end."""
    consumer = AIOKafkaConsumer(
        **cluster.client(), enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        found: list[tuple[int, bytes]] = []
        while await consumer.position(place) < end:
            some = (await consumer.getmany(place, timeout_ms=500)).get(place, [])
            found += [(record.offset, record.key) for record in some]
    finally:
        await consumer.stop()
    return [at for at, _ in found], [at for at, key in found if key == POSITION_KEY], end


async def marks(cluster: Cluster, partitions: int = 2) -> list[Mark]:
    """What each partition of state holds now; waits until each has been written to."""
    made = []
    for topic in STATES:
        for partition in range(1 if topic == REGION_STATE else partitions):
            place = TopicPartition(topic, partition)
            deadline = time.monotonic() + _PATIENCE_S
            while not (found := await _offsets(cluster, place))[1]:
                assert time.monotonic() < deadline, f"nothing on {place}"
                await asyncio.sleep(0.5)
            made.append(Mark(place, found[1][0], found[2]))
    return made


async def until_compacted(cluster: Cluster, marked: list[Mark]) -> None:
    """Return when each log has lost its first position and most of what else it held at its mark."""
    deadline = time.monotonic() + _PATIENCE_S
    for mark in marked:
        while True:
            records, positions, _ = await _offsets(cluster, mark.place)
            if mark.first not in records and not any(at < mark.end for at in positions):
                break
            assert time.monotonic() < deadline, f"{mark.place} is not compacted: {positions[:5]}"
            await asyncio.sleep(2)
