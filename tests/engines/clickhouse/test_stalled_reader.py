"""A client that asks for much and reads nothing: its statement ends, others go on, and it never has a part for the whole."""

from __future__ import annotations

import asyncio
import socket
import time
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from engines.clickhouse.engine import Summary
from engines.clickhouse.engine_errors import ClickHouseError
from engines.clickhouse.pipe import Pipe
from engines.clickhouse.worker import Head
from tests.fixtures_clickhouse import EmbeddedClickHouse, embedded

_MUCH = b"SELECT number, repeat('x', 100) AS stalled FROM numbers(1500000)"
_HEAD = Head("TabSeparated", Summary(), {})


def _ask(server: EmbeddedClickHouse) -> socket.socket:
    """An analyst's question, whose answer nobody reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(30)
    place = urlsplit(server.url)
    client.connect((place.hostname, place.port))
    account = b64encode(f"analyst:{server.passwords['analyst']}".encode())
    client.sendall(
        b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s"
        % (account, len(_MUCH), _MUCH)
    )
    return client


def _rest(client: socket.socket) -> bytes:
    end = b""
    try:
        while part := client.recv(1 << 20):
            end = (end + part)[-16:]
    except ConnectionResetError:
        pass
    return end


def test_others_go_on(tmp_path: Path) -> None:
    server = replace(embedded(tmp_path), module="tests.engines.clickhouse.impatient_engine")
    server.start()
    try:
        server.post("CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic")
        # As many as analysts' statements run at once.
        stalled = [_ask(server) for _ in range(3)]
        assert [one.recv(15) for one in stalled] == [b"HTTP/1.1 200 OK"] * 3
        assert server.post("SELECT 1", "analyst").text == "1\n"
        running = "SELECT count() FROM system.processes WHERE query LIKE '%stalled%' AND query NOT LIKE '%processes%'"
        deadline = time.monotonic() + 30
        while server.post(running).text != "0\n":
            assert time.monotonic() < deadline, "it still runs"
            time.sleep(0.1)
        for one in stalled:
            assert not _rest(one).endswith(b"0\r\n\r\n")
            one.close()
    finally:
        server.stop()


async def test_a_reader_that_comes_back_late_is_told_so() -> None:
    pipe = Pipe(asyncio.get_running_loop(), stalled_s=0.1)

    def work() -> int:
        sent = 0
        while pipe.send(_HEAD, b"part"):
            sent += 1
        pipe.end()
        return sent

    assert await asyncio.to_thread(work) == 2
    async with asyncio.timeout(10):
        with pytest.raises(ClickHouseError, match="took nothing"):
            await pipe.first()
