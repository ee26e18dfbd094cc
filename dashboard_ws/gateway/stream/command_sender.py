"""Writes people's commands to Kafka, signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.kafka.clients import async_producer
from chassis.kafka.cluster import Cluster
from contracts.commands import Command, encode_command
from contracts.events.partition import partition_of
from contracts.results.topics import COMMAND, COMMANDS, control_headers


class CommandSender:
    """One producer. `key`: the installation's; `partitions`: of the topic."""

    def __init__(self, cluster: Cluster, key: bytes, partitions: int) -> None:
        self._cluster = cluster
        self._key = key
        self._partitions = partitions

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected until the context ends."""
        self._producer = async_producer(self._cluster)
        await self._producer.start()
        try:
            yield
        finally:
            await self._producer.stop()

    async def send(self, command: Command) -> None:
        """Returns once all replicas have it. Raises `BROKER_ERRORS`."""
        value = encode_command(command)
        await self._producer.send_and_wait(
            COMMANDS,
            value,
            command.alert_id.encode(),
            partition_of(command.region, self._partitions),
            headers=control_headers(self._key, COMMAND, value),
        )
