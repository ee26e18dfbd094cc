"""Which generation is shown, as the topic `generations` tells it: read once, or followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Final

from chassis import logs
from chassis.clocks import secret_key
from chassis.kafka.cluster import Account, Cluster, cluster_of
from chassis.kafka.interface import BROKER_ERRORS, LogRecord, Place
from chassis.kafka.log import KafkaAccess
from chassis.settings import Settings
from contracts.results.generations import Generations
from contracts.results.topics import (
    GENERATION_CHANGE,
    GENERATIONS,
    control_of,
)
from contracts.unreadable import UNREADABLE

_AGAIN_S: Final = 1.0

_log = logs.get(__name__)


async def read(cluster: Cluster, key: bytes) -> Generations:
    """The newest record; that of an installation that never replayed, where there is none. Raises `BROKER_ERRORS`."""
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
        except BROKER_ERRORS as error:
            _log.warning("generations topic not readable", error=str(error))
        await asyncio.sleep(_AGAIN_S)


async def _changes(cluster: Cluster, key: bytes) -> AsyncGenerator[Generations, None]:
    newest, is_shown = Generations(), False
    async with KafkaAccess(cluster).reader() as reader:
        if not await reader.partitions(GENERATIONS):
            yield newest
            return
        async with aclosing(reader.follow([Place(GENERATIONS, 0)])) as polls:
            async for records, is_caught_up in polls:
                for record in records:
                    if (change := _generations(record, key)) is not None:
                        newest = change
                        if is_shown:
                            yield newest
                if is_caught_up and not is_shown:
                    is_shown = True
                    yield newest


def _generations(record: LogRecord, key: bytes) -> Generations | None:
    """What the record says; None for one that is not ours."""
    if control_of(key, record) != GENERATION_CHANGE:
        _log.warning("generation record ignored: not signed here", offset=record.offset)
        return None
    try:
        return Generations.decode(record.value or b"")
    except UNREADABLE as error:
        _log.warning("generation record ignored", offset=record.offset, error=str(error))
        return None
