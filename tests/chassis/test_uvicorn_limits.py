"""What a hostile client can do to a connection of any service: real sockets against a real server."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import Mock

import pytest
import uvicorn
from fastapi import Body, FastAPI, Request, WebSocket
from starlette.responses import Response
from websockets.protocol import State

from chassis.http.http_policy import HttpPolicy
from chassis.http.new_app import new_app
from chassis.http.serve import listen
from chassis.http.uvicorn_limits import ServerConfig, WebsocketConnection

POLICY = HttpPolicy(
    max_body_bytes=10_000,
    max_head_bytes=4_000,
    head_s=0.4,
    body_s=0.6,
    linger_s=0.5,
    write_s=0.8,
    max_connections=60,
    max_per_address=40,
    websocket=True,
)
_LARGE: Final = 30_000_000


def _app() -> FastAPI:
    app = new_app("test")

    @app.post("/raw")
    async def _raw(request: Request) -> Response:
        return Response(str(len(await request.body())))

    @app.post("/json")
    async def _json(thing: dict[str, str] = Body()) -> int:
        return len(thing)

    @app.post("/unread")
    async def _unread() -> str:
        return "unread"

    @app.get("/large")
    async def _large() -> Response:
        return Response(bytes(_LARGE))

    @app.websocket("/ws")
    async def _ws(socket_: WebSocket) -> None:
        await socket_.accept()
        while True:
            await socket_.receive_text()

    return app


@contextmanager
def _running(policy: HttpPolicy) -> Iterator[int]:
    with listen("127.0.0.1", 0) as sock:
        server = uvicorn.Server(ServerConfig(_app(), policy))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        yield sock.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with _running(POLICY) as found:
        yield found


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _until_closed(client: socket.socket) -> bytes:
    parts = []
    try:
        while part := client.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def _ask(port: int, *pieces: bytes) -> bytes:
    """All that the server answers until it closes."""
    with _connect(port) as client:
        for piece in pieces:
            client.sendall(piece)
        return _until_closed(client)


def _head(path: str, *headers: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def _drip(client: socket.socket, piece: bytes) -> bool:
    """Send `piece` again and again; true if the server ends it."""
    try:
        for _ in range(200):
            client.sendall(piece)
            time.sleep(0.05)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


CLOSE = "Connection: close"
PATHS = ("/raw", "/json", "/unread", "/nowhere", "/openapi.json")


@pytest.mark.parametrize("path", PATHS)
def test_a_body_beyond_the_limit_is_413_on_every_route_before_it_is_read(
    port: int, path: str
) -> None:
    with _connect(port) as client:
        client.sendall(_head(path, "Content-Length: 400000000"))
        assert client.recv(65_536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/raw", "/json"])
def test_a_body_of_unknown_length_is_413_at_the_limit(port: int, path: str) -> None:
    head = _head(path, "Transfer-Encoding: chunked", "Content-Type: application/json")
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    with _connect(port) as client:
        client.sendall(head + chunk * 4)
        answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer


def test_a_client_that_sends_all_before_it_reads_gets_its_413(port: int) -> None:
    answer = _ask(port, _head("/raw", "Content-Length: 3000000", CLOSE), b"x" * 3_000_000)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "head",
    [
        _head("/raw", "X: " + "y" * 5_000, "Content-Length: 0"),
        _head("/raw?" + "y" * 5_000, "Content-Length: 0"),
        _head("/raw", *[f"X-{n}: y" for n in range(800)], "Content-Length: 0"),
        b"POST /raw HTTP/1.1\r\nX: " + b"y" * 5_000,
    ],
    ids=["value", "address", "many", "unfinished"],
)
def test_headers_are_limited(port: int, head: bytes) -> None:
    with _connect(port) as client:
        client.sendall(head)
        assert b"HTTP/1.1 431 " in client.recv(65_536)


def test_endless_trailers_end_the_connection(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_head("/unread", "Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\nX: ")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"y" * 5_000)
        assert b"HTTP/1.1 431 " in client.recv(65_536)


def test_headers_are_limited_for_websockets_too(port: int) -> None:
    assert b" 431 " in _ask(port, _upgrade("X: " + "y" * 5_000))


def test_silent_sockets_and_half_sent_headers_are_closed(port: int) -> None:
    assert _ask(port) == b""
    assert _ask(port, b"POST /raw HTTP/1.1\r\nX").startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_cannot_be_prolonged_by_blank_lines(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_head("/raw", "Content-Length: 1") + b"x")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
        assert _drip(client, b"\r\n")


def test_a_body_has_a_total_time(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_head("/raw", "Content-Length: 9000"))
        client.settimeout(0.05)
        answer = b""
        for _ in range(200):
            client.sendall(b"x")
            try:
                answer = client.recv(65_536)
                break
            except TimeoutError:
                pass
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 2" in answer


def test_a_body_that_goes_on_after_the_answer_ends_too(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_head("/unread", "Content-Length: 9000"))
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
        assert _drip(client, b"x")


def test_a_client_that_takes_nothing_of_its_answer_is_closed(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_head("/large", CLOSE, method="GET"))
        time.sleep(2)
        assert 0 < len(_until_closed(client)) < _LARGE


def test_a_client_that_takes_its_answer_slowly_gets_it(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_head("/large", CLOSE, method="GET"))
        taken = 0
        while taken < _LARGE and (part := client.recv(3_000_000, socket.MSG_WAITALL)):
            taken += len(part)
            time.sleep(0.3)
    assert taken > _LARGE


def test_an_address_has_so_many_connections_and_no_more(port: int) -> None:
    held = [_connect(port) for _ in range(POLICY.max_per_address)]
    try:
        held[0].sendall(_head("/unread", "Content-Length: 0"))
        assert held[0].recv(65_536).startswith(b"HTTP/1.1 200 ")
        assert _ask(port).startswith(b"HTTP/1.1 429 ")
    finally:
        for one in held:
            one.close()
    deadline = time.monotonic() + 10
    while _ask(port, _head("/unread", "Content-Length: 0", CLOSE)).startswith(b"HTTP/1.1 429 "):
        assert time.monotonic() < deadline


def test_a_proxy_is_free_of_the_limit_of_an_address_but_not_of_all() -> None:
    policy = HttpPolicy(
        max_connections=5, max_per_address=2, head_s=5, proxies=frozenset({"127.0.0.1"})
    )
    with _running(policy) as port:
        held = [_connect(port) for _ in range(5)]
        held[-1].sendall(_head("/unread", "Content-Length: 0"))
        assert held[-1].recv(65_536).startswith(b"HTTP/1.1 200 ")
        held.append(_connect(port))
        assert _until_closed(held[-1]).startswith(b"HTTP/1.1 429 ")
        for one in held:
            one.close()


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0"])
@pytest.mark.parametrize("cut", [0, 1, 7])
def test_an_upgrade_on_a_post_is_ignored_and_its_body_arrives(
    port: int, upgrade: str, cut: int
) -> None:
    asks = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {upgrade}", "HTTP2-Settings: AAMA")
    first = _head("/raw", *asks, "Content-Length: 7") + b"seven!!"
    second = _head("/raw", "Content-Length: 5", CLOSE) + b"five!"
    pieces = [first[: len(first) - cut], first[len(first) - cut :] + second]
    answer = _ask(port, *pieces)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.index(b"\r\n\r\n7") < answer.index(b"\r\n\r\n5")


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /%00\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        _head("x:1", method="CONNECT"),
        _head("/raw", "Content-Length: 5", "Content-Length: 6"),
    ],
)
def test_what_is_no_http_is_400_as_a_problem(port: int, junk: bytes) -> None:
    answer = _ask(port, junk)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


# --- websockets ----------------------------------------------------------------------------------


def _upgrade(*headers: str, path: str = "/ws") -> bytes:
    asks = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    return _head(path, *asks, "Sec-WebSocket-Key: " + "A" * 22 + "==", *headers, method="GET")


def _frame(opcode: int, data: bytes = b"", fin: bool = True) -> bytes:
    return bytes([opcode | (0x80 if fin else 0), 0x80 | len(data)]) + bytes(4) + data


def test_a_damaged_upgrade_is_not_kept_open(port: int) -> None:
    for bad in (
        _upgrade(path="/ws\xff"),
        _upgrade(*[f"X-{n}: y" for n in range(150)]),
        _upgrade("Sec-WebSocket-Key: again"),
    ):
        assert b" 101 " not in _ask(port, bad)


def test_endless_empty_fragments_end_the_socket(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_upgrade())
        assert client.recv(65_536).startswith(b"HTTP/1.1 101 ")
        client.sendall(_frame(1, fin=False))
        assert _drip(client, _frame(0, fin=False) * 100)


def _resident() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 -- a file of the kernel
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_pongs_for_a_client_that_reads_nothing_do_not_pile_up(port: int) -> None:
    with _connect(port) as client:
        client.sendall(_upgrade())
        assert client.recv(65_536).startswith(b"HTTP/1.1 101 ")
        before = _resident()
        ping = _frame(9, b"x" * 125) * 1_000
        for _ in range(250):
            client.sendall(ping)
        assert _resident() - before < 15_000_000


def test_the_server_lives_after_all_this(port: int) -> None:
    async def ask(number: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_head("/raw", f"Content-Length: {number}", CLOSE) + b"x" * number)
        answer = await reader.read()
        writer.close()
        return answer

    async def run() -> list[bytes]:
        return await asyncio.gather(*[ask(number) for number in range(20)])

    answers = asyncio.run(run())
    assert all(answer.endswith(b"\r\n\r\n%d" % n) for n, answer in enumerate(answers))


@pytest.mark.parametrize(
    ("state", "is_closing", "is_open"),
    [(State.OPEN, False, True), (State.CLOSING, False, False), (State.OPEN, True, False)],
)
def test_nothing_is_written_past_the_library_once_either_side_closes(
    state: State, is_closing: bool, is_open: bool
) -> None:
    connection = Mock(conn=Mock(state=state), transport=Mock(is_closing=lambda: is_closing))
    assert vars(WebsocketConnection)["is_open"].fget(connection) is is_open
