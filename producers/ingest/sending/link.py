"""The link to Kafka: one sender at a time, replaced when it fails.

Nothing here waits for Kafka without end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from chassis import logs
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import BROKER_ERRORS, OutgoingRecord
from chassis.kafka.sending import KafkaSender
from contracts.receipts import RecordPlace
from producers.ingest.ingest_metrics import KAFKA_ERRORS

ACK_S: Final = 8.0
"""Seconds that a record may take to be acknowledged before the device is asked to come back."""
_CONNECT_S: Final = 10.0
_PROBE_EVERY_S: Final = 5.0
_PROBE_S: Final = 5.0
_AGAIN_S: Final = 0.5

_log = logs.get(__name__)


class KafkaUnavailableError(Exception):
    """Not acknowledged. It may still turn up: who sends it again relies on identity."""


class _Generation:
    """One sender and the partition counts it found. `failed` is done when it is used up."""

    def __init__(self, sender: KafkaSender, partitions: Mapping[str, int]) -> None:
        self.sender = sender
        self.partitions = partitions
        self.failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def fail(self, reason: str) -> None:
        if not self.failed.done():
            self.failed.set_result(reason)


class KafkaLink:
    """Sends records and waits for the broker to acknowledge them (`acks=all`).

    `topics`: those whose partition counts are needed.
    """

    def __init__(self, cluster: Cluster, topics: Sequence[str]) -> None:
        self._cluster = cluster
        self._topics = topics
        self._current: _Generation | None = None
        self.reason: str | None = "connecting to Kafka"
        """Why nothing can be sent now; None while all is well."""

    async def run(self) -> None:
        """Keep a sender at hand until cancelled."""
        while True:
            generation = await self._connect()
            if generation is None:
                await asyncio.sleep(_AGAIN_S)
                continue
            self._current = generation
            self.reason = None
            try:
                await self._watch(generation)
            finally:
                self._current = None
                self.reason = "the connection to Kafka was lost"
                await generation.sender.close()

    def partitions(self, topic: str) -> int:
        """Partition count of one of `topics`. Raises `KafkaUnavailableError`."""
        return self._generation().partitions[topic]

    async def write(self, records: Sequence[OutgoingRecord]) -> list[RecordPlace]:
        """Write `records`, in order within a partition; their places, once all are acknowledged.

        Raises `KafkaUnavailableError` if one fails or all together take longer than `ACK_S`.
        """
        generation = self._generation()
        work = asyncio.ensure_future(generation.sender.send(records))
        try:
            await asyncio.wait(
                (work, generation.failed), timeout=ACK_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not work.done():
                work.cancel()
        if not work.done():
            raise self._lost(generation, TimeoutError(f"no acknowledgement in {ACK_S:.0f} s"))
        failure = work.exception()
        if isinstance(failure, BROKER_ERRORS):
            raise self._lost(generation, failure) from failure
        places = work.result()
        if any(place.offset < 0 for place in places):
            # A retry of what the broker had taken already, and its place is no longer known there.
            raise KafkaUnavailableError("acknowledged without an offset")
        return places

    def _generation(self) -> _Generation:
        if self._current is None or self._current.failed.done():
            raise KafkaUnavailableError(self.reason or "the connection to Kafka was lost")
        return self._current

    def _lost(self, generation: _Generation, error: BaseException) -> KafkaUnavailableError:
        KAFKA_ERRORS.labels(type(error).__name__).inc()
        generation.fail(f"{type(error).__name__}: {error}")
        return KafkaUnavailableError(str(error) or type(error).__name__)

    async def _connect(self) -> _Generation | None:
        sender = KafkaSender(self._cluster, ACK_S)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await sender.open()
                counts = {topic: await sender.partitions(topic) for topic in self._topics}
        except BROKER_ERRORS as error:
            KAFKA_ERRORS.labels(type(error).__name__).inc()
            self.reason = f"Kafka at {self._cluster} cannot be reached or lacks topics ({error})"
            _log.warning("kafka not reachable", error=str(error), kind=type(error).__name__)
            await sender.close()
            return None
        _log.info("connected to kafka", partitions=counts)
        return _Generation(sender, counts)

    async def _watch(self, generation: _Generation) -> None:
        """Return when the generation has failed; asks now and then, so that idle times show it."""
        while True:
            done, _ = await asyncio.wait((generation.failed,), timeout=_PROBE_EVERY_S)
            if not done:
                await self._probe(generation)
            if generation.failed.done():
                _log.warning("kafka connection lost", reason=generation.failed.result())
                return

    async def _probe(self, generation: _Generation) -> None:
        try:
            async with asyncio.timeout(_PROBE_S):
                await generation.sender.ask()
        except BROKER_ERRORS as error:
            self._lost(generation, error)
