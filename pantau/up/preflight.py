"""What is checked before anything starts: each failure is one line that says what to do."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chassis.datadir import DataDir
from chassis.operator_error import OperatorError
from pantau.installation import ROOT

_WALL: Final = ROOT / "dashboard_ws" / "web" / "dist" / "index.html"
_WARN_BYTES: Final = 1_000_000_000
_REFUSE_BYTES: Final = 200_000_000
_PORT_WAIT_S: Final = 3.0
"""An installation that was just killed still holds its ports for a moment."""


def web_build() -> str | None:
    """A warning if the wall's page was not built: the gateway then serves only its socket."""
    return None if _WALL.exists() else "halaman dinding belum dibangun: jalankan `make install`"


def data_dir(path: Path) -> str | None:
    """Make it and see that it can be used; gives a warning, or None. Raises `OperatorError`."""
    try:
        DataDir(path).make()
        probe = path / f".write-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OperatorError(
            f"cannot write to the data dir {path} ({error.strerror}): give another --data-dir"
        ) from None
    free = shutil.disk_usage(path).free
    if free < _REFUSE_BYTES:
        raise OperatorError(
            f"only {free // 1_000_000} MB free at {path}: make room, or give another --data-dir"
        )
    if free < _WARN_BYTES:
        return f"hanya {free // 1_000_000} MB tersisa di {path}"
    return None


def _in_use(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise OperatorError(
                f"cannot listen on {host}:{port} ({error.strerror}): see --host and --base-port"
            ) from None
    return False


def ports(host: str, wanted: Mapping[str, int]) -> None:
    """Raises `OperatorError` naming the first of `wanted` (part -> port) that something else holds."""
    deadline = time.monotonic() + _PORT_WAIT_S
    for part, port in wanted.items():
        while _in_use(host, port):
            if time.monotonic() >= deadline:
                raise OperatorError(
                    f"port {port} ({part}) is in use: stop what holds it, or choose others with --base-port"
                )
            time.sleep(0.1)
