"""Many clients of one server that count frames and note when each came; nothing is decoded."""

from __future__ import annotations

import asyncio
import json
import time
from types import TracebackType
from typing import Final, Self

from websockets.asyncio.client import ClientConnection, connect

from bench.ground import REGION

MARK: Final = '"mark":'
"""What stands before a frame's number."""
_AT_ONCE: Final = 50


class FrameClients:
    """`token` None: of a server that asks for nothing. `delays`: seconds from a frame's start to each client."""

    def __init__(self, url: str, count: int, token: str | None) -> None:
        self._url, self._count, self._token = url, count, token
        self._connections: list[ClientConnection] = []
        self._readers: list[asyncio.Task[None]] = []
        self._started: dict[int, float] = {}
        self.delays: list[float] = []
        self.frames = 0
        self._newest = self._missing = 0
        self._all_have = asyncio.Event()

    async def __aenter__(self) -> Self:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one() -> None:
            async with slots:
                self._connections.append(await self._open())

        await asyncio.gather(*(one() for _ in range(self._count)))
        self._readers = [asyncio.create_task(self._read(one)) for one in self._connections]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*(one.close() for one in self._connections), return_exceptions=True)

    async def _open(self) -> ClientConnection:
        # The proxies of the environment are not for this machine.
        socket = await connect(
            self._url,
            max_size=None,
            compression=None,
            ping_interval=None,
            proxy=None,
            open_timeout=60,
        )
        if self._token is not None:
            await socket.send(json.dumps({"op": "auth", "token": self._token}))
            welcome = json.loads(await socket.recv())
            if welcome["op"] != "welcome":
                raise RuntimeError(f"the gateway refuses: {welcome}")
            asked = {"region": REGION, "topics": ["performance"]}
            await socket.send(json.dumps({"op": "subscribe"} | asked))
        return socket

    async def _read(self, socket: ClientConnection) -> None:
        newest = 0
        async for text in socket:
            assert isinstance(text, str)
            at = text.rfind(MARK)
            if at < 0:
                continue  # a ping, or the first snapshot
            number = int(text[at + len(MARK) :].partition("}")[0])
            if number in self._started:
                self.delays.append(time.monotonic() - self._started[number])
                self.frames += 1
                self._note(newest, number)
                newest = number

    def _note(self, newest: int, number: int) -> None:
        # A frame may stand for those before it: a busy server sends the newest alone.
        if newest < self._newest <= number:
            self._missing -= 1
            if not self._missing:
                self._all_have.set()

    def starts(self, number: int) -> None:
        """Frame `number` is handed to the server now. Frames that nobody started here are not counted."""
        self._started[number] = time.monotonic()
        self._newest, self._missing = number, self._count
        self._all_have.clear()

    async def has_come(self, seconds: float) -> None:
        """Waits until each client has the newest frame, or a later one. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            await self._all_have.wait()
