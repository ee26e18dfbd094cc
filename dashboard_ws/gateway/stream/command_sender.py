"""Writes people's commands to Kafka, signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.feeds.command_record import command_record
from chassis.kafka.cluster import Cluster
from chassis.kafka.sending import KafkaSender
from contracts.commands import Command


class CommandSender:
    """One sender. `key`: the installation's; `partitions`: of the topic."""

    def __init__(self, cluster: Cluster, key: bytes, partitions: int) -> None:
        self._cluster = cluster
        self._key = key
        self._partitions = partitions

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected until the context ends."""
        self._sender = KafkaSender(self._cluster)
        try:
            await self._sender.open()
            yield
        finally:
            await self._sender.close()

    async def send(self, command: Command) -> None:
        """Returns once all replicas have it. Raises `BROKER_ERRORS`."""
        await self._sender.send([command_record(self._key, command, self._partitions)])
