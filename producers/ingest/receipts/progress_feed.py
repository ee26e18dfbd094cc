"""How far the other parts have come, as topic `progress` of the shown generation says."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final

import msgspec
from aiokafka.errors import KafkaError

from chassis import logs
from chassis.feeds import generation_feed
from chassis.feeds.control_topic import follow_topic
from chassis.kafka.cluster import Cluster
from contracts.results.reached import SINKS_KEY, Reached, decode_progress
from contracts.results.topics import PROGRESS, topic_of
from producers.ingest.ingest_metrics import KAFKA_ERRORS

_AGAIN_S: Final = 1.0

_log = logs.get(__name__)


class ReachedPositions:
    """What one side (streams, or the sink) has reached."""

    def __init__(self) -> None:
        self._by_writer: dict[str, dict[tuple[str, str, int], Reached]] = {}

    def take(self, writer: str, reached: list[Reached]) -> None:
        """All that `writer` now says, in place of what it positions before."""
        self._by_writer[writer] = {(one.stream, one.topic, one.partition): one for one in reached}

    def position(self, stream: str, topic: str, partition: int) -> int:
        """Everything before this offset is in `stream`; 0 where nobody says."""
        return self._newest(stream, topic, partition).position

    def time_ms(self, stream: str, topic: str, partition: int) -> int:
        """See `Reached.time_ms`; 0 where nobody says."""
        return self._newest(stream, topic, partition).time_ms

    def _newest(self, stream: str, topic: str, partition: int) -> Reached:
        place = (stream, topic, partition)
        for positions in self._by_writer.values():
            if place in positions:
                return positions[place]
        return Reached(stream, topic, partition, 0)


class ProgressFeed:
    """Keeps `streams` and `sinks` up to date, some 10 ms behind the topic.

    What was read stays in force while Kafka or a writer is away: what was reached once stays reached.
    """

    def __init__(self, cluster: Cluster, key: bytes) -> None:
        self._cluster = cluster
        self._key = key
        self.streams = ReachedPositions()
        self.sinks = ReachedPositions()
        self.is_loaded = False
        """Until then nothing is known, which is not the same as not reached."""

    async def run(self) -> None:
        """Follow the topic of the shown generation until cancelled."""
        async with (
            asyncio.TaskGroup() as group,
            aclosing(generation_feed.follow(self._cluster, self._key)) as changes,
        ):
            following: asyncio.Task[None] | None = None
            shown = 0
            async for one in changes:
                if one.shown == shown:
                    continue
                shown = one.shown
                if following is not None:
                    following.cancel()
                self.is_loaded = False
                following = group.create_task(self._follow(topic_of(PROGRESS, shown)))

    async def _follow(self, topic: str) -> None:
        while True:
            try:
                await self._read(topic)
            except (KafkaError, OSError) as error:
                KAFKA_ERRORS.labels(type(error).__name__).inc()
                _log.warning("progress not readable", error=str(error))
            await asyncio.sleep(_AGAIN_S)

    async def _read(self, topic: str) -> None:
        # What is read from the topic's beginning is of the past: it is shown from its end on.
        streams, sinks = ReachedPositions(), ReachedPositions()
        async with aclosing(follow_topic(self._cluster, topic)) as polls:
            async for records, caught_up in polls:
                for record in records:
                    writer = (record.key or b"").decode(errors="replace")
                    try:
                        reached = decode_progress(record.value or b"")
                    except (msgspec.DecodeError, UnicodeDecodeError):
                        _log.warning("progress ignored: not readable", offset=record.offset)
                        continue
                    (sinks if writer.startswith(SINKS_KEY) else streams).take(writer, reached)
                if caught_up:
                    self.streams, self.sinks, self.is_loaded = streams, sinks, True
