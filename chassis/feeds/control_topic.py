"""Follows a topic of control records: read to its end at the start, then record by record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import BROKER_ERRORS, Place, Poll
from chassis.kafka.log import KafkaAccess

_AGAIN_S: Final = 1.0


async def follow_topic(cluster: Cluster, topic: str) -> AsyncGenerator[Poll, None]:
    """The topic's records from the oldest on. Never ends. Raises `BROKER_ERRORS`."""
    async with (
        KafkaAccess(cluster).reader() as reader,
        aclosing(reader.follow([Place(topic, 0)])) as polls,
    ):
        async for poll in polls:
            yield poll


async def keep_following(
    follow: Callable[[], Awaitable[None]], failed: Callable[[Exception], None]
) -> None:
    """Calls `follow` until cancelled: again a second after each of `BROKER_ERRORS`, which `failed` is given."""
    while True:
        try:
            await follow()
        except BROKER_ERRORS as error:
            failed(error)
        await asyncio.sleep(_AGAIN_S)
