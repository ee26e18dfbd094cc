"""Reading the real Kafka: see `chassis.kafka.interface`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition

from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import (
    STALLED_S,
    Bounds,
    LogReader,
    LogRecord,
    NoPartitionsError,
    Place,
    Poll,
    StalledReadError,
)
from chassis.kafka.sending import KafkaWriter

_POLL_MS: Final = 500
_QUIET_POLL_MS: Final = 2_000
"""Of a reader that has caught up: a record ends the wait, and each poll that finds nothing wakes a process."""
_QUIET_WAIT_MS: Final = 10_000
"""Once a reader has caught up and a poll found nothing, the broker keeps its fetch for so long, unless a record comes: fifteen readers of
quiet topics, a second each, were a third of what an idle installation asked of its broker. `bounds` of a reader that follows waits for it.
Not while records come: the fetch may be for some partitions only, and the others' next one waits behind it."""
_AT_ONCE: Final = 5_000
"""Records a poll: whoever works on them leaves the loop to others in between."""


class KafkaReader:
    """`LogReader` of a consumer that is started."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    async def partitions(self, topic: str) -> int:
        """See `LogReader`."""
        found = await self._consumer._client.fetch_all_metadata()
        return len(found.partitions_for_topic(topic) or ())

    async def bounds(self, places: Collection[Place]) -> dict[Place, Bounds]:
        """See `LogReader`."""
        # Together: each by itself would wait behind a fetch of who follows.
        first, end = await asyncio.gather(
            self._consumer.beginning_offsets(_places(places)),
            self._consumer.end_offsets(_places(places)),
        )
        return {place: Bounds(first[place], end[place]) for place in places}

    async def follow(self, places: Collection[Place]) -> AsyncGenerator[Poll, None]:
        """See `LogReader`."""
        if not places:
            raise NoPartitionsError
        wanted = _places(places)
        self._consumer.assign(wanted)
        # It may have followed a quiet topic before.
        self._consumer._fetcher._fetch_max_wait_ms = clients.FETCH_WAIT_MS
        await self._consumer.seek_to_beginning(*wanted)
        behind = await self._consumer.end_offsets(wanted)
        records: list[LogRecord] = []
        while True:
            # Control records take offsets too, and so do deleted records: only the position tells the end.
            for place, end in tuple(behind.items()):
                if await self._consumer.position(place) >= end:
                    del behind[place]
            yield Poll(records, not behind)
            if not behind:
                # Not before the yield: who reads to the end stops there, and reads the next partition with the same consumer.
                wait_ms = _POLL_MS if records else _QUIET_WAIT_MS
                self._consumer._fetcher._fetch_max_wait_ms = wait_ms
            found = await self._consumer.getmany(
                timeout_ms=_POLL_MS if behind else _QUIET_POLL_MS, max_records=_AT_ONCE
            )
            records = [record for some in found.values() for record in some]

    async def read_to_end(
        self, place: Place, stalled_s: float = STALLED_S
    ) -> AsyncGenerator[Sequence[LogRecord], None]:
        """See `LogReader`."""
        end = (await self.bounds([place]))[place].end
        before, since = -1, time.monotonic()
        async with aclosing(self.follow([place])) as polls:
            async for records, is_caught_up in polls:
                yield records
                if is_caught_up:
                    return
                position = await self._consumer.position(TopicPartition(*place))
                if position != before:
                    before, since = position, time.monotonic()
                elif time.monotonic() - since > stalled_s:
                    raise StalledReadError(
                        f"{place} stands at {position} of {end} for {stalled_s:.0f} s: is Kafka well?"
                    )

    async def first_from(self, place: Place, offset: int, wait_s: float) -> LogRecord | None:
        """See `LogReader`."""
        self._consumer.assign(_places([place]))
        self._consumer.seek(TopicPartition(*place), offset)
        wait_ms = round(wait_s * 1000)
        # One fetch: most often there is nothing.
        self._consumer._fetcher._fetch_max_wait_ms = wait_ms
        found = await self._consumer.getmany(timeout_ms=wait_ms, max_records=1)
        for records in found.values():
            first: LogRecord = records[0]
            return first
        return None


def _places(places: Iterable[Place]) -> list[TopicPartition]:
    """As the library wants them: it takes no other tuple."""
    return [TopicPartition(*place) for place in places]


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """`Broker` of a cluster, as one account."""

    cluster: Cluster

    def __str__(self) -> str:
        return str(self.cluster)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[LogReader]:
        """See `Broker`."""
        consumer = clients.async_consumer(self.cluster)
        try:
            await consumer.start()
            yield KafkaReader(consumer)
        finally:
            await consumer.stop()

    def writer(self, transactional_id: str) -> KafkaWriter:
        """See `Broker`. Needs a running loop."""
        return KafkaWriter(self.cluster, transactional_id)
