"""The owner of one input partition: its fold in memory, its transactional producer, its position.

A flush is a transaction: changed state, output and position go out together, so what a successor
reads back is one consistent cut, and what was sent belongs to it. Opening the producer fences whoever
had the partition before and aborts what it left half written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced
from aiokafka.structs import ConsumerRecord

from chassis import logs
from chassis.kafka.cluster import Cluster
from contracts.results.topics import (
    MAX_RECORD_BYTES,
    control_of,
    generation_name,
    topic_of,
)
from contracts.time.clock import Clock
from streams.agents.sending import send_all
from streams.agents.state import (
    POSITION_KEY,
    StoredPosition,
    decode_position,
    encode_position,
    holds_records,
    log_bounds,
    read_state,
)
from streams.core.fold import Flush, Fold, Out, Record

_TRANSACTION_TIMEOUT_MS: Final = 60_000
"""Longer than any flush: one that the broker aborts meanwhile fences its own worker. A killed owner's
open transaction does not wait for it: its successor aborts it when it opens its own.
"""
_log = logs.get(__name__)


class FetchedBatch(NamedTuple):
    """Records of one partition that were fetched together; `before`, `after`: positions around them, to see that none is missing."""

    before: int
    after: int
    records: Sequence[ConsumerRecord]


class PositionError(RuntimeError):
    """The stored position does not fit the input: the log was lost, restored from a backup, or made anew."""


class FencedError(RuntimeError):
    """Another worker has taken the partition over."""


class ClosedError(RuntimeError):
    """The partition was given up while it was flushed: whether that went out is for the successor to see."""


class OwnedPartition(NamedTuple):
    """An input partition and where its state is stored: `state` gets the fold's state and the position, all of
    `states` are read back. `topic` is Kafka's name; `state` and `states` are as the fold names them, and what
    `generation` calls otherwise is renamed here, on the way to and from Kafka.
    """

    topic: str
    partition: int
    topic_id: str
    state: str
    states: tuple[str, ...]
    generation: int = 1

    @property
    def name(self) -> str:
        """`topic/partition`."""
        return f"{self.topic}/{self.partition}"


class Owner:
    """Owns `place` from `take_over` to `close`."""

    def __init__(
        self, place: OwnedPartition, fold: Fold, cluster: Cluster, clock: Clock, key: bytes
    ) -> None:
        self.place = place
        self.position = 0
        self.progressed_at = time.monotonic()
        self._fold = fold
        self._cluster = cluster
        self._clock = clock
        self._key = key
        self._changed = False
        self._flushing = asyncio.Lock()
        self._closed = False
        self._under_way: asyncio.Task[None] | None = None
        self._flush_began: float | None = None
        self._producer = AIOKafkaProducer(
            **cluster.client(),
            transactional_id=f"{generation_name('pantau', place.generation)}/{place.name}",
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            linger_ms=2,
            max_batch_size=512 * 1024,
            max_request_size=MAX_RECORD_BYTES + 48_576,
        )

    async def take_over(self) -> int:
        """Fences the former owner, restores the fold, and returns the offset to go on from.

        Raises `PositionError`, `UnreadableStateError`.
        """
        started = time.monotonic()
        await self._producer.start()
        stored = await self._read(self.place.state)
        raw = stored.pop(POSITION_KEY, None)
        first, end = await log_bounds(self._cluster, self.place.topic, self.place.partition)
        self.position = self._checked(raw, first, end)
        records = len(stored)
        for key, value in stored.items():
            self._fold.restore(self.place.state, key, value)
        for topic in self.place.states:
            if topic != self.place.state:
                for key, value in (await self._read(topic)).items():
                    self._fold.restore(topic, key, value)
        for notice in self._fold.restored():
            _log.warning("set aside", place=self.place.name, what=notice)
        self.progressed_at = time.monotonic()
        _log.info(
            "took over",
            place=self.place.name,
            position=self.position,
            end=end,
            records=records,
            seconds=round(time.monotonic() - started, 2),
        )
        return self.position

    async def _read(self, topic: str) -> dict[bytes, bytes]:
        named = topic_of(topic, self.place.generation)
        return await read_state(self._cluster, named, self.place.partition)

    def _checked(self, raw: bytes | None, first: int, end: int) -> int:
        if raw is None:
            return first
        position = decode_position(raw)
        if position.topic_id != self.place.topic_id:
            raise PositionError(
                f"{self.place.name}: state belongs to another topic of this name (id {position.topic_id}, now {self.place.topic_id}); "
                "rebuild with `pantau replay`"
            )
        if not first <= position.offset <= end:
            raise PositionError(
                f"{self.place.name}: state stands at offset {position.offset}, the log holds {first} to {end}: "
                "events were lost or a backup was restored; rebuild with `pantau replay`"
            )
        return position.offset

    async def has_more(self) -> bool:
        """Whether the log holds committed records from the position on. Raises `KafkaError`."""
        topic, partition = self.place.topic, self.place.partition
        return await holds_records(self._cluster, topic, partition, self.position)

    def take(self, batch: FetchedBatch) -> bool:
        """Folds a batch in if it follows what was folded; True if something is missing before it, so that the input must be read again."""
        if batch.before > self.position:
            return True
        if batch.before < self.position:
            return False  # left over from before a rebalance: it comes again
        self._fold.apply(*map(self._record, batch.records))
        self.position = batch.after
        self.progressed_at = time.monotonic()
        self._changed = True
        return False

    def _record(self, record: ConsumerRecord) -> Record:
        value = record.value or b""
        control = control_of(self._key, record.headers, value) if record.headers else ""
        at = self._clock.at(record.timestamp)
        return Record(record.offset, at, value, record.key or b"", control)

    async def flush(self) -> None:
        """Sends what changed, in one transaction.

        Raises `FencedError`, and `ClosedError` if `close` came in between; any other error leaves the outcome
        unknown: the process must end.
        """
        if not self._changed:
            return
        async with self._flushing:
            if self._closed:
                raise ClosedError(f"{self.place.name} was given up")
            self._changed = False
            position = self.position
            flush = self._fold.drain(position)
            for notice in flush.notices:
                _log.warning("set aside", place=self.place.name, what=notice)
            self._flush_began = time.monotonic()
            self._under_way = asyncio.create_task(self._transact(flush, position))
            try:
                await self._under_way
            except (ProducerFenced, InvalidProducerEpoch) as error:
                raise FencedError(f"{self.place.name} was taken over by another worker") from error
            except asyncio.CancelledError:
                if self._closed:
                    raise ClosedError(f"{self.place.name} was given up") from None
                raise
            finally:
                self._flush_began = None

    @property
    def flushing_s(self) -> float:
        """Seconds for which a flush has been under way; 0 if none is."""
        return 0.0 if self._flush_began is None else time.monotonic() - self._flush_began

    async def _transact(self, flush: Flush, position: int) -> None:
        # Nothing is aborted on the way out, that could wait for ever: who takes over aborts what is half written.
        await self._producer.begin_transaction()
        await self._send(flush, position)
        await self._producer.commit_transaction()

    async def _send(self, flush: Flush, position: int) -> None:
        partition, generation = self.place.partition, self.place.generation
        state = topic_of(self.place.state, generation)
        records = [Out(state, partition, value, key) for key, value in flush.state.items()]
        for out in flush.out:
            where = partition if out.partition is None else out.partition
            records.append(out._replace(topic=topic_of(out.topic, generation), partition=where))
        stored = encode_position(StoredPosition(position, self.place.topic_id))
        records.append(Out(state, partition, stored, POSITION_KEY))
        await send_all(self._producer, records)

    async def close(self) -> None:
        """Gives the partition up: what was not flushed is the successor's to fold again.

        A flush under way ends first: on a producer that is closed it would wait for ever.
        """
        self._closed = True
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.wait([self._under_way])
        await self._producer.stop()
