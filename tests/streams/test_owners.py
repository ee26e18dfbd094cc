"""Owners whose partitions come and go while they flush."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import pytest
from faust.types import TP

from chassis.kafka.interface import LogReader, OutgoingRecord, Place
from chassis.kafka.memory.memory_broker import MemoryBroker, MemoryWriter
from chassis.kafka.memory.memory_log import MemoryRecord
from contracts.results.topics import SPPG_EVENTS, UNIT_STATE, topics
from contracts.time.clock import RealClock, real_now_ms
from streams.agents import owner as owner_module
from streams.agents.flush_pace import FlushPace
from streams.agents.owner import (
    ClosedError,
    FetchedBatch,
    OwnedPartition,
    Owner,
    PositionError,
)
from streams.agents.owners import Owners, OwnersPatience
from streams.core.state_format import marked
from streams.core.unit_stage.unit_fold import UnitFold
from streams.core.windowing.pending_rows import ROWS_KEY

STATE: Final = UNIT_STATE[SPPG_EVENTS]
PATIENCE: Final = OwnersPatience()
PACE: Final = FlushPace()


class SlowWriter(MemoryWriter):
    """Sends once `answers` is set; like aiokafka's producer it waits for ever once it is closed."""

    def __init__(self, broker: MemoryBroker, transactional_id: str) -> None:
        super().__init__(broker, transactional_id)
        self.sent = 0
        self.has_begun, self.has_sent, self.answers = (asyncio.Event() for _ in range(3))
        self.answers.set()

    async def send(self, records: Iterable[OutgoingRecord]) -> None:
        self.has_begun.set()
        await self.answers.wait()
        await super().send(records)
        self.sent += 1
        self.has_sent.set()

    async def close(self) -> None:
        self.answers.clear()


class World(MemoryBroker):
    """Owners of two partitions that hold nothing yet. `on_read`: what happens when a reader opens."""

    def __init__(self, patience: OwnersPatience = PATIENCE, pace: FlushPace = PACE) -> None:
        super().__init__(topics(2, 1))
        self.on_read: Callable[[], Awaitable[None]] | None = None
        self._writers: list[tuple[str, SlowWriter]] = []
        self.pace = pace
        self.ends: dict[Place, int] = {}
        self.made: list[Owner] = []
        self.owners = Owners(self.owner, lambda *place: self.ends.get(Place(*place)), patience)
        self.places = [TP(SPPG_EVENTS, number) for number in range(2)]

    def writer(self, transactional_id: str) -> SlowWriter:
        writer = SlowWriter(self, transactional_id)
        self._writers.append((transactional_id, writer))
        return writer

    @property
    def writers(self) -> list[SlowWriter]:
        """By partition: owners take partitions over in the order of a set, which changes from run to run."""
        return [writer for _, writer in sorted(self._writers, key=lambda one: one[0])]

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[LogReader]:
        if self.on_read is not None:
            await self.on_read()
        async with super().reader() as reader:
            yield reader

    def owner(self, place: TP) -> Owner:
        where = OwnedPartition(place.topic, place.partition, "id", STATE, (STATE,))
        owner = Owner(
            where,
            UnitFold(place.topic, place.partition, 2, 1),
            self,
            RealClock(),
            b"key",
            self.pace,
        )
        self.made.append(owner)
        return owner

    def progress(self, before: int, places: list[TP]) -> None:
        for place in places:
            self.owners.take(place, FetchedBatch(before, before + 1, []))


async def test_a_partition_that_goes_while_it_is_flushed_holds_nobody_up() -> None:
    """As when a rebalance comes just then: the others go on to be flushed."""
    world = World()
    for place in world.places:
        await world.owners.take_over(world.places[: place.partition + 1])
    world.progress(0, world.places)
    gone, kept = world.writers
    gone.answers.clear()
    flushing = asyncio.create_task(world.owners.flush())
    await asyncio.wait_for(kept.has_sent.wait(), 5)
    assert not flushing.done()
    await world.owners.revoke(world.places[:1])
    await asyncio.wait_for(flushing, 5)
    assert not gone.sent
    world.progress(1, world.places[1:])
    await asyncio.wait_for(world.owners.flush(), 5)
    assert kept.sent == 2


async def test_what_is_given_up_is_not_flushed_any_more() -> None:
    world = World()
    owner = world.owner(world.places[0])
    await owner.take_over()
    owner.take(FetchedBatch(0, 1, []))
    await owner.close()
    with pytest.raises(ClosedError):
        await asyncio.wait_for(owner.flush(), 5)
    assert not world.writers[0].sent


