"""The other side of the comparison: each line of stdin goes to every client, one send after the other. No map, filter, ping or watch.

`python -m bench.gateway.bare_loop PORT`: same event loop and websocket library as the gateway, no compression either.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, serve

_LINE_BYTES = 1 << 20


async def run(port: int) -> None:
    """Runs until stdin ends."""
    connections: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()
        connections.discard(connection)

    lines = asyncio.StreamReader(_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    async with serve(handler, "127.0.0.1", port, compression=None, ping_interval=None):
        while line := await lines.readline():
            text = line.decode()
            for connection in tuple(connections):
                await connection.send(text)


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
