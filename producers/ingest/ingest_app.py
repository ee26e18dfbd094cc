"""The HTTP app of ingest."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.http import problems
from chassis.http.new_app import new_app
from producers.ingest.receiver import Ingest
from producers.ingest.requests.openapi import document

_EVENTS = "/v1/events"


class EventsFirst:
    """ASGI: events straight to their handler, all else to `app`.

    Nearly every request is for them, and the layers of FastAPI and Starlette before a route were a quarter of what one with a
    single event cost (py-spy). They do nothing for it: `Ingest.post_events` makes its own problems.
    """

    def __init__(self, app: ASGIApp, ingest: Ingest) -> None:
        self._app = app
        self._ingest = ingest
        self._events = ServerErrorMiddleware(self._post, handler=problems.from_fault)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_events = (
            scope["type"] == "http" and scope["path"] == _EVENTS and scope["method"] == "POST"
        )
        await (self._events if is_events else self._app)(scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._ingest.post_events(Request(scope, receive))
        await response(scope, receive, send)


def create_app(ingest: Ingest, failed: asyncio.Event) -> EventsFirst:
    """The app that serves `ingest`.

    `failed` is set if it can no longer do its work; the process is then asked to stop.
    """

    async def stop_when_failed() -> None:
        await failed.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        watcher = asyncio.create_task(stop_when_failed())
        try:
            async with ingest.running(failed):
                yield
        finally:
            watcher.cancel()

    app = new_app("Pantau ingest", lifespan=lifespan)
    # For those that are no POST: they get 405, and what is allowed. Posts never come so far.
    app.router.routes.append(Route(_EVENTS, ingest.post_events, methods=["POST"]))
    app.router.routes.append(Route("/v1/token", ingest.renew_token, methods=["POST"]))
    receipts = ingest.receipts
    app.router.routes.append(Route("/v1/receipts", receipts.list_recent, methods=["GET"]))
    app.router.routes.append(Route("/v1/receipts/{receipt}", receipts.get_receipt, methods=["GET"]))
    ingest.health.add_to(app)
    app.router.routes.extend(ingest.holds.routes())
    app.router.routes.extend(ingest.rejected.routes())
    app.router.routes.extend(ingest.returned.routes())
    app.router.routes.extend(ingest.form.routes())
    app.openapi = lambda: document(app, ingest.clock.now_ms())  # type: ignore[method-assign]
    return EventsFirst(app, ingest)
