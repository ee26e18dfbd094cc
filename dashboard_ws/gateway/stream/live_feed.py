"""Follows the topic `live` from its beginning and gives complete frames to the hub.

No consumer group: every gateway reads all of it, and starts anew at each start. `read_committed`:
what an aborted flush wrote does not exist.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final

from chassis import logs
from chassis.health import Health
from chassis.kafka.interface import BROKER_ERRORS, Broker, LogReader, LogRecord, Place
from contracts.results.topics import LIVE, SEQ_HEADER, topic_of
from contracts.time.clock import real_now_ms
from dashboard_ws.gateway import gateway_metrics
from dashboard_ws.gateway.connections.hub import Hub, Regions
from dashboard_ws.gateway.stream.frame_age import FrameAge
from dashboard_ws.gateway.stream.frames import BadRecordError, FrameBuffer

_CHECK_S: Final = 5.0
_ANSWER_S: Final = 10.0

_log = logs.get("gateway.feed")


class Feed:
    """One reader of one generation's rows. `run` returns only when cancelled; raises `BROKER_ERRORS` if it cannot begin.

    What it reads is shown once it has come to the end: until then the rows are of the past.
    """

    def __init__(
        self,
        broker: Broker,
        partitions: int,
        hub: Hub,
        health: Health,
        age: FrameAge,
        generation: int = 1,
    ) -> None:
        self._broker = broker
        topic = topic_of(LIVE, generation)
        self._parts = [Place(topic, number) for number in range(partitions)]
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
        if all(live.position is None for live in self._hub.maps.values()):
            self._health.not_ready("reading the live rows from the beginning")
        async with self._broker.reader() as reader:
            watch = asyncio.create_task(self._watch_broker(reader))
            try:
                await self._follow(reader)
            finally:
                watch.cancel()

    async def _follow(self, reader: LogReader) -> None:
        async with aclosing(reader.follow(self._parts)) as polls:
            async for records, is_caught_up in polls:
                for record in records:
                    self._take(self._buffers[Place(record.topic, record.partition)], record)
                if is_caught_up and not self.caught_up.is_set():
                    self._show()

    def _show(self) -> None:
        self._hub.show(self._regions)
        self.caught_up.set()
        self._health.ready()
        _log.info("caught up", rows={name: len(live) for name, live in self._hub.maps.items()})

    def _take(self, buffer: FrameBuffer, record: LogRecord) -> None:
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

    async def _watch_broker(self, reader: LogReader) -> None:
        """A broker that is away seems silent: report it, or old rows pass for quiet ones."""
        await self.caught_up.wait()
        while True:
            await asyncio.sleep(_CHECK_S)
            try:
                await asyncio.wait_for(reader.bounds(self._parts), _ANSWER_S)
            except BROKER_ERRORS as error:
                self._health.not_ready(f"Kafka at {self._broker} does not answer: {error!r}")
            else:
                self._health.ready()
