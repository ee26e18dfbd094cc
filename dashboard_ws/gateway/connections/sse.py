"""`/sse`: the same frames as an event stream, for networks that break websockets.

Each event's name is the frame's `op`, its data the frame's JSON. Its id is `epoch:seq` once the
client stands there (of a snapshot: on the last part), so that `Last-Event-ID` goes on from it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.http.gate import CONNECTION
from dashboard_ws.gateway.connections.connection import Client
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import MapPosition
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import Closed, Session, Welcome

_SEQ_DIGITS: Final = 18
"""Python refuses to read a number of thousands of digits."""
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def parse_position(text: str) -> MapPosition | None:
    """`epoch:seq`; None for anything else: the client then gets a snapshot."""
    epoch, _, seq = text.rpartition(":")
    if not epoch or not seq.isdecimal() or not seq.isascii() or len(seq) > _SEQ_DIGITS:
        return None
    return MapPosition(epoch, int(seq))


class _Channel:
    name = "sse"

    def __init__(self, send: Send) -> None:
        self._asgi = send

    async def send(self, sent: wire.Sent) -> None:
        at = sent.position
        mark = f"id: {at.epoch}:{at.seq}\n" if at else ""
        text = f"event: {sent.op}\n{mark}data: {sent.text}\n\n"
        await self._asgi({"type": "http.response.body", "body": text.encode(), "more_body": True})

    @property
    def write(self) -> None:
        """See `Channel`: all frames are sent."""
        return

    async def close(self, closed: Closed) -> None:
        del closed  # The error event before the end of the stream says it.
        await self._asgi({"type": "http.response.body", "body": b"", "more_body": False})


class EventStream(Response):
    """The response; `session` is authenticated and subscribed already."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, session: Session, build: str, exp: int | None) -> None:
        super().__init__()
        self._hub = hub
        self._session = session
        self._build = build
        self._exp = exp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, until the client goes or is closed."""
        transport = getattr(scope.get(CONNECTION), "transport", None)
        client = Client(self._hub, _Channel(send), self._session, self._build, transport)
        client.welcome(Welcome(self._exp))
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        writer = asyncio.create_task(client.write())
        left = asyncio.create_task(_until_left(receive))
        try:
            await asyncio.wait((writer, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.cancel()
            left.cancel()
            await asyncio.gather(writer, left, return_exceptions=True)


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
