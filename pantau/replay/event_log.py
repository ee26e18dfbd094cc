"""The event log and the feed of a generation: where they begin and end, and how far a rebuild has come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from clickhouse_connect.driver.client import Client

from chassis.kafka.cluster import cluster_of
from chassis.settings import Settings
from contracts.results.topics import (
    AREA_WINDOWS,
    EVENT_TOPICS,
    REGION_FEED,
    UNIT_WINDOWS,
    VERDICTS,
    topic_of,
)
from storage.generation_tables import in_generation
from storage.schema import STORE

_LOOK_S: Final = 1.0
_TELL_S: Final = 5.0
_QUICK_S: Final = 15.0
"""A round that takes no longer follows the log as it grows; a tick may be some seconds away."""
_PEEK_MS: Final = 400

Say = Callable[[str], None]


class Begin(NamedTuple):
    """First record of a partition that the broker still has. `time_ms`: real append time; 0 while there is none."""

    offset: int
    time_ms: int


class Log:
    """Reads the ends of partitions. One consumer, without a group."""

    def __init__(self, settings: Settings, generation: int, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._generation = generation
        self.events = [
            TopicPartition(topic, number)
            for topic in EVENT_TOPICS
            for number in range(settings.partitions)
        ]
        feed = topic_of(REGION_FEED, generation)
        self.feed = [TopicPartition(feed, number) for number in range(settings.region_partitions)]

    async def begins(self) -> dict[TopicPartition, Begin]:
        """Where each partition of the event topics begins."""
        first = await self._consumer.beginning_offsets(self.events)
        found: dict[TopicPartition, Begin] = {}
        for place in self.events:
            self._consumer.assign([place])
            self._consumer.seek(place, first[place])
            records = (await self._consumer.getmany(place, timeout_ms=5_000, max_records=1)).get(
                place
            )
            found[place] = Begin(first[place], records[0].timestamp if records else 0)
        return found

    async def _is_behind(self, place: TopicPartition, position: int, end: int) -> bool:
        """Whether a committed record lies in between: marks of transactions take offsets too."""
        if position >= end:
            return False
        self._consumer.assign([place])
        self._consumer.seek(place, position)
        fetched = await self._consumer.getmany(place, timeout_ms=_PEEK_MS, max_records=1)
        return any(record.offset < end for record in fetched.get(place, ()))

    def _positions(self, client: Client) -> dict[TopicPartition, int]:
        """What is in ClickHouse: of each input the least that a stream vouches for."""
        sql = f"SELECT stream, topic, partition, max(position) FROM {STORE}.positions GROUP BY stream, topic, partition"
        rows = client.query(in_generation(sql, self._generation)).result_rows
        told = {
            (row[0], TopicPartition(topic_of(row[1], self._generation), row[2])): row[3]
            for row in rows
        }
        return {
            place: min(told.get((stream, place), 0) for stream in streams)
            for places, streams in (
                (self.events, (UNIT_WINDOWS, VERDICTS)),
                (self.feed, (AREA_WINDOWS,)),
            )
            for place in places
        }

    async def until_caught_up(self, client: Client, say: Say) -> None:
        """Return once the generation's rows in ClickHouse follow the log as it grows."""
        while True:
            began = time.monotonic()
            for places in (self.events, self.feed):
                await self._until_passed(client, places, say)
            if time.monotonic() - began < _QUICK_S:
                return

    async def _until_passed(self, client: Client, places: list[TopicPartition], say: Say) -> None:
        ends = await self._consumer.end_offsets(places)
        told = time.monotonic()
        while True:
            at = await asyncio.to_thread(self._positions, client)
            behind = [p for p in places if await self._is_behind(p, at[p], ends[p])]
            if not behind:
                return
            if time.monotonic() - told > _TELL_S:
                told = time.monotonic()
                say("; ".join(f"{p.topic}/{p.partition}: {at[p]} dari {ends[p]}" for p in behind))
            await asyncio.sleep(_LOOK_S)


@asynccontextmanager
async def opened(settings: Settings, generation: int) -> AsyncIterator[Log]:
    """The log as `generation` reads it."""
    consumer = AIOKafkaConsumer(
        **cluster_of(settings, "admin").client(),
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        yield Log(settings, generation, consumer)
    finally:
        await consumer.stop()
