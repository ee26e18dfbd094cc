"""The embedded ClickHouse, as a real process, for tests of any room.

A root conftest takes it in with `pytest_plugins = ["tests.fixtures_clickhouse"]`.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from chassis.datadir import DataDir
from storage.clickhouse_client import connect

_START_S: Final = 120.0
_STOP_S: Final = 60.0


@dataclass
class EmbeddedClickHouse:
    """A server on `home`, an installation's data dir; `start` and `kill` may be repeated."""

    home: DataDir
    url: str
    module: str = "engines.clickhouse"
    process: subprocess.Popen[bytes] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    @property
    def passwords(self) -> dict[str, str]:
        """Account -> password."""
        return self.home.clickhouse_accounts()

    def client(self, account: str = "writer") -> Client:
        """A client of our own factory."""
        return connect(self.url, account, self.passwords[account])

    def post(self, body: str | bytes, account: str = "writer", **params: str) -> httpx.Response:
        """What curl would do: the statement (or the data of `query`) as body."""
        auth = (account, self.passwords[account])
        return self.http.post(self.url, content=body, params=params, auth=auth)

    def start(self) -> None:
        """Start it and wait until it answers."""
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", self.module, "--port", port]
        command += ["--data-dir", str(self.home.path), "--log-level", "error"]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the embedded ClickHouse ended: see stderr"
            try:
                if self.http.get(f"{self.url}/ping").text == "Ok.\n":
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise TimeoutError(f"no answer within {_START_S} s")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it with `how`; its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(_STOP_S)


def embedded(folder: Path) -> EmbeddedClickHouse:
    """A server on `folder` with accounts and a free port, not started yet."""
    home = DataDir(folder)
    home.create_clickhouse_accounts()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    return EmbeddedClickHouse(home, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A running server that all tests of the session share: use tables of your own."""
    server = embedded(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    try:
        yield server
    finally:
        server.stop()
