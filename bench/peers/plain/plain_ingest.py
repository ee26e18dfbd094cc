"""`POST /v1/events`: events or arrays of them, checked by pydantic, one Kafka record each, answered when Kafka has them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import Body, FastAPI, Header, HTTPException
from pydantic import BaseModel

from bench.peers.plain.plain_settings import EVENTS, PlainSettings


class PlainEvent(BaseModel):
    """A CloudEvent of a kitchen."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    subject: str | None = None
    data: dict[str, Any]
    receivedtime: datetime | None = None


def plain_app(settings: PlainSettings) -> FastAPI:
    """The app."""
    units = {token: unit for unit, token in json.loads(settings.tokens.read_bytes()).items()}
    producer: AIOKafkaProducer

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        nonlocal producer
        producer = AIOKafkaProducer(bootstrap_servers=settings.broker, acks="all", linger_ms=5)
        await producer.start()
        yield
        await producer.stop()

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/events", status_code=202)
    async def events(
        body: Annotated[PlainEvent | list[PlainEvent], Body()],
        authorization: Annotated[str, Header()],
    ) -> dict[str, int]:
        unit = units.get(authorization.removeprefix("Bearer "))
        if unit is None:
            raise HTTPException(401)
        some = body if isinstance(body, list) else [body]
        if any(event.source.rpartition("/")[2] != unit for event in some):
            raise HTTPException(403)
        received = datetime.now(UTC)  # noqa: TID251 - the machine's clock will do here
        for event in some:
            event.receivedtime = received
        sent = [
            await producer.send(EVENTS, event.model_dump_json().encode(), key=unit.encode())
            for event in some
        ]
        await asyncio.gather(*sent)
        return {"accepted": len(some)}

    return app


if __name__ == "__main__":
    own = PlainSettings()  # from the environment
    uvicorn.run(plain_app(own), port=own.ingest_port, access_log=False, log_level="warning")
