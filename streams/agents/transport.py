"""Faust's consumer, changed in three ways: it goes on from the position in our state, it hands on a partition's
fetched records as one message, and it reads only what was committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.agents.owner import FetchedBatch

_FETCH_WAIT_MS: Final = 50
"""A broker has one fetch under way at a time: while it waits for quiet partitions, what arrives in the
others waits too. Faust's 1.5 s would be the delay of most events.
"""
_FETCH_BYTES: Final = 256 * 1024
"""While records come the broker waits for so many, `_FETCH_WAIT_MS` at most: a fetch for each would cost it and us more than the
records, and what they change is flushed later in any case."""
_QUIET_WAIT_MS: Final = 2_000
"""Once nothing has arrived for `_QUIET_S`, the fetch waits for all partitions, and the first record ends it.
Twenty fetches a second were half of what an idle installation cost. What is assigned meanwhile waits for it too."""
_QUIET_S: Final = 0.5
"""Longer than a burst needs from the units to the region."""


class Cursor:
    """How far each partition of the present assignment has been read, so that every batch has the position that it follows.

    An assignment begins at the group's offset, which decides nothing here: until a partition is
    sought to where its owner stands, nothing of it is handed on. Call it in the consumer's thread, right
    after the seek or fetch that it notes: between them nothing else may move the consumer.
    """

    def __init__(self) -> None:
        self._assignment: object = None
        self._next: dict[TP, int] = {}

    def _in(self, assignment: object) -> dict[TP, int]:
        if assignment is not self._assignment:
            self._assignment = assignment
            self._next.clear()
        return self._next

    def sought(self, assignment: object, positions: Mapping[TP, int]) -> None:
        """The consumer goes on from `positions`."""
        self._in(assignment).update(positions)

    def batches(
        self, assignment: object, records: Mapping[TP, Sequence[ConsumerRecord]]
    ) -> dict[TP, FetchedBatch]:
        """What was fetched and may be handed on."""
        places = self._in(assignment)
        found: dict[TP, FetchedBatch] = {}
        for place, fetched in records.items():
            if fetched and place in places:
                before, places[place] = places[place], fetched[-1].offset + 1
                found[place] = FetchedBatch(before, places[place], fetched)
        return found


class FetchPace:
    """How a consumer fetches. Call it in the consumer's thread."""

    def __init__(self) -> None:
        self._quiet: asyncio.TimerHandle | None = None

    @property
    def has_begun(self) -> bool:
        """Whether it says how to fetch already: a log to which nothing comes must become quiet too."""
        return self._quiet is not None

    def arrived(self, fetcher: Any) -> None:
        """Records came: the next fetches gather, until none has come for `_QUIET_S`."""
        fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes = _FETCH_WAIT_MS, _FETCH_BYTES
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = asyncio.get_running_loop().call_later(_QUIET_S, self._be_quiet, fetcher)

    def _be_quiet(self, fetcher: Any) -> None:
        if fetcher._records:
            # The worker is behind: a fetch for the other partitions would hold up the next one of the busy ones.
            self.arrived(fetcher)
            return
        fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes = _QUIET_WAIT_MS, 1


class _Thread(driver.AIOKafkaConsumerThread):
    """Reads what was committed (Faust does so only in a mode of its own that we do not use), in batches."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursor = Cursor()
        self._pace = FetchPace()

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS
        return consumer

    async def _seek_wait(self, consumer: Any, partitions: Mapping[TP, int]) -> None:
        self._cursor.sought(_assignment(consumer), partitions)
        await super()._seek_wait(consumer, partitions)

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        records = await super()._fetch_records(consumer, *args, **kwargs)
        if records or not self._pace.has_begun:
            self._pace.arrived(consumer._fetcher)
        return self._cursor.batches(_assignment(consumer), records)


def _assignment(consumer: Any) -> object:
    """Another object after each rebalance."""
    subscription = consumer._subscription.subscription
    return None if subscription is None else subscription.assignment


class Consumer(driver.Consumer):
    """See the module."""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Runs after each assignment, before anything is fetched: takes the partitions over and goes on from their positions."""
        app: Any = self.app
        positions = await app.owners.take_over(self.assignment())
        await self.go_on_from(positions)

    async def go_on_from(self, positions: dict[TP, int]) -> None:
        """Reads on from the given offsets."""
        for place in positions:
            self._read_offset[place] = None
        await self.seek_wait(positions)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """One message a partition with all its fetched records: what Faust does for each message costs more than what we do.

        What is not handed on after all is found missing by the owner, and read again.
        """
        waited: Any = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        for place, batch in (waited[0] or {}).items():
            if self.should_stop or not self.flow_active:
                return
            if self.app.consumer_generation_id != generation:
                return
            message: Any = self._to_message(place, batch.records[-1])
            message.value = batch
            message.headers = None
            yield place, message


class Transport(driver.Transport):
    """Faust's transport with our consumer."""

    Consumer = Consumer
