"""Sending many records at once: packed into batches here, since a future for each costs more than the record."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer


class Message(NamedTuple):
    """One record and where it goes."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


async def send_all(producer: AIOKafkaProducer, messages: Iterable[Message]) -> None:
    """Sends and waits until all are acknowledged. Those of one partition keep their order."""
    by_place: dict[tuple[str, int], list[Message]] = defaultdict(list)
    for message in messages:
        by_place[message.topic, message.partition].append(message)
    await asyncio.gather(
        *(_send_to(producer, *place, some) for place, some in by_place.items()),
    )


async def _send_to(
    producer: AIOKafkaProducer, topic: str, partition: int, messages: list[Message]
) -> None:
    sent: list[Any] = []
    batch = producer.create_batch()
    for message in messages:
        # A batch that is full takes no more; an empty one takes a record of any size.
        while not _joins(batch, message):
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
    sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


def _joins(batch: Any, message: Message) -> bool:
    added = batch.append(
        timestamp=None, key=message.key, value=message.value, headers=list(message.headers)
    )
    return added is not None
