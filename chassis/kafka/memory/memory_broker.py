"""The broker in memory, its readers and writers: see `chassis.kafka.interface`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from chassis.kafka.interface import (
    STALLED_S,
    Bounds,
    FencedError,
    LogReader,
    LogRecord,
    NoPartitionsError,
    OutgoingRecord,
    Place,
    Poll,
)
from chassis.kafka.memory.memory_log import (
    MemoryPartition,
    MemoryRecord,
    MemoryTransaction,
    TransactionState,
)
from contracts.results.topics import Topic
from contracts.time.clock import real_now_ms

_POLL_S: Final = 0.5


class MemoryReader:
    """`LogReader` of a broker in memory."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    async def partitions(self, topic: str) -> int:
        """See `LogReader`."""
        return sum(place.topic == topic for place in self._broker.partitions)

    async def bounds(self, places: Collection[Place]) -> dict[Place, Bounds]:
        """See `LogReader`."""
        return {place: self._broker.partitions[place].bounds() for place in places}

    async def follow(self, places: Collection[Place]) -> AsyncGenerator[Poll, None]:
        """See `LogReader`."""
        if not places:
            raise NoPartitionsError
        positions = {place: bounds.first for place, bounds in (await self.bounds(places)).items()}
        while True:
            changed = self._broker.changed
            found: list[MemoryRecord] = []
            for place, position in positions.items():
                partition = self._broker.partitions[place]
                found += partition.committed(position)
                positions[place] = partition.bounds().end
            yield Poll(found, is_caught_up=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _POLL_S)

    async def read_to_end(
        self,
        place: Place,
        stalled_s: float = STALLED_S,  # noqa: ARG002 - nothing stalls here
    ) -> AsyncGenerator[Sequence[LogRecord], None]:
        """See `LogReader`."""
        yield self._broker.partitions[place].committed(0)

    async def first_from(self, place: Place, offset: int, wait_s: float) -> LogRecord | None:
        """See `LogReader`."""
        partition, changed = self._broker.partitions[place], self._broker.changed
        if not partition.committed(offset):
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), wait_s)
        return next(iter(partition.committed(offset)), None)


class MemoryWriter:
    """`TransactionalWriter` of a broker in memory; `begin`, `write` and `commit` are the steps of its `send`."""

    def __init__(self, broker: MemoryBroker, transactional_id: str) -> None:
        self._broker = broker
        self._id = transactional_id
        self._transaction: MemoryTransaction | None = None

    async def open(self) -> None:
        """See `TransactionalWriter`."""
        former = self._broker.opened.get(self._id)
        if former is not None:
            former.abort()
        self._broker.opened[self._id] = self

    async def send(self, records: Iterable[OutgoingRecord]) -> None:
        """See `TransactionalWriter`."""
        self.begin()
        self.write(records)
        self.commit()

    async def close(self) -> None:
        """See `TransactionalWriter`."""

    def begin(self) -> None:
        """Begins a transaction."""
        self._check()
        self._transaction = MemoryTransaction()

    def write(self, records: Iterable[OutgoingRecord]) -> None:
        """Writes into the transaction that is open."""
        self._check()
        assert self._transaction is not None  # noqa: S101 - `begin` comes first
        for record in records:
            place = Place(record.topic, record.partition or 0)
            self._broker.partitions[place].append(record, self._transaction, self._broker.now_ms())

    def commit(self) -> None:
        """Ends the transaction: readers see it."""
        self._check()
        self._end(TransactionState.COMMITTED)

    def abort(self) -> None:
        """Ends the transaction, if one is open: readers never see it."""
        self._end(TransactionState.ABORTED)

    def _end(self, state: TransactionState) -> None:
        if self._transaction is not None:
            self._transaction.end(state)
            self._transaction = None
            self._broker.wake()

    def _check(self) -> None:
        if self._broker.opened.get(self._id) is not self:
            raise FencedError(f"{self._id} was opened by another writer")


class MemoryBroker:
    """`Broker` that holds `topics` and nothing else. `partitions`: what is in them; `now_ms`: append time, epoch ms."""

    def __init__(self, topics: Iterable[Topic], now_ms: Callable[[], int] = real_now_ms) -> None:
        self.now_ms = now_ms
        self.partitions = {
            place: MemoryPartition(place)
            for topic in topics
            for place in (Place(topic.name, number) for number in range(topic.partitions))
        }
        self.opened: dict[str, MemoryWriter] = {}
        """Transactional id -> who opened it last."""
        self.changed = asyncio.Event()
        """Set, and replaced by another, once something is committed or aborted."""

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[LogReader]:
        """See `Broker`."""
        yield MemoryReader(self)

    def writer(self, transactional_id: str) -> MemoryWriter:
        """See `Broker`."""
        return MemoryWriter(self, transactional_id)

    def wake(self) -> None:
        """Lets those who follow read again."""
        self.changed.set()
        self.changed = asyncio.Event()
