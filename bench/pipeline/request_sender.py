"""Sends kitchens' requests to one service, at a rate or as fast as answers come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from bench.http_connection import LoadConnection
from bench.pipeline.kitchen_requests import KitchenRequest

_AT_ONCE: Final = 24
_EVENT: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"


class RequestSender:
    """A connection of each kitchen. `path` of the endpoint; `plain`: it takes plain JSON; `tokens`: kitchen -> token."""

    def __init__(self, url: str, tokens: Mapping[str, str], plain: bool) -> None:
        self._url, self._tokens, self._plain = url, tokens, plain
        self.answers: dict[str, bytes] = {}
        """Kitchen -> its newest answer."""

    async def send(self, requests: Sequence[KitchenRequest], rate: float) -> None:
        """All of them, a kitchen's in order. Raises `RuntimeError` for any answer but 202."""
        units = sorted({one.unit for one in requests})
        connections = {unit: LoadConnection(self._url, self._tokens[unit]) for unit in units}
        for connection in connections.values():
            await connection.connect()
        turns = {unit: asyncio.Lock() for unit in units}
        slots = asyncio.Semaphore(_AT_ONCE)
        start = time.monotonic()

        async def one(number: int, request: KitchenRequest) -> None:
            if rate:
                await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
            async with turns[request.unit], slots:
                kind = _BATCH if request.events > 1 else _EVENT
                self.answers[request.unit] = await connections[request.unit].post(
                    "/v1/events", request.body, "application/json" if self._plain else kind
                )

        async with asyncio.TaskGroup() as group:
            for number, request in enumerate(requests):
                group.create_task(one(number, request))
        for connection in connections.values():
            connection.close()
