"""The other side of the comparison: FastAPI parses JSON and sends one record an event. No check, no stamp, no grouping.

`python -m bench.ingest.bare_endpoint BROKER PORT`: same broker, same linger, same acks, same event loop and HTTP parser as ingest.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from chassis.kafka.clients import async_producer
from chassis.kafka.cluster import Cluster
from chassis.settings import load_settings
from contracts.results.topics import SPPG_EVENTS


def bare_app(broker: str) -> FastAPI:
    """`POST /v1/events` with one event, or an array of them."""
    linger_ms = load_settings().group_ms
    running: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running["producer"] = async_producer(Cluster(broker), linger_ms=linger_ms)
        await running["producer"].start()
        yield
        await running["producer"].stop()

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/events", status_code=202)
    async def events(request: Request) -> JSONResponse:
        body = await request.json()
        some = body if isinstance(body, list) else [body]
        send = running["producer"].send
        sent = [
            await send(
                SPPG_EVENTS, json.dumps(one).encode(), one["source"].rpartition("/")[2].encode()
            )
            for one in some
        ]
        await asyncio.gather(*sent)
        return JSONResponse({"accepted": len(some), "rejected": []}, 202)

    return app


if __name__ == "__main__":
    uvicorn.run(bare_app(sys.argv[1]), port=int(sys.argv[2]), access_log=False, log_level="warning")
