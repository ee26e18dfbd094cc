"""Sending many records at once: packed into batches here, since a future for each costs more than the record."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.core.fold import Out


async def send_all(producer: AIOKafkaProducer, records: Iterable[Out]) -> None:
    """Sends records, each with its partition, and waits until all are acknowledged. Those of one partition keep their order."""
    by_place: dict[tuple[str, int | None], list[Out]] = defaultdict(list)
    for record in records:
        by_place[record.topic, record.partition].append(record)
    await asyncio.gather(
        *(_send_to(producer, *place, some) for place, some in by_place.items()),
    )


async def _send_to(
    producer: AIOKafkaProducer, topic: str, partition: int | None, records: list[Out]
) -> None:
    sent: list[Any] = []
    batch = producer.create_batch()
    for record in records:
        # A batch that is full takes no more; an empty one takes a record of any size.
        while not _joins(batch, record):
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
    sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


def _joins(batch: Any, record: Out) -> bool:
    added = batch.append(
        timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
    )
    return added is not None
