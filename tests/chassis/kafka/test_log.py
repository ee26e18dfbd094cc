"""A broker that knows a partition's end and sends nothing of it."""

from __future__ import annotations

from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from chassis.kafka.interface import Place, StalledReadError
from chassis.kafka.log import KafkaReader


class Silent:
    """A consumer, as far as a reader uses it, that stands at 3 of 7; `_fetcher` is aiokafka's."""

    def __init__(self) -> None:
        self._fetcher = SimpleNamespace(_fetch_max_wait_ms=50)

    def assign(self, _places: object) -> None: ...

    async def seek_to_beginning(self, *_places: object) -> None: ...

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 7)

    async def getmany(self, **_options: Any) -> dict[TopicPartition, list[Any]]:
        return {}

    async def position(self, _place: TopicPartition) -> int:
        return 3


async def test_a_reading_that_stands_still_ends_with_a_plain_error() -> None:
    reader = KafkaReader(Silent())
    with pytest.raises(StalledReadError, match=r"unit.state.sppg/1 stands at 3 of 7"):
        async for _records in reader.read_to_end(Place("unit.state.sppg", 1), stalled_s=0.01):
            pass


class CaughtUp(Silent):
    """It stands at the end."""

    async def position(self, _place: object) -> int:
        return 7


async def test_who_follows_lets_the_broker_wait_and_who_reads_to_the_end_does_not() -> None:
    """What a reader asks waits behind its fetch: a take-over reads many partitions with one reader."""
    consumer = CaughtUp()
    reader, place = KafkaReader(consumer), Place("unit.state.sppg", 1)
    for _ in range(2):
        async for _records in reader.read_to_end(place):
            pass
        assert consumer._fetcher._fetch_max_wait_ms == 50
    async with aclosing(reader.follow([place])) as polls:
        for _ in range(2):
            await anext(polls)
    assert consumer._fetcher._fetch_max_wait_ms > 50
    async for _records in reader.read_to_end(place):
        pass
    assert consumer._fetcher._fetch_max_wait_ms == 50
