"""Writes the record of generations. Who opens it last writes it: one that was opened before can no longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from chassis.clocks import secret_key
from chassis.feeds import generation_feed
from chassis.kafka.cluster import cluster_of
from chassis.kafka.interface import FencedError, OutgoingRecord, TransactionalWriter
from chassis.kafka.log import KafkaAccess
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.results.generations import RECORD_KEY, Generations
from contracts.results.topics import (
    GENERATION_CHANGE,
    GENERATIONS,
    control_headers,
)

_TRANSACTIONAL_ID: Final = "pantau.generations"


class GenerationRecord:
    """`now`: what it says."""

    def __init__(self, writer: TransactionalWriter, key: bytes, now: Generations) -> None:
        self._writer = writer
        self._key = key
        self.now = now

    async def write(self, changed: Generations) -> None:
        """Replace it. Raises `OperatorError` if another command has opened it since."""
        value = changed.encode()
        headers = control_headers(self._key, GENERATION_CHANGE, GENERATIONS, 0, value)
        try:
            await self._writer.send([OutgoingRecord(GENERATIONS, value, RECORD_KEY, 0, headers)])
        except FencedError:
            raise OperatorError("another `pantau replay` has begun since: this one ends") from None
        self.now = changed


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[GenerationRecord]:
    """The record, to be changed by this process alone."""
    key = secret_key(settings)
    cluster = cluster_of(settings, "admin")
    writer = KafkaAccess(cluster).writer(_TRANSACTIONAL_ID)
    try:
        await writer.open()
        yield GenerationRecord(writer, key, await generation_feed.read(cluster, key))
    finally:
        await writer.close()
