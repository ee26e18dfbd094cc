"""An embedded ClickHouse on a folder of its own, for as long as a command needs one."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from chassis.datadir import DataDir
from chassis.operator_error import OperatorError
from engines.kafka.broker import pick_port
from storage.clickhouse_client import connect

_START_S: Final = 60.0
_POLL_S: Final = 0.1


@contextmanager
def empty_engine() -> Iterator[Client]:
    """A writer's client of an engine that holds nothing and is removed at the end. Raises `OperatorError` if it does not start."""
    with tempfile.TemporaryDirectory(prefix="pantau-schema-") as folder:
        home = DataDir(Path(folder))
        home.create_clickhouse_accounts()
        port = pick_port()
        command = [sys.executable, "-m", "engines.clickhouse", "--log-level", "error"]
        process = subprocess.Popen([*command, "--data-dir", folder, "--port", str(port)])
        try:
            password = home.clickhouse_accounts()["writer"]
            _wait(process, port)
            yield connect(f"http://127.0.0.1:{port}", "writer", password)
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(_POLL_S)
        else:
            return
    raise OperatorError("the embedded ClickHouse does not start: see the lines above")