async def test_a_flush_that_does_not_end_is_found_out() -> None:
    world = World(OwnersPatience(flush_s=0.02))
    await world.owners.take_over(world.places[:1])
    world.progress(0, world.places[:1])
    assert await world.owners.stuck() == []
    world.writers[0].answers.clear()
    flushing = asyncio.create_task(world.owners.flush())
    await asyncio.wait_for(world.writers[0].has_begun.wait(), 5)
    await asyncio.sleep(0.03)
    assert await world.owners.stuck() == ["sppg.events/0"]
    await world.owners.revoke(world.places)
    await asyncio.wait_for(flushing, 5)
    assert await world.owners.stuck() == []


async def test_what_was_restored_is_not_searched_for_garbage_until_it_is_given_up() -> None:
    gc.unfreeze()
    world = World()
    await world.owners.take_over(world.places)
    assert gc.isenabled() and gc.get_freeze_count()
    await world.owners.revoke(world.places[:1])
    assert not gc.get_freeze_count(), "what was given up must go"
    await world.owners.revoke(world.places[1:])


async def test_what_could_not_be_taken_over_is_given_up() -> None:
    world = World()

    async def lost() -> None:
        raise asyncio.CancelledError

    world.on_read = lost
    with pytest.raises(asyncio.CancelledError):
        await world.owners.take_over(world.places[:1])
    assert not world.writers[0].answers.is_set(), "its writer is closed"


async def test_what_was_revoked_while_it_was_taken_over_is_given_up() -> None:
    world = World()
    world.on_read = lambda: world.owners.revoke([])
    assert await world.owners.take_over(world.places[:1]) == {}
    assert not world.writers[0].answers.is_set(), "its writer is closed"


async def test_a_successor_goes_on_where_the_last_flush_ended() -> None:
    world = World()
    await world.owners.take_over(world.places[:1])
    await append(world, 3)
    world.progress(0, world.places[:1])
    await world.owners.flush()
    world.progress(1, world.places[:1])
    successor = world.owner(world.places[0])
    assert await successor.take_over() == 1
    assert await successor.has_more()
    # The former owner learns of it at its next flush, and gives the partition up.
    await world.owners.flush()
    assert await world.owners.take_over([]) == {}
    assert not world.writers[0].answers.is_set(), "its writer is closed"
    assert await world.owner(world.places[0]).take_over() == 1


async def test_a_log_that_ends_before_the_position_is_refused() -> None:
    world = World()
    await world.owners.take_over(world.places[:1])
    world.progress(0, world.places[:1])
    await world.owners.flush()
    with pytest.raises(PositionError, match=r"offset 1, the log holds 0 to 0.*pantau replay"):
        await world.owner(world.places[0]).take_over()


async def test_a_partition_that_is_behind_is_flushed_at_a_slower_pace_and_a_live_one_at_each_call() -> (
    None
):
    world = World(pace=FlushPace(share=10.0, most_s=3_600.0))
    await world.owners.take_over(world.places)
    behind, live = world.writers
    now_ms = real_now_ms()
    for number in range(3):
        for place, written_ms in zip(
            world.places, (now_ms - 3_600_000, now_ms + 3_600_000), strict=True
        ):
            record = MemoryRecord(*place, number, written_ms, None, b"{}", ())
            world.owners.take(place, FetchedBatch(number, number + 1, [record]))
        await world.owners.flush()
    assert (behind.sent, live.sent) == (1, 3), "the first flush of a partition waits for nothing"
    record = MemoryRecord(*world.places[0], 3, now_ms + 3_600_000, None, b"{}", ())
    world.owners.take(world.places[0], FetchedBatch(3, 4, [record]))
    await world.owners.flush()
    assert behind.sent == 2, "it has caught up"


async def append(world: World, count: int) -> None:
    writer = MemoryWriter(world, "events")
    await writer.open()
    await writer.send([OutgoingRecord(SPPG_EVENTS, b"{}", None, 0)] * count)


