"""A broker that knows a partition's end and sends nothing of it."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition

from chassis.kafka.interface import Place, StalledReadError
from chassis.kafka.log import KafkaReader


class Silent:
    """A consumer, as far as a reader uses it, that stands at 3 of 7."""

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
