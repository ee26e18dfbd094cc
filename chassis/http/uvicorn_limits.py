"""One connection of a client, as uvicorn serves it, with the limits that uvicorn lacks.

uvicorn waits for ever for headers and for a client to take its answer, keeps headers of any size, loses the body of a request with an
`Upgrade` that it does not know, and writes an answer to every ping of a client that reads nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from math import inf
from typing import Any, Final

import httptools
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

from chassis.http.gate import Gate, head_too_large
from chassis.http.http_policy import HttpPolicy
from chassis.http.problems import Problem, response_of

_WS_MAX_SIZE: Final = 64 * 1024
_MAX_FRAGMENTS: Final = 256
"""Of one message: empty ones have no size, and would stay for ever."""
_TOO_BIG: Final = 1009
_OPEN: Final = State.OPEN
"""Each reading of an enum's member takes a while, and this one is read for each frame and client."""
_GRACE_S: Final = 5
_BACKLOG: Final = 2048


class Addresses:
    """How many connections each address has open."""

    def __init__(self, policy: HttpPolicy) -> None:
        self._policy = policy
        self._open: Counter[str] = Counter()

    def admit(self, address: str) -> bool:
        """Count a connection; false if it is one too many. Either way `release` it at its end."""
        policy = self._policy
        self._open[address] += 1
        return self._open.total() <= policy.max_connections and (
            address in policy.proxies or self._open[address] <= policy.max_per_address
        )

    def release(self, address: str) -> None:
        """The connection has ended."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


class ServerConfig(uvicorn.Config):
    """uvicorn as we run it: no access log, no deflate, small frames, logs through ours."""

    def __init__(self, app: ASGIApp, policy: HttpPolicy) -> None:
        super().__init__(
            Gate(app, policy),
            loop="uvloop",
            http=HttpConnection,
            ws=WebsocketConnection if policy.websocket else "none",
            ws_max_size=_WS_MAX_SIZE,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=policy.keep_alive_s,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self.policy = policy
        self.addresses = Addresses(policy)


class HttpConnection(HttpToolsProtocol):
    """A connection until its end, or until it becomes a websocket."""

    config: ServerConfig

    def __init__(self, config: ServerConfig, *args: Any, **named: Any) -> None:
        super().__init__(config, *args, **named)
        self._policy = config.policy
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._close_after = False
        self._unread = 0
        """Bytes since the parser last came to the end of headers, or to a piece of a body."""
        self._plain_head: bytes | None = None
        """Head of a request whose upgrade is ignored, to be read again without it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.config.addresses.admit(self.address):
            self._wait(self._policy.head_s, self._head_is_late)
        else:
            detail = "Too many connections are open: close those that are not in use."
            self._refuse(Problem(429, "Too Many Requests", detail, {"Retry-After": "10"}))

    @property
    def address(self) -> str:
        """Of the client, or of the proxy before it."""
        return self.client[0] if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_write_timer()
        self.config.addresses.release(self.address)
        super().connection_lost(exc)

    # --- time -----------------------------------------------------------------------------------

    def _wait(self, seconds: float, then: Any) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        if self._is_answering():
            # The next head came early, and its end is not read before this answer is written.
            self._wait(self._policy.head_s, self._head_is_late)
        elif self._unread:
            detail = f"The headers did not arrive within {self._policy.head_s:.0f} s."
            self._refuse(Problem(408, "Request Timeout", detail))
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    # --- what comes in --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._plain_head is None:
                self.handle_websocket_upgrade()
            else:
                self._read_again(self._plain_head + data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self.send_400_response("The request is not HTTP.")
            return
        if self.transport.is_closing():
            return
        if self._unread > self._policy.max_head_bytes:
            self._refuse(head_too_large(self._policy))
        elif self._in_head and self._timer is None and self._unread:
            self._wait(self._policy.head_s, self._head_is_late)

    def _read_again(self, data: bytes) -> None:
        self._plain_head = None
        self.parser = httptools.HttpRequestParser(self)
        self._unread = 0
        self.data_received(data)

    def _should_upgrade(self) -> bool:
        return self.parser.get_method() == b"GET" and super()._should_upgrade()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers are of no use here.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._in_head = False
        self._unread = 0
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise ValueError("this is no proxy")
        if self.parser.should_upgrade():
            if self._should_upgrade():
                super().on_headers_complete()
            else:
                version = self.parser.get_http_version()
                self._plain_head = _without_upgrade(method, self.url, version, self.headers)
            return
        super().on_headers_complete()
        # uvicorn would close before the client has sent all, and the answer would be lost.
        self._close_after = not self.cycle.keep_alive
        self.cycle.keep_alive = True

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._unread = 0
        if not self.parser.should_upgrade():
            self._stop_waiting()
            super().on_message_complete()
            self._close_if_asked()

    # --- what goes out --------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        self._stop_write_timer()
        super().resume_writing()

    def _watch_writing(self, left_before: float = inf) -> None:
        """The client must have taken something of what is written each `write_s`."""
        self._stop_write_timer()
        left = self.transport.get_write_buffer_size()
        if left < left_before:
            self._write_timer = self.loop.call_later(
                self._policy.write_s, self._watch_writing, left
            )
        else:
            # `close` would wait for ever for the client.
            self.transport.abort()

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_head:
            self._close_if_asked()
        elif not self.transport.is_closing():
            self._wait(self._policy.linger_s, self.transport.close)

    def _close_if_asked(self) -> None:
        if self._close_after and not self._is_answering():
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem(400, "Bad Request", msg))

    def _refuse(self, problem: Problem) -> None:
        """Answer without the app and close; only close if an answer is under way."""
        self._stop_waiting()
        if not self._is_answering() and not self.transport.is_closing():
            response = response_of(problem)
            headers = [*response.raw_headers, (b"connection", b"close")]
            lines = b"".join(b"%s: %s\r\n" % header for header in headers)
            self.transport.write(
                STATUS_LINE[problem.status] + lines + b"\r\n" + bytes(response.body)
            )
        self.transport.close()


def _without_upgrade(
    method: bytes, url: bytes, version: str, headers: list[tuple[bytes, bytes]]
) -> bytes:
    """The head again, without what asks for another protocol."""
    lines = [b"%s %s HTTP/%s" % (method, url, version.encode())]
    for name, value in headers:
        if name == b"connection":
            words = [word.strip() for word in value.split(b",")]
            lines += [b"connection: " + word for word in words if word.lower() != b"upgrade"]
        elif name != b"upgrade":
            lines.append(b"%s: %s" % (name, value))
    return b"\r\n".join([*lines, b"\r\n"])


class WebsocketConnection(WebSocketsSansIOProtocol):
    """A websocket, from its upgrade on."""

    config: ServerConfig

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._late = self.loop.call_later(self.config.policy.head_s, self._upgrade_is_late)

    def _upgrade_is_late(self) -> None:
        # Its upgrade is damaged: uvicorn answers nothing, and keeps the connection.
        if not self.handshake_complete:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
        self.config.addresses.release(self.client[0] if self.client else "")
        super().connection_lost(exc)

    @property
    def is_open(self) -> bool:
        """Whether a frame that is encoded already may be given to `transport.write`, past the library."""
        return self.conn.state is _OPEN and not self.transport.is_closing()

    def handle_ping(self) -> None:
        output = self.conn.data_to_send()
        # Pongs for a client that reads nothing would pile up without end.
        if self.writable.is_set():
            self.transport.write(b"".join(output))

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= _MAX_FRAGMENTS:
            self.conn.fail(_TOO_BIG, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)
