"""Owners whose partitions come and go while they flush."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faust.types import TP

from chassis.kafka.cluster import Cluster
from contracts.results.topics import SPPG_EVENTS
from contracts.time.clock import RealClock
from streams.agents import owner as module
from streams.agents.owner import ClosedError, FetchedBatch, OwnedPartition, Owner
from streams.agents.owners import Owners
from streams.core.unit_stage.unit_fold import UnitFold


class Builder:
    """A batch that is never full."""

    def append(self, **_: Any) -> bool:
        return True


class Producer:
    """Keeps what is sent, and like aiokafka's waits for ever for metadata once it is stopped."""

    def __init__(self, **_: Any) -> None:
        self.sent: list[Any] = []
        self.committed = 0
        self.has_begun, self.has_committed = asyncio.Event(), asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    async def start(self) -> None:
        pass

    async def begin_transaction(self) -> None:
        self.has_begun.set()

    def create_batch(self) -> Builder:
        return Builder()

    async def send_batch(self, batch: Builder, *_: Any, **__: Any) -> asyncio.Future[None]:
        await self.answers.wait()
        self.sent.append(batch)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def commit_transaction(self) -> None:
        self.committed += 1
        self.has_committed.set()

    async def stop(self) -> None:
        self.answers.clear()


class World:
    """Owners of two partitions that hold nothing yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def nothing(*_: Any) -> dict[bytes, bytes]:
            return {}

        async def bounds(*_: Any) -> tuple[int, int]:
            return 0, 0

        monkeypatch.setattr(module, "AIOKafkaProducer", self._producer)
        monkeypatch.setattr(module, "read_state", nothing)
        monkeypatch.setattr(module, "log_bounds", bounds)
        self.producers: list[Producer] = []
        self.owners = Owners(self._owner)
        self.places = [TP(SPPG_EVENTS, number) for number in range(2)]

    def _producer(self, **options: Any) -> Producer:
        self.producers.append(Producer(**options))
        return self.producers[-1]

    def _owner(self, place: TP) -> Owner:
        where = OwnedPartition(
            place.topic, place.partition, "id", "unit.state.sppg", ("unit.state.sppg",)
        )
        fold = UnitFold(place.topic, place.partition, 2, 1)
        return Owner(where, fold, Cluster("nowhere:1"), RealClock(), b"key")

    def progress(self, before: int, places: list[TP]) -> None:
        for place in places:
            self.owners.take(place, FetchedBatch(before, before + 1, []))


async def test_a_partition_that_goes_while_it_is_flushed_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when a rebalance comes just then: the others go on to be flushed."""
    world = World(monkeypatch)
    for place in world.places:
        await world.owners.take_over(world.places[: place.partition + 1])
    world.progress(0, world.places)
    gone, kept = world.producers
    gone.answers.clear()
    flushing = asyncio.create_task(world.owners.flush())
    await asyncio.wait_for(kept.has_committed.wait(), 5)
    assert not flushing.done()
    await world.owners.revoke(world.places[:1])
    await asyncio.wait_for(flushing, 5)
    assert not gone.committed
    world.progress(1, world.places[1:])
    await asyncio.wait_for(world.owners.flush(), 5)
    assert kept.committed == 2


async def test_what_is_given_up_is_not_flushed_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    owner = world._owner(world.places[0])
    await owner.take_over()
    owner.take(FetchedBatch(0, 1, []))
    await owner.close()
    with pytest.raises(ClosedError):
        await asyncio.wait_for(owner.flush(), 5)
    assert not world.producers[0].sent


async def test_a_flush_that_does_not_end_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    await world.owners.take_over(world.places[:1])
    world.progress(0, world.places[:1])
    assert await world.owners.stuck() == []
    world.producers[0].answers.clear()
    monkeypatch.setattr("streams.agents.owners._FLUSH_STUCK_S", 0.02)
    flushing = asyncio.create_task(world.owners.flush())
    await asyncio.wait_for(world.producers[0].has_begun.wait(), 5)
    await asyncio.sleep(0.03)
    assert await world.owners.stuck() == ["sppg.events/0"]
    await world.owners.revoke(world.places)
    await asyncio.wait_for(flushing, 5)
    assert await world.owners.stuck() == []


async def test_what_could_not_be_taken_over_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)

    async def lost(*_: Any) -> tuple[int, int]:
        raise asyncio.CancelledError

    monkeypatch.setattr(module, "log_bounds", lost)
    with pytest.raises(asyncio.CancelledError):
        await world.owners.take_over(world.places[:1])
    assert not world.producers[0].answers.is_set(), "its producer is stopped"


async def test_what_was_revoked_while_it_was_taken_over_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch)

    async def late(*_: Any) -> tuple[int, int]:
        await world.owners.revoke([])
        return 0, 0

    monkeypatch.setattr(module, "log_bounds", late)
    assert await world.owners.take_over(world.places[:1]) == {}
    assert not world.producers[0].answers.is_set(), "its producer is stopped"
