"""Writing to the real Kafka: many records in one transaction, or each by itself."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import BROKER_ERRORS, FencedError, OutgoingRecord
from contracts.receipts import RecordPlace
from contracts.results.topics import MAX_RECORD_BYTES, MAX_STATE_BYTES

_TRANSACTION_TIMEOUT_MS: Final = 60_000
"""Longer than any flush: one that the broker aborts meanwhile fences its own worker. A killed owner's
open transaction does not wait for it: its successor aborts it when it opens its own.
"""
_BATCH_BYTES: Final = 512 * 1024
_STATE_REQUEST_BYTES: Final = MAX_STATE_BYTES + 48_576
_SINGLE_BYTES: Final = MAX_RECORD_BYTES + 32_768
"""A batch holds the greatest record with its headers, and stays below the broker's 1 MiB."""
_ABORT_S: Final = 5.0
_CLOSE_S: Final = 3.0


class KafkaWriter:
    """`TransactionalWriter` of a cluster. Needs a running loop.

    Packs its batches itself: a future for each record, as the library makes them, costs more than the record.
    """

    def __init__(self, cluster: Cluster, transactional_id: str) -> None:
        self._id = transactional_id
        self._is_fenced = False
        self._producer = clients.async_producer(
            cluster,
            transactional_id=transactional_id,
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            linger_ms=2,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_STATE_REQUEST_BYTES,
        )

    async def open(self) -> None:
        """See `TransactionalWriter`."""
        await self._producer.start()

    async def send(self, records: Iterable[OutgoingRecord]) -> None:
        """See `TransactionalWriter`."""
        # The library would fail an assertion: a producer that was fenced begins nothing any more.
        if not self._is_fenced:
            try:
                await self._transact(records)
            except (ProducerFenced, InvalidProducerEpoch):
                self._is_fenced = True
        if self._is_fenced:
            raise FencedError(f"{self._id} was opened by another writer")

    async def _transact(self, records: Iterable[OutgoingRecord]) -> None:
        await self._producer.begin_transaction()
        try:
            await self._send(records)
        except Exception:
            # Readers of these partitions would wait until the broker aborts it, a minute later.
            # The assertion is the library's: nothing can be aborted after an error that is final.
            with suppress(*BROKER_ERRORS, AssertionError):
                await asyncio.wait_for(self._producer.abort_transaction(), _ABORT_S)
            raise
        await self._producer.commit_transaction()

    async def _send(self, records: Iterable[OutgoingRecord]) -> None:
        by_place: dict[tuple[str, int | None], list[OutgoingRecord]] = defaultdict(list)
        for record in records:
            by_place[record.topic, record.partition].append(record)
        await asyncio.gather(*(self._send_to(*place, some) for place, some in by_place.items()))

    async def _send_to(
        self, topic: str, partition: int | None, records: list[OutgoingRecord]
    ) -> None:
        sent: list[Any] = []
        batch = self._producer.create_batch()
        for record in records:
            # A batch that is full takes no more; an empty one takes a record of any size.
            while not _joins(batch, record):
                sent.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
        sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)

    async def close(self) -> None:
        """See `TransactionalWriter`."""
        await self._producer.stop()


def _joins(batch: Any, record: OutgoingRecord) -> bool:
    added = batch.append(
        timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
    )
    return added is not None


class KafkaSender:
    """Sends records outside of transactions; each comes once, and in order within a partition, though it is tried again.

    `ack_s`: seconds that the broker may take for a request. Needs a running loop. All methods raise `BROKER_ERRORS`.
    """

    def __init__(self, cluster: Cluster, ack_s: float = 40.0) -> None:
        self._producer = clients.async_producer(
            cluster,
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=_SINGLE_BYTES,
            max_request_size=_SINGLE_BYTES,
            request_timeout_ms=round(ack_s * 1000),
        )

    async def open(self) -> None:
        """Connects."""
        await self._producer.start()

    async def partitions(self, topic: str) -> int:
        """How many it has."""
        return len(await self._producer.partitions_for(topic))

    async def send(self, records: Iterable[OutgoingRecord]) -> list[RecordPlace]:
        """Their places, in the same order, when all are acknowledged; an offset of -1: the broker had taken it already."""
        queued = [
            await self._producer.send(
                record.topic,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
            for record in records
        ]
        written = await asyncio.gather(*queued)
        return [RecordPlace(one.topic, one.partition, one.offset) for one in written]

    async def ask(self) -> None:
        """Asks the broker something: a connection that is lost shows only then."""
        await self._producer.client.fetch_all_metadata()

    async def close(self) -> None:
        """Disconnects, in some seconds: the library waits for records that a dead broker will never take."""
        try:
            await asyncio.wait_for(self._producer.stop(), _CLOSE_S)
        except BROKER_ERRORS:
            await self._producer._sender.close()
            await self._producer.client.close()
