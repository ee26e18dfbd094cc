"""Follows a topic of control records: read to its end at the start, then record by record."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import Place, Poll
from chassis.kafka.log import KafkaAccess


async def follow_topic(cluster: Cluster, topic: str) -> AsyncGenerator[Poll, None]:
    """The topic's records from the oldest on. Never ends. Raises `BROKER_ERRORS`."""
    async with (
        KafkaAccess(cluster).reader() as reader,
        aclosing(reader.follow([Place(topic, 0)])) as polls,
    ):
        async for poll in polls:
            yield poll
