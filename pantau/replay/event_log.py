"""The event log and the feed of a generation: where they begin and end, and how far a rebuild has come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from chassis.kafka.cluster import cluster_of
from chassis.kafka.interface import LogReader, LogRecord, Place
from chassis.kafka.log import KafkaAccess
from chassis.settings import Settings
from contracts.results.topics import (
    AREA_WINDOWS,
    COMMANDS,
    EVENT_TOPICS,
    REGION_FEED,
    UNIT_WINDOWS,
    VERDICTS,
    topic_of,
)
from storage.generation_tables import in_generation
from storage.schema import STORE

_POLL_S: Final = 1.0
_REPORT_S: Final = 5.0
_QUICK_S: Final = 30.0
"""A round that takes no longer follows the log as it grows; a tick and a step of the sink may be some seconds away."""
_FIRST_S: Final = 5.0
_PEEK_S: Final = 0.4

Say = Callable[[str], None]


class Begin(NamedTuple):
    """First record of a partition that the broker still has. `time_ms`: real append time; 0 while there is none."""

    offset: int
    time_ms: int


class Log:
    """Reads the ends of partitions."""

    def __init__(self, settings: Settings, generation: int, reader: LogReader) -> None:
        self._reader = reader
        self._generation = generation
        self.events = [
            Place(topic, number) for topic in EVENT_TOPICS for number in range(settings.partitions)
        ]
        feed = topic_of(REGION_FEED, generation)
        self.feed = [Place(feed, number) for number in range(settings.region_partitions)]

    async def begins(self) -> dict[Place, Begin]:
        """Where each partition of the event topics begins."""
        found: dict[Place, Begin] = {}
        for place, bounds in (await self._reader.bounds(self.events)).items():
            record = await self._reader.first_from(place, bounds.first, _FIRST_S)
            found[place] = Begin(bounds.first, 0 if record is None else record.timestamp)
        return found

    async def commands(self, partition: int) -> AsyncIterator[LogRecord]:
        """All commands of people, in order."""
        async for records in self._reader.read_to_end(Place(COMMANDS, partition)):
            for record in records:
                yield record

    async def _is_behind(self, place: Place, position: int, end: int) -> bool:
        """Whether a committed record lies in between: marks of transactions take offsets too."""
        if position >= end:
            return False
        record = await self._reader.first_from(place, position, _PEEK_S)
        return record is not None and record.offset < end

    def _positions(self, client: Client) -> dict[Place, int]:
        """What is in ClickHouse: of each input the least that a stream vouches for."""
        sql = f"SELECT stream, topic, partition, max(position) FROM {STORE}.positions GROUP BY stream, topic, partition"
        rows = client.query(in_generation(sql, self._generation)).result_rows
        positions = {
            (row[0], Place(topic_of(row[1], self._generation), row[2])): row[3] for row in rows
        }
        return {
            place: min(positions.get((stream, place), 0) for stream in streams)
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

    async def _until_passed(self, client: Client, places: list[Place], say: Say) -> None:
        bounds = await self._reader.bounds(places)
        reported = time.monotonic()
        while True:
            at = await asyncio.to_thread(self._positions, client)
            behind = [p for p in places if await self._is_behind(p, at[p], bounds[p].end)]
            if not behind:
                return
            if time.monotonic() - reported > _REPORT_S:
                reported = time.monotonic()
                say("; ".join(f"{p}: {at[p]} dari {bounds[p].end}" for p in behind))
            await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def opened(settings: Settings, generation: int) -> AsyncIterator[Log]:
    """The log as `generation` reads it."""
    async with KafkaAccess(cluster_of(settings, "admin")).reader() as reader:
        yield Log(settings, generation, reader)
