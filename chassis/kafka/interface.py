"""What a room knows of Kafka: read a partition as it is committed, follow it, write in one transaction.

`chassis.kafka.log` and `chassis.kafka.sending` do it with the real one, `chassis.kafka.memory` without;
tests/chassis/kafka holds both to the same contract.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, NamedTuple, Protocol

import msgspec
from aiokafka.errors import KafkaError as _AsyncKafkaError
from kafka.errors import KafkaError as _BlockingKafkaError

BROKER_ERRORS: Final = (_AsyncKafkaError, _BlockingKafkaError, OSError)
"""What each call of this package may raise while Kafka is away or refuses."""
STALLED_S: Final = 60.0
"""Longer than a request of the libraries may take, 40 s."""


class NoPartitionsError(OSError):
    """No partition was given to follow: the topic does not exist yet. One of `BROKER_ERRORS`, so that the caller tries again."""

    def __init__(self) -> None:
        super().__init__("a topic to follow does not exist yet")


class FencedError(RuntimeError):
    """Another writer has opened the same transactional id."""


class StalledReadError(TimeoutError):
    """A partition's end is known, and the broker sends nothing of what lies before it."""


class Place(NamedTuple):
    """One partition. Equal to the `TopicPartition` of both libraries and to Faust's."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Bounds(NamedTuple):
    """`first`: offset of the oldest record still there; `end`: of the first one that is not committed yet."""

    first: int
    end: int


class ConsumedRecord(Protocol):
    """What tells where a record lies and what it holds. `timestamp`: append time, epoch ms, real."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class LogRecord(ConsumedRecord, Protocol):
    """One record as it was read, with its key. The records of both libraries are such."""

    @property
    def key(self) -> bytes | None: ...


class OutgoingRecord(msgspec.Struct, frozen=True, gc=False):
    """One record to send. `partition` None: Kafka's partitioner takes it from the key; no transaction has such."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


class Poll(NamedTuple):
    """What one poll brought, maybe nothing. `is_caught_up`: the ends of when the reading began are passed."""

    records: Sequence[LogRecord]
    is_caught_up: bool


class LogReader(Protocol):
    """Reads partitions as they are committed; open until its context ends. One reading at a time; `bounds` at any.

    What was aborted does not exist; an open transaction ends the log before it. Control records of transactions,
    and records that compaction removed, leave gaps between offsets. All methods raise `BROKER_ERRORS`.
    """

    async def partitions(self, topic: str) -> int:
        """How many it has; 0 if it does not exist."""

    async def bounds(self, places: Collection[Place]) -> dict[Place, Bounds]:
        """First and last offset of each, now."""

    def follow(self, places: Collection[Place]) -> AsyncGenerator[Poll, None]:
        """All records, from the oldest on; never ends. Polls come every two seconds or sooner.

        Raises `NoPartitionsError` besides, for no places.
        """

    def read_to_end(
        self, place: Place, stalled_s: float = STALLED_S
    ) -> AsyncGenerator[Sequence[LogRecord], None]:
        """All records below the end that the partition has now, in portions; the last may hold newer ones too.

        Raises `StalledReadError` after `stalled_s` seconds without progress.
        """

    async def first_from(self, place: Place, offset: int, wait_s: float) -> LogRecord | None:
        """The first record at `offset` or behind it; None if none came within `wait_s` seconds."""


class TransactionalWriter(Protocol):
    """The only writer of its transactional id, from `open` on. One `send` at a time."""

    async def open(self) -> None:
        """Fences who opened the id before, and aborts what it left half written."""

    async def send(self, records: Iterable[OutgoingRecord]) -> None:
        """One transaction: all of them or none, those of a partition in their order.

        Raises `FencedError`. After any other error the outcome is unknown until the id is opened anew.
        """

    async def close(self) -> None:
        """Disconnects. No `send` may be under way: it would wait for ever."""


class Broker(Protocol):
    """One Kafka, as one account of it."""

    def reader(self) -> AbstractAsyncContextManager[LogReader]:
        """A reader. Entering raises `BROKER_ERRORS`."""

    def writer(self, transactional_id: str) -> TransactionalWriter:
        """A writer that is not open yet."""


async def newest(reader: LogReader, place: Place) -> dict[bytes, bytes]:
    """The newest value of each key of a compacted topic, tombstones and records without a key left out.

    The partition must have no open transaction: fence its writer first. Raises as `read_to_end` does.
    """
    found: dict[bytes, bytes] = {}
    async for records in reader.read_to_end(place):
        for record in records:
            if record.key is None:
                continue
            if record.value is None:
                found.pop(record.key, None)
            else:
                found[record.key] = record.value
    return found
