"""Writes people's commands to Kafka, signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import OutgoingRecord
from chassis.kafka.sending import KafkaSender
from contracts.commands import Command, encode_command
from contracts.events.partition import partition_of
from contracts.results.topics import COMMAND, COMMANDS, control_headers


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
        value = encode_command(command)
        partition = partition_of(command.region, self._partitions)
        headers = control_headers(self._key, COMMAND, COMMANDS, partition, value)
        key = command.alert_id.encode()
        await self._sender.send([OutgoingRecord(COMMANDS, value, key, partition, headers)])
