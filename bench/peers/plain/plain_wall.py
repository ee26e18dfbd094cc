"""Rows as they come, to everybody who is connected."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer
from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.peers.plain.plain_settings import ROWS, PlainSettings


async def run(settings: PlainSettings) -> None:
    """Runs until it is ended."""
    connections: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            connections.discard(connection)

    consumer = AIOKafkaConsumer(ROWS, bootstrap_servers=settings.broker)
    await consumer.start()
    async with serve(handler, "127.0.0.1", settings.wall_port):
        async for record in consumer:
            broadcast(connections, (record.value or b"").decode())


if __name__ == "__main__":
    asyncio.run(run(PlainSettings()))  # from the environment
