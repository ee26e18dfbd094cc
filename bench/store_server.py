"""The embedded ClickHouse by itself, for measurements that need no more of an installation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from clickhouse_connect.driver.client import Client

from bench.ground import end, until
from chassis.datadir import DataDir
from engines.kafka.broker import pick_port
from pantau.installation import ROOT
from storage.clickhouse_client import connect

_START_S: Final = 60.0


class StoreServer:
    """The embedded ClickHouse on a folder."""

    def __init__(self, folder: Path) -> None:
        self.home = DataDir(folder)
        port = pick_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "engines.clickhouse", "--port", str(port)]
        command += ["--data-dir", str(folder), "--log-level", "error"]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def client(self) -> Client:
        """A writer's client."""
        return connect(self.url, "writer", self.home.clickhouse_accounts()["writer"])

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return httpx.get(f"{self.url}/ping").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def peak_mb(self) -> int:
        """Greatest resident memory since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) // 1024

    def forget_peak(self) -> None:
        """Count the peak anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")


@contextmanager
def serving(folder: Path) -> Iterator[StoreServer]:
    """A server, ended at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    DataDir(folder).create_clickhouse_accounts()
    server = StoreServer(folder)
    try:
        until(server.answers, _START_S, "the embedded ClickHouse does not answer")
        yield server
    finally:
        end(server.process)
