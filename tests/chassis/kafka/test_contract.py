"""What `chassis.kafka.interface` promises, on the log in memory and on the real broker."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import Iterable
from contextlib import aclosing, closing
from typing import Any, Final, Protocol

import pytest
from kafka import KafkaAdminClient, TopicPartition

from chassis.kafka.admin import ensure_topics
from chassis.kafka.blocking.committed_log import CommittedLog
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import (
    BROKER_ERRORS,
    Bounds,
    Broker,
    FencedError,
    LogRecord,
    OutgoingRecord,
    Place,
    TransactionalWriter,
    newest,
)
from chassis.kafka.log import KafkaAccess
from chassis.kafka.memory.memory_broker import MemoryBroker, MemoryWriter
from chassis.kafka.sending import KafkaWriter
from contracts.results.topics import Topic

_COMPACTED: Final = {
    "cleanup.policy": "compact,delete",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "max.compaction.lag.ms": "100",
    "delete.retention.ms": "0",
}
_WAIT_S: Final = 5.0
_TRIES: Final = 3


class World(Protocol):
    """A broker, and what only its administrator or a writer that was killed does."""

    @property
    def broker(self) -> Broker: ...
    async def make(self, partitions: int = 1) -> str: ...
    async def begin(self, writer: Any, records: list[OutgoingRecord]) -> None: ...
    async def forget(self, place: Place, offset: int) -> None: ...
    async def compact(self, place: Place, writer: TransactionalWriter) -> None: ...


class InMemory:
    def __init__(self) -> None:
        self.broker = MemoryBroker([])

    async def make(self, partitions: int = 1) -> str:
        topic = Topic(f"contract.{len(self.broker.partitions)}", partitions)
        self.broker.partitions |= MemoryBroker([topic]).partitions
        return topic.name

    async def begin(self, writer: MemoryWriter, records: list[OutgoingRecord]) -> None:
        writer.begin()
        writer.write(records)

    async def forget(self, place: Place, offset: int) -> None:
        self.broker.partitions[place].forget(offset)

    async def compact(self, place: Place, _writer: TransactionalWriter) -> None:
        self.broker.partitions[place].compact()


class Real:
    def __init__(self, address: str) -> None:
        self._cluster = Cluster(address)
        self.broker = KafkaAccess(self._cluster)

    async def make(self, partitions: int = 1) -> str:
        topic = Topic(f"contract.{uuid.uuid4().hex}", partitions, _COMPACTED)
        await asyncio.to_thread(ensure_topics, self._cluster, [topic], 1)
        return topic.name

    async def begin(self, writer: KafkaWriter, records: list[OutgoingRecord]) -> None:
        await writer._producer.begin_transaction()
        await writer._send(records)

    async def forget(self, place: Place, offset: int) -> None:
        with KafkaAdminClient(**self._cluster.client()) as admin:
            await asyncio.to_thread(admin.delete_records, {TopicPartition(*place): offset})

    async def compact(self, place: Place, writer: TransactionalWriter) -> None:
        """The cleaner comes every 15 s, and leaves alone what was written last."""
        before, deadline = read_in_thread(self._cluster, place), time.monotonic() + 240
        while read_in_thread(self._cluster, place)[:1] == before[:1]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.5)
            await writer.send([OutgoingRecord(place.topic, b"", b"later", place.partition)])


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.real)])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        return InMemory()
    return Real(request.getfixturevalue("kafka"))


async def opened(world: World, name: str) -> Any:
    writer = world.broker.writer(name)
    await writer.open()
    return writer


async def read(broker: Broker, place: Place) -> list[LogRecord]:
    """To the end; on the real one a thread must read the same. The cleaner may come between the two: then both read again."""
    for _ in range(_TRIES):
        async with broker.reader() as reader:
            found = [record async for records in reader.read_to_end(place) for record in records]
        if not isinstance(broker, KafkaAccess):
            break
        again = await asyncio.to_thread(read_in_thread, broker.cluster, place)
        if again == shown(found):
            break
    else:
        assert shown(found) == again
    return found


def shown(records: Iterable[LogRecord]) -> list[Any]:
    return [(one.offset, one.key, one.value, list(one.headers)) for one in records]


def read_in_thread(cluster: Cluster, place: Place) -> list[Any]:
    with closing(CommittedLog(cluster, "contract")) as log:
        assert place in log.places([place.topic, "contract.missing"])
        return shown(log.read(place, log.bounds([place])[place]))


def some(topic: str, *values: bytes, partition: int = 0) -> list[OutgoingRecord]:
    return [OutgoingRecord(topic, value, value[:1], partition) for value in values]


def values(records: list[LogRecord]) -> list[bytes | None]:
    return [record.value for record in records]


async def test_what_is_sent_is_read_in_order(world: World) -> None:
    topic = await world.make(2)
    records = [
        OutgoingRecord(topic, None if size == 0 else b"v" * size, b"%d" % number, number % 2,
                       (("n", b"\xff%d" % size), ("", b"")))
        for number, size in enumerate((10, 900_000, 9_000, 25_000, 0, 25_000, 600_000, 4_000) * 2)
    ]  # fmt: skip
    writer = await opened(world, topic)
    await writer.send(records)
    await writer.close()
    for partition in (0, 1):
        found = await read(world.broker, Place(topic, partition))
        assert [
            OutgoingRecord(one.topic, one.value, one.key, one.partition, tuple(one.headers))
            for one in found
        ] == [one for one in records if one.partition == partition]
        assert [one.offset for one in found] == list(range(len(found)))
        assert all(abs(one.timestamp / 1000 - time.time()) < 600 for one in found)  # noqa: TID251


async def test_an_empty_partition_ends_at_once(world: World) -> None:
    place = Place(await world.make(3), 1)
    async with world.broker.reader() as reader:
        assert await reader.partitions(place.topic) == 3
        assert await reader.partitions("contract.missing") == 0
        assert await reader.bounds([place]) == {place: Bounds(0, 0)}
        assert await newest(reader, place) == {}
        assert await reader.first_from(place, 0, 0.1) is None
        async with aclosing(reader.follow([place])) as polls:
            assert (await anext(polls)).is_caught_up


async def test_who_follows_a_topic_that_is_not_there_yet_asks_again(world: World) -> None:
    """Ingest ended when it started while the topics were being made: the library fails an assertion."""
    async with world.broker.reader() as reader:
        places = [
            Place("contract.late", at) for at in range(await reader.partitions("contract.late"))
        ]
        with pytest.raises(BROKER_ERRORS):
            await anext(reader.follow(places))


async def test_an_open_transaction_ends_the_log_until_its_successor_aborts_it(world: World) -> None:
    topic = await world.make()
    place = Place(topic, 0)
    killed, other = await opened(world, topic), await opened(world, f"{topic}.other")
    await killed.send(some(topic, b"a1"))
    await world.begin(killed, some(topic, b"a2", b"b1"))
    await other.send(some(topic, b"c1"))
    async with world.broker.reader() as reader:
        assert (await reader.bounds([place]))[place] == Bounds(0, 2)
        assert await newest(reader, place) == {b"a": b"a1"}
        assert await reader.first_from(place, 1, 0.3) is None
        successor = await opened(world, topic)
        # a1, its mark, a2, b1, c1, its mark, and the mark of what was aborted.
        assert (await reader.bounds([place]))[place] == Bounds(0, 7)
        assert await newest(reader, place) == {b"a": b"a1", b"c": b"c1"}
        first = await reader.first_from(place, 1, _WAIT_S)
        assert first is not None and (first.offset, first.value) == (4, b"c1")
    for writer in (killed, other, successor):
        await writer.close()


async def test_who_was_fenced_writes_nothing_any_more(world: World) -> None:
    topic = await world.make()
    former = await opened(world, topic)
    await former.send(some(topic, b"a"))
    successor = await opened(world, topic)
    for _attempt in range(2):
        with pytest.raises(FencedError):
            await former.send(some(topic, b"b"))
    await successor.send(some(topic, b"c"))
    assert values(await read(world.broker, Place(topic, 0))) == [b"a", b"c"]
    for writer in (former, successor):
        await writer.close()


async def test_who_follows_reaches_the_end_and_gets_what_comes(world: World) -> None:
    topic = await world.make(2)
    places = [Place(topic, 0), Place(topic, 1)]
    writer = await opened(world, topic)
    await writer.send(some(topic, b"a", b"b") + some(topic, b"c", partition=1))
    found: list[bytes | None] = []
    async with world.broker.reader() as reader, aclosing(reader.follow(places)) as polls:
        async for poll in polls:
            found += values(list(poll.records))
            if poll.is_caught_up:
                break
        assert sorted(map(bytes.decode, filter(None, found))) == ["a", "b", "c"]
        await writer.send(some(topic, b"d", partition=1))
        async with asyncio.timeout(_WAIT_S):
            while b"d" not in values(list((await anext(polls)).records)):
                pass
    await writer.close()


async def test_the_log_may_have_lost_its_beginning(world: World) -> None:
    topic = await world.make()
    place = Place(topic, 0)
    writer = await opened(world, topic)
    await writer.send(some(topic, b"a", b"b", b"c"))
    await world.forget(place, 1)
    async with world.broker.reader() as reader:
        assert (await reader.bounds([place]))[place] == Bounds(1, 4)
    assert values(await read(world.broker, place)) == [b"b", b"c"]
    await world.forget(place, 4)
    assert await read(world.broker, place) == []
    await writer.close()


async def test_what_compaction_leaves_is_read_over_its_gaps(world: World) -> None:
    topic = await world.make()
    place = Place(topic, 0)
    writer = await opened(world, topic)
    for number in range(3):
        await writer.send(some(topic, b"a%d" % number, b"b%d" % number))
    await writer.send([OutgoingRecord(topic, None, b"b", 0)])
    await world.compact(place, writer)
    found = await read(world.broker, place)
    assert b"a0" not in values(found) and b"a2" in values(found)
    assert any(after.offset - before.offset > 2 for before, after in itertools.pairwise(found)) or (
        found[0].offset > 0
    )
    async with world.broker.reader() as reader:
        state = await newest(reader, place)
    assert state.pop(b"later", b"") == b"" and state == {b"a": b"a2"}
    await writer.close()
