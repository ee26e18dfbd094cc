"""Faust's consumer, changed in three ways: it goes on where our state says, it hands on a partition's
fetched records as one message, and it reads only what was committed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.agents.owner import Batch

_FETCH_WAIT_MS: Final = 50
"""A broker has one fetch under way at a time: while it waits for quiet partitions, what arrives in the
others waits too. Faust's 1.5 s would be the delay of most events.
"""


class _CommittedThread(driver.AIOKafkaConsumerThread):
    """Faust reads committed records only in a mode of its own that we do not use."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS
        return consumer


class Consumer(driver.Consumer):
    """See the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next: dict[TP, int] = {}
        self._seeks = 0

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Runs after each assignment, before anything is fetched: takes the partitions over and goes on from their positions."""
        app: Any = self.app
        positions = await app.owners.take_over(self.assignment())
        await self.go_on_from(positions)

    async def go_on_from(self, positions: dict[TP, int]) -> None:
        """Reads on from the given offsets."""
        self._seeks += 1
        for place, offset in positions.items():
            self._read_offset[place] = None
            self._next[place] = offset
        await self.seek_wait(positions)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """One message a partition with all its fetched records: what Faust does for each message costs more than what we do."""
        seeks = self._seeks
        records, _ = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        if seeks != self._seeks:
            # Fetched across a seek: whether from before or after it cannot be told, so read again.
            again = {place: self._next[place] for place in records if place in self._next}
            await self.seek_wait(again)
            return
        for place, fetched in records.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if not fetched or place not in self._next:
                continue
            message: Any = self._to_message(place, fetched[-1])
            after = fetched[-1].offset + 1
            message.value = Batch(self._next[place], after, fetched)
            message.headers = None
            self._next[place] = after
            yield place, message


class Transport(driver.Transport):
    """Faust's transport with our consumer."""

    Consumer = Consumer
