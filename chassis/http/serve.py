"""Runs an ASGI app the way every HTTP service of Pantau is run."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from chassis.datadir import DataDir
from chassis.http.http_policy import HttpPolicy
from chassis.http.uvicorn_limits import ServerConfig

_USER_TIMEOUT_MS: Final = 15_000
"""A peer that acknowledges nothing for this long has left: uvicorn alone never lets go of it."""
_SEND_BUFFER: Final = 128 * 1024
_BACKLOG: Final = 2048
_SPARE_FILES: Final = 1024
"""Files and sockets of a service besides those of its clients."""


_TICK_S: Final = 0.5


class HttpServer(uvicorn.Server):
    """Asks twice a second whether it is to stop: uvicorn asks ten times, which is much of what a service costs that nobody uses."""

    async def main_loop(self) -> None:
        """See the class. Each tick writes the `Date` of answers anew."""
        while not await self.on_tick(0):  # noqa: ASYNC110 -- a signal sets a flag, no event
            await asyncio.sleep(_TICK_S)


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket (`port` 0: a free one); accepted sockets inherit its options.

    Raises `SystemExit` with one line if the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
    try:
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {error}"
        raise SystemExit(
            f"pantau: port {port} on {host} {reason}; choose another with --base-port"
        ) from None
    sock.setblocking(False)
    return sock


def base_url(sock: socket.socket) -> str:
    """`http://127.0.0.1:8080`: where `sock` can be reached from this machine."""
    host, port = sock.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not bound
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def _heeded(_number: int, _frame: FrameType | None) -> None:
    """uvicorn stops at a signal and then raises it once more, which would end us by it, not by 0."""


def allow_files(policy: HttpPolicy) -> None:
    """Let the process have as many files open as its clients may need, if the system allows it."""
    wanted = policy.max_connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def serve_app(
    app: ASGIApp, policy: HttpPolicy, host: str, port: int, service: str, data_dir: Path
) -> None:
    """Serve `app` until SIGTERM or SIGINT; note pid and URL in the data dir's run/<service>.json.

    Raises `SystemExit` with one line if the port is in use.
    """
    sock = listen(host, port)
    allow_files(policy)
    home = DataDir(data_dir)
    home.write_run(
        service,
        {"pid": os.getpid(), "health": base_url(sock), "port": sock.getsockname()[1]},
    )
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _heeded)
        server = HttpServer(ServerConfig(app, policy))
        loop_factory = server.config.get_loop_factory()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(server.serve(sockets=[sock]))
        if not server.started:
            raise SystemExit(f"pantau: {service} could not start; the log above says why")
    finally:
        home.remove_run(service)
