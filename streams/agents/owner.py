"""The owner of one input partition: its fold in memory, its transactional producer, its position.

A flush is a transaction: changed state, output and position go out together, so what a successor
reads back is one consistent cut, and what was sent belongs to it. Opening the producer fences whoever
had the partition before and aborts what it left half written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from chassis import logs
from chassis.kafka.interface import (
    Bounds,
    Broker,
    LogReader,
    LogRecord,
    OutgoingRecord,
    Place,
    newest,
)
from contracts.results.topics import control_of, generation_name, topic_of
from contracts.time.clock import Clock
from streams.agents.flush_pace import FlushPace
from streams.agents.flush_timer import FlushTimer
from streams.agents.state import (
    POSITION_KEY,
    StoredPosition,
    decode_position,
    encode_position,
)
from streams.core.fold import Flush, Fold, Record
from streams.core.windowing.pending_rows import ROWS_KEY

_ASK_S: Final = 2.0
_log = logs.get(__name__)


class FetchedBatch(NamedTuple):
    """Records of one partition that were fetched together; `before`, `after`: positions around them, to see that none is missing."""

    before: int
    after: int
    records: Sequence[LogRecord]


class PositionError(RuntimeError):
    """The stored position does not fit the input: the log was lost, restored from a backup, or made anew."""


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
    def input(self) -> Place:
        """The input partition."""
        return Place(self.topic, self.partition)

    @property
    def name(self) -> str:
        """`topic/partition`."""
        return str(self.input)


class Owner:
    """Owns `place` from `take_over` to `close`."""

    def __init__(
        self,
        place: OwnedPartition,
        fold: Fold,
        broker: Broker,
        clock: Clock,
        key: bytes,
        pace: FlushPace,
    ) -> None:
        self.place = place
        self.position = 0
        self.flushed = 0
        """The position that is on Kafka: a successor goes on from there."""
        self.progressed_at = time.monotonic()
        self._fold = fold
        self._broker = broker
        self._clock = clock
        self._key = key
        self._timer = FlushTimer(pace)
        self._flushing = asyncio.Lock()
        self._closed = False
        self._under_way: asyncio.Task[None] | None = None
        self._flush_began: float | None = None
        self._writer = broker.writer(f"{generation_name('pantau', place.generation)}/{place.name}")

    async def take_over(self) -> int:
        """Fences the former owner, restores the fold, and returns the offset to go on from.

        Raises `PositionError`, `UnreadableStateError`, `BROKER_ERRORS`.
        """
        started = time.monotonic()
        await self._writer.open()
        async with self._broker.reader() as reader:
            stored = await self._read(reader, self.place.state)
            raw = stored.pop(POSITION_KEY, None)
            bounds = (await reader.bounds([self.place.input]))[self.place.input]
            self.position = self.flushed = self._checked(raw, bounds)
            records = len(stored)
            for key, value in stored.items():
                self._fold.restore(self.place.state, key, value)
            for topic in self.place.states:
                if topic != self.place.state:
                    for key, value in (await self._read(reader, topic)).items():
                        self._fold.restore(topic, key, value)
        for notice in self._fold.restored():
            _log.warning("set aside", place=self.place.name, what=notice)
        if ROWS_KEY in stored:
            self._timer.rows_wait()
        self.progressed_at = time.monotonic()
        _log.info(
            "took over",
            place=self.place.name,
            position=self.position,
            end=bounds.end,
            records=records,
            seconds=round(time.monotonic() - started, 2),
        )
        return self.position

    async def _read(self, reader: LogReader, topic: str) -> dict[bytes, bytes]:
        named = topic_of(topic, self.place.generation)
        return await newest(reader, Place(named, self.place.partition))

    def _checked(self, raw: bytes | None, bounds: Bounds) -> int:
        first, end = bounds
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
        """Whether the log holds committed records from the position on: its end alone would count marks of
        transactions too. Raises `BROKER_ERRORS`.
        """
        async with self._broker.reader() as reader:
            found = await reader.first_from(self.place.input, self.position, _ASK_S)
        return found is not None

    def take(self, batch: FetchedBatch) -> bool:
        """Folds a batch in if it follows what was folded; True if something is missing before it, so that the input must be read again."""
        if batch.before > self.position:
            return True
        if batch.before < self.position:
            return False  # left over from before a rebalance: it comes again
        self._fold.apply(*map(self._record, batch.records))
        self._timer.changed(batch.records[-1].timestamp if batch.records else None)
        self.position = batch.after
        self.progressed_at = time.monotonic()
        return False

    def _record(self, record: LogRecord) -> Record:
        value = record.value or b""
        control = control_of(self._key, record) if record.headers else ""
        at = self._clock.at(record.timestamp)
        return Record(record.offset, at, value, record.key or b"", control)

    def flush_in_s(self) -> float:
        """Seconds until it is worth asking whether a flush is due: 0 if something has changed, infinite if nothing waits."""
        return 0.0 if self._timer.has_changed else self._timer.rows_in_s()

    def is_due(self) -> bool:
        """Whether there is something to flush, and now is the time."""
        return self._timer.is_due()

    async def flush(self) -> None:
        """Sends what changed, in one transaction.

        Raises `FencedError`, and `ClosedError` if `close` came in between; any other error leaves the outcome
        unknown: the process must end.
        """
        if self.flush_in_s() > 0:
            return
        async with self._flushing:
            if self._closed:
                raise ClosedError(f"{self.place.name} was given up")
            with_rows = self._timer.begun()
            position = self.position
            flush = self._fold.drain(position, with_rows)
            if flush.is_behind:
                self._timer.changed(None)
            for notice in flush.notices:
                _log.warning("set aside", place=self.place.name, what=notice)
            self._flush_began = time.monotonic()
            self._under_way = asyncio.create_task(self._writer.send(self._records(flush, position)))
            try:
                await self._under_way
            except asyncio.CancelledError:
                if self._closed:
                    raise ClosedError(f"{self.place.name} was given up") from None
                raise
            finally:
                self._flush_began = None
            self.flushed = position
            self._timer.ended()

    @property
    def flushing_s(self) -> float:
        """Seconds for which a flush has been under way; 0 if none is."""
        return 0.0 if self._flush_began is None else time.monotonic() - self._flush_began

    def _records(self, flush: Flush, position: int) -> Iterator[OutgoingRecord]:
        partition, generation = self.place.partition, self.place.generation
        state = topic_of(self.place.state, generation)
        for key, value in flush.state.items():
            yield OutgoingRecord(state, value, key, partition)
        for out in flush.out:
            where = partition if out.partition is None else out.partition
            topic = topic_of(out.topic, generation)
            yield OutgoingRecord(topic, out.value, out.key, where, out.headers)
        stored = encode_position(StoredPosition(position, self.place.topic_id))
        yield OutgoingRecord(state, stored, POSITION_KEY, partition)

    async def close(self) -> None:
        """Gives the partition up: what was not flushed is the successor's to fold again.

        A flush under way ends first: on a producer that is closed it would wait for ever.
        """
        self._closed = True
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.wait([self._under_way])
        await self._writer.close()