@pytest.mark.parametrize(("again_s", "expected"), [(60.0, [1, 1, 2]), (0.0, [1, 2, 3])])
async def test_a_log_that_ends_is_asked_again_when_it_has_grown_or_after_a_while(
    monkeypatch: pytest.MonkeyPatch, again_s: float, expected: list[int]
) -> None:
    monkeypatch.setattr(owner_module, "_ASK_S", 0.01)
    world = World(OwnersPatience(idle_s=0.0, again_s=again_s))
    place = world.places[0]
    await world.owners.take_over([place])
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1

    world.on_read = count
    seen: list[int] = []
    for end in (0, 0, 1):
        world.ends[Place(*place)] = end
        assert await world.owners.stuck() == []
        seen.append(asked)
    assert seen == expected


@pytest.mark.parametrize(("quiet_s", "expected"), [(25.0, 0), (35.0, 1)])
async def test_a_log_is_not_asked_between_two_ticks(
    monkeypatch: pytest.MonkeyPatch, quiet_s: float, expected: int
) -> None:
    monkeypatch.setattr(owner_module, "_ASK_S", 0.01)
    world = World(OwnersPatience.beside_ticks(20.0))
    await world.owners.take_over(world.places[:1])
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1

    world.on_read = count
    [owner] = world.made
    owner.progressed_at = time.monotonic() - quiet_s
    assert await world.owners.stuck() == []
    assert asked == expected


async def test_a_partition_that_stands_still_is_found_though_its_end_is_known() -> None:
    world = World(OwnersPatience(idle_s=0.0, stuck_s=0.0))
    place = world.places[0]
    await world.owners.take_over([place])
    assert await world.owners.stuck() == []
    writer = world.writer("stranger")
    await writer.open()
    await writer.send([OutgoingRecord(SPPG_EVENTS, b"{}", None, place.partition)])
    world.ends[Place(*place)] = 1
    await world.owners.stuck()
    await asyncio.sleep(0.01)
    # After a single pause, however long, the loop may have stood still, and the partition with it.
    for _ in range(PATIENCE.stuck_checks - 1):
        assert await world.owners.stuck() == []
    assert await world.owners.stuck() == ["sppg.events/0"]


async def test_what_is_due_already_is_flushed_without_another_record() -> None:
    """A fold does a part of what a replay brings at once, and the next part with the next flush."""
    world = World()
    place = world.places[0]
    await world.owners.take_over([place])
    [owner] = world.made
    parts, drain = [True, True, False], owner._fold.drain
    owner._fold.drain = lambda *how: drain(*how)._replace(is_behind=parts.pop(0))  # type: ignore[method-assign]
    world.progress(0, [place])
    while parts:
        await asyncio.wait_for(world.owners.changed(), 5)
        await world.owners.flush()
    assert world.writers[0].sent == 3
    assert owner.flush_in_s() == math.inf


async def test_who_flushes_waits_until_something_has_changed() -> None:
    world = World()
    place = world.places[0]
    waiting = asyncio.create_task(world.owners.changed())
    await world.owners.take_over([place])
    await asyncio.sleep(0)
    assert not waiting.done()
    world.progress(0, [place])
    await asyncio.wait_for(waiting, 5)
    # Not flushed yet: there is still something to do.
    await asyncio.wait_for(world.owners.changed(), 5)
    await world.owners.revoke([place])
    waiting = asyncio.create_task(world.owners.changed())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await world.owners.take_over([place])
    world.progress(0, [place])
    await asyncio.wait_for(waiting, 5)


async def test_who_flushes_is_woken_for_rows_that_wait() -> None:
    world = World(pace=FlushPace(rows_step_s=0.5))
    place = world.places[0]
    await world.owners.take_over([place])
    for before in range(2):
        world.progress(before, [place])
        await world.owners.flush()
    (writer,) = world.writers
    sent = writer.sent
    # A step may have begun between the two: then the second had the rows.
    if math.isfinite(world.owners.flush_in_s()):
        await asyncio.wait_for(world.owners.changed(), 5)
        await world.owners.flush()
        assert writer.sent == sent + 1
    assert world.owners.flush_in_s() == math.inf


async def test_rows_that_the_former_owner_left_are_flushed_though_nothing_comes() -> None:
    world = World(pace=FlushPace(rows_step_s=3_600.0))
    left = marked(msgspec.msgpack.encode((0, {})))
    writer = MemoryWriter(world, "former")
    await writer.open()
    await writer.send([OutgoingRecord(STATE, left, ROWS_KEY, 0)])
    await world.owners.take_over(world.places)
    assert world.owners.flush_in_s() == 0
    await world.owners.flush()
    assert [one.sent for one in world.writers] == [1, 0]
