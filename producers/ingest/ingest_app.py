"""The HTTP app of ingest."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from chassis.http.new_app import new_app
from producers.ingest.receiver import Ingest
from producers.ingest.requests.openapi import document


def create_app(ingest: Ingest, failed: asyncio.Event) -> FastAPI:
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
    # A plain route: FastAPI's own would read and parse the body before any limit is checked.
    # The first of all routes, since nearly every request is for it.
    app.router.routes.insert(0, Route("/v1/events", ingest.post_events, methods=["POST"]))
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
    return app
