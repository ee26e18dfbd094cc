"""Brings changed region folders into the log: to `registry`, and to every partition of the event
topics, so that a replay meets them at the same place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis import logs
from chassis.kafka.cluster import Cluster
from chassis.operator_error import OperatorError
from contracts.registry.entities import RegionRegistry
from contracts.registry.registry_changes import validate_change
from contracts.results.topics import (
    EVENT_TOPICS,
    REGISTRY,
    REGISTRY_CHANGE,
    control_headers,
    control_of,
)
from contracts.time.clock import Clock
from contracts.time.days import Zone
from contracts.unreadable import UNREADABLE

_TRANSACTIONAL_ID: Final = "pantau.registry"
_MAX_REQUEST_BYTES: Final = 1_048_576
_READ_MS: Final = 500

_log = logs.get(__name__)


async def published(cluster: Cluster, key: bytes) -> dict[str, RegionRegistry]:
    """The newest registry of each region on the topic. Records that we did not sign count for nothing."""
    partition = TopicPartition(REGISTRY, 0)
    consumer = AIOKafkaConsumer(
        **cluster.client(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    found: dict[str, RegionRegistry] = {}
    try:
        await consumer.start()
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(partition, timeout_ms=_READ_MS)).values():
                for record in records:
                    _take(found, key, record)
    finally:
        await consumer.stop()
    return found


def _take(found: dict[str, RegionRegistry], key: bytes, record: Any) -> None:
    value = record.value or b""
    if control_of(key, record.headers, value) != REGISTRY_CHANGE:
        return
    try:
        registry = RegionRegistry.decode(value)
    except UNREADABLE as error:
        _log.warning("registry record ignored", offset=record.offset, error=str(error))
        return
    found[registry.region.code] = registry


@asynccontextmanager
async def _producer(cluster: Cluster) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        **cluster.client(),
        transactional_id=_TRANSACTIONAL_ID,
        acks="all",
        max_request_size=_MAX_REQUEST_BYTES,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def _send(cluster: Cluster, key: bytes, registry: RegionRegistry) -> None:
    """One transaction: either every partition has the change or none has."""
    value = registry.encode()
    headers = control_headers(key, REGISTRY_CHANGE, value)
    code = registry.region.code.encode()
    async with _producer(cluster) as producer, producer.transaction():
        await producer.send(REGISTRY, value, key=code, headers=headers)
        for topic in EVENT_TOPICS:
            for partition in sorted(await producer.partitions_for(topic)):
                await producer.send(topic, value, partition=partition, headers=headers)


async def _publish(
    cluster: Cluster, key: bytes, clock: Clock, registries: Iterable[RegionRegistry]
) -> list[str]:
    held = await published(cluster, key)
    changed = []
    for registry in registries:
        code = registry.region.code
        old = held.get(code)
        if old is not None and old.version == registry.version:
            continue
        today = Zone(registry.region.timezone).local_day(clock.now_ms())
        if faults := validate_change(old, registry, today):
            raise OperatorError(
                f"the folder of region {code} may not be taken over: " + "; ".join(faults)
            )
        await _send(cluster, key, registry)
        changed.append(code)
    return changed


def publish(
    cluster: Cluster, key: bytes, clock: Clock, registries: Iterable[RegionRegistry]
) -> list[str]:
    """Publish each region that differs from what the cluster holds; gives the codes of those.

    `key`: the installation's, to sign with. Raises `OperatorError` where a change would alter the past.
    """
    return asyncio.run(_publish(cluster, key, clock, registries))
