"""Health: /healthz (the process lives), /readyz (it does its work now), /metrics (Prometheus)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from chassis.datadir import DataDir
from chassis.http.http_policy import HttpPolicy
from chassis.http.new_app import new_app
from chassis.http.serve import HttpServer, base_url, listen
from chassis.http.uvicorn_limits import ServerConfig

_STOP_S: Final = 6.0


class Health:
    """What one service says of itself. Not ready until it says so. May be set from any thread."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._state = (False, "starting")
        self._checks: list[Callable[[], str | None]] = []

    @property
    def is_ready(self) -> bool:
        """Set so, and no check finds trouble now."""
        return self._now()[0]

    def check(self, trouble: Callable[[], str | None]) -> None:
        """Ask `trouble` whenever readiness is asked: why the work is not done now, or None.

        For what stands still without a word: whoever should say so stands still too.
        """
        self._checks.append(trouble)

    def _now(self) -> tuple[bool, str]:
        if self._state[0]:
            found = [why for trouble in self._checks if (why := trouble())]
            if found:
                return False, "; ".join(found)
        return self._state

    def ready(self, detail: str = "") -> None:
        """It does its work."""
        self._state = (True, detail)

    def not_ready(self, reason: str) -> None:
        """It does not do its work now, because of `reason`."""
        self._state = (False, reason)

    def add_to(self, app: FastAPI) -> None:
        """Add the routes to the service's app."""
        app.add_api_route("/healthz", self._healthz, response_class=Response)
        not_ready = {"description": "Not ready; `detail` says why"}
        app.add_api_route(
            "/readyz", self._readyz, response_class=Response, responses={503: not_ready}
        )
        app.add_api_route("/metrics", self._metrics, response_class=Response)

    async def _healthz(self) -> Response:
        """The process lives."""
        return JSONResponse({"service": self.service, "alive": True})

    async def _readyz(self) -> Response:
        """The service does its work now."""
        ready, detail = self._now()
        body = {"service": self.service, "ready": ready, "detail": detail}
        return JSONResponse(body, 200 if ready else 503)

    async def _metrics(self) -> Response:
        """For Prometheus."""
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


@contextmanager
def serve(health: Health, host: str, port: int, data_dir: Path) -> Iterator[int]:
    """Serve the routes from a background thread while the block runs; gives the port.

    `port` 0 takes a free one. Notes pid and URL in run/<service>.json.
    Raises `SystemExit` with one line if the port is in use.
    """
    sock = listen(host, port)
    app = new_app(f"Pantau {health.service}")
    health.add_to(app)
    server = HttpServer(ServerConfig(app, HttpPolicy()))
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [sock]}, name="health", daemon=True
    )
    thread.start()
    bound: int = sock.getsockname()[1]
    home = DataDir(data_dir)
    home.write_run(health.service, {"pid": os.getpid(), "health": base_url(sock), "port": bound})
    try:
        yield bound
    finally:
        home.remove_run(health.service)
        server.should_exit = True
        thread.join(_STOP_S)
