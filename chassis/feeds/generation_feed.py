"""Which generation is shown, as the topic `generations` tells it: read once, or followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from chassis import logs
from chassis.clocks import secret_key
from chassis.kafka.cluster import Account, Cluster, cluster_of
from chassis.settings import Settings
from contracts.results.generations import Generations
from contracts.results.topics import (
    GENERATION_CHANGE,
    GENERATIONS,
    control_of,
)
from contracts.unreadable import UNREADABLE

_POLL_MS: Final = 500
_AGAIN_S: Final = 1.0
_PLACE: Final = TopicPartition(GENERATIONS, 0)

_log = logs.get(__name__)


async def read(cluster: Cluster, key: bytes) -> Generations:
    """The newest record; that of an installation that never replayed, where there is none. Raises `KafkaError`."""
    async with aclosing(_changes(cluster, key)) as changes:
        return await anext(changes)


def read_now(settings: Settings, account: Account) -> Generations:
    """`read`, for who has no loop of its own: in a thread, so that it leaves none behind either."""
    work = read(cluster_of(settings, account), secret_key(settings))
    with ThreadPoolExecutor(1, "generations") as pool:
        return pool.submit(asyncio.run, work).result()


async def follow(cluster: Cluster, key: bytes) -> AsyncGenerator[Generations, None]:
    """The newest record, then each further one. Never ends: while Kafka is away it waits."""
    while True:
        try:
            async with aclosing(_changes(cluster, key)) as changes:
                async for change in changes:
                    yield change
        except (KafkaError, OSError) as error:
            _log.warning("generations topic not readable", error=str(error))
        await asyncio.sleep(_AGAIN_S)


async def _changes(cluster: Cluster, key: bytes) -> AsyncGenerator[Generations, None]:
    consumer = AIOKafkaConsumer(
        **cluster.client(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        newest = Generations()
        if GENERATIONS not in await consumer.topics():
            yield newest
            return
        consumer.assign([_PLACE])
        await consumer.seek_to_beginning(_PLACE)
        end = (await consumer.end_offsets([_PLACE]))[_PLACE]
        while await consumer.position(_PLACE) < end:
            for record in (await consumer.getmany(_PLACE, timeout_ms=_POLL_MS)).get(_PLACE, ()):
                newest = _said(record, key) or newest
        yield newest
        while True:
            for record in (await consumer.getmany(_PLACE, timeout_ms=_POLL_MS)).get(_PLACE, ()):
                if (said := _said(record, key)) is not None:
                    yield said
    finally:
        await consumer.stop()


def _said(record: ConsumerRecord[bytes | None, bytes | None], key: bytes) -> Generations | None:
    """What the record says; None for one that is not ours."""
    value = record.value or b""
    if control_of(key, record.headers, value) != GENERATION_CHANGE:
        _log.warning("generation record ignored: not signed here", offset=record.offset)
        return None
    try:
        return Generations.decode(value)
    except UNREADABLE as error:
        _log.warning("generation record ignored", offset=record.offset, error=str(error))
        return None
