"""`/ws`: the protocol over a websocket, subprotocol `pantau.v1`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from chassis.http.gate import CONNECTION
from chassis.http.problems import problem_response
from chassis.http.uvicorn_limits import WebsocketConnection
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.connection import Client
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import Close, Closed, Session


def is_foreign(origin: str | None, host: str | None, allowed: Collection[str]) -> bool:
    """True for a page of another site. Without an Origin it is no browser: the token decides."""
    if origin is None or origin in allowed:
        return False
    try:
        place = urlsplit(origin).netloc
    except ValueError:
        return True
    return not host or place.lower() != host.lower()


class _Channel:
    name = "ws"

    def __init__(self, send: Send, connection: WebsocketConnection | None) -> None:
        self._asgi = send
        self._connection = connection

    @property
    def write(self) -> Callable[[bytes], None] | None:
        """See `Channel`."""
        connection = self._connection
        if connection is None or not connection.is_open:
            return None
        return connection.transport.write

    async def send(self, sent: wire.Sent) -> None:
        if self._connection is not None:
            await self._connection.writable.wait()
        if (write := self.write) is not None:
            write(sent.on_websocket)
        else:
            await self._asgi({"type": "websocket.send", "text": sent.text})

    async def close(self, closed: Closed) -> None:
        # A close reason has room for 123 bytes; the error frame before it says all.
        reason = closed.detail.encode()[:120].decode(errors="ignore")
        await self._asgi({"type": "websocket.close", "code": int(closed.code), "reason": reason})


class WsEndpoint:
    """ASGI app of `/ws`."""

    def __init__(
        self, hub: Hub, tokens: Tokens, build: Callable[[], str], origins: Collection[str]
    ) -> None:
        self._hub = hub
        self._tokens = tokens
        self._build = build
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the connection ends."""
        await receive()
        headers = Headers(scope=scope)
        offered = scope.get("subprotocols", [])
        if is_foreign(headers.get("origin"), headers.get("host"), self._origins):
            detail = "Pages of this origin may not open the socket: see PANTAU_ALLOWED_ORIGINS."
            await problem_response(403, "Forbidden", detail)(scope, receive, send)
            return
        if offered and wire.SUBPROTOCOL not in offered:
            detail = f"The subprotocol here is {wire.SUBPROTOCOL}."
            await problem_response(400, "Bad Request", detail)(scope, receive, send)
            return
        await send(
            {"type": "websocket.accept", "subprotocol": wire.SUBPROTOCOL if offered else None}
        )
        session = Session(self._tokens, tuple(self._hub.maps), time.monotonic())
        connection = scope.get(CONNECTION)
        channel = _Channel(send, connection)
        transport = getattr(connection, "transport", None)
        client = Client(self._hub, channel, session, self._build(), transport)
        await _run(client, receive)


async def _run(client: Client, receive: Receive) -> None:
    """The writer ends the connection; the reader, when the client has left, ends the writer."""
    writer = asyncio.create_task(client.write())
    reader = asyncio.create_task(_read(client, receive))
    try:
        done, _ = await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (writer, reader):
            task.cancel()
        await asyncio.gather(writer, reader, return_exceptions=True)
    for task in done:
        task.result()


async def _read(client: Client, receive: Receive) -> None:
    while True:
        message: Message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None:
            client.close(Closed(Close.BAD, "frames of this protocol are text"))
        else:
            client.receive(text)
