"""Follows the topic `live` from its beginning and gives whole frames to the hub.

No consumer group: every gateway reads all of it, and starts anew at each start. `read_committed`:
what an aborted flush wrote does not exist.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis import logs
from chassis.health import Health
from chassis.kafka.cluster import Cluster
from contracts.results.topics import LIVE, SEQ_HEADER, topic_of
from contracts.time.clock import real_now_ms
from dashboard_ws.gateway import gateway_metrics
from dashboard_ws.gateway.connections.hub import Hub, Regions
from dashboard_ws.gateway.stream.frame_age import FrameAge
from dashboard_ws.gateway.stream.frames import BadRecordError, FrameBuffer

_POLL_MS: Final = 500
_CHECK_S: Final = 5.0
_ANSWER_S: Final = 10.0

_log = logs.get("gateway.feed")


class Feed:
    """One consumer of one generation's rows. `run` returns only when cancelled; raises `KafkaError` if it cannot begin.

    What it reads is shown once it has come to the end: until then the rows are of the past.
    """

    def __init__(
        self,
        cluster: Cluster,
        partitions: int,
        hub: Hub,
        health: Health,
        age: FrameAge,
        generation: int = 1,
    ) -> None:
        self._cluster = cluster
        topic = topic_of(LIVE, generation)
        self._parts = [TopicPartition(topic, number) for number in range(partitions)]
        self._hub = hub
        self._regions = Regions(hub.maps)
        self.caught_up = asyncio.Event()
        """Set once its rows are shown."""
        self._health = health
        self._age = age
        self._read: dict[int, int] = {}
        self._buffers = {part: FrameBuffer(real_now_ms()) for part in self._parts}

    async def run(self) -> None:
        """Read to the end that the topic has now, say that we are ready, and follow."""
        consumer = AIOKafkaConsumer(
            **self._cluster.client(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_POLL_MS,
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )
        await consumer.start()
        try:
            consumer.assign(self._parts)
            await consumer.seek_to_beginning(*self._parts)
            await self._catch_up(consumer)
            watch = asyncio.create_task(self._watch_broker(consumer))
            try:
                while True:
                    await self._poll(consumer)
            finally:
                watch.cancel()
        finally:
            await consumer.stop()

    async def _catch_up(self, consumer: Any) -> None:
        ends = await consumer.end_offsets(self._parts)
        if all(live.position is None for live in self._hub.maps.values()):
            self._health.not_ready("reading the live rows from the beginning")
        for part, end in ends.items():
            while await consumer.position(part) < end:
                await self._poll(consumer)
        self._hub.show(self._regions)
        self.caught_up.set()
        self._health.ready()
        _log.info("caught up", rows={name: len(live) for name, live in self._hub.maps.items()})

    async def _poll(self, consumer: Any) -> None:
        batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=5_000)
        for part, records in batches.items():
            for record in records:
                self._take(self._buffers[part], record)

    def _take(self, buffer: FrameBuffer, record: Any) -> None:
        if record.offset <= self._read.get(record.partition, -1):
            buffer.restart()
        self._read[record.partition] = record.offset
        seq = dict(record.headers).get(SEQ_HEADER)
        try:
            closed = buffer.add(record.key or b"", record.value, seq, record.timestamp)
        except BadRecordError as error:
            gateway_metrics.BAD_RECORDS.inc()
            _log.error("bad record", topic=record.topic, partition=record.partition, offset=record.offset,
                       problem=str(error))  # fmt: skip
            return
        if closed is not None:
            (self._hub if self.caught_up.is_set() else self._regions).apply(*closed)
            if closed[0] in self._hub.maps:
                self._age.note(closed[0], record.timestamp)

    async def _watch_broker(self, consumer: Any) -> None:
        """A broker that is gone looks like silence: say so, or old rows pass for quiet ones."""
        while True:
            await asyncio.sleep(_CHECK_S)
            try:
                await asyncio.wait_for(consumer.end_offsets(self._parts), _ANSWER_S)
            except (KafkaError, TimeoutError) as error:
                self._health.not_ready(f"Kafka at {self._cluster} does not answer: {error!r}")
            else:
                self._health.ready()
