"""A device that posts one event a request over one connection, at hardly any cost of its own."""

from __future__ import annotations

import asyncio
import json
import time
import uuid

import msgspec

from bench.http_connection import LoadConnection
from contracts.receipts import ReceiptState
from contracts.time.clock import real_now_ms, rfc3339


class Device:
    """Posts temperatures of one kitchen to `ingest`."""

    def __init__(self, ingest: str, unit: str, region: str, token: str) -> None:
        self.unit = unit
        self._source = f"/{region}/sppg/{unit}"
        self._connection = LoadConnection(ingest, token)
        self._answered = asyncio.Event()
        self._newest = ("", 0.0)

    async def connect(self) -> None:
        """Opens the connection."""
        await self._connection.connect()

    async def post(self) -> None:
        """One event, until its 202. Raises `RuntimeError` for any other answer."""
        body = (
            f'{{"specversion":"1.0","id":"{uuid.uuid4()}","source":"{self._source}","type":"sppg.temperature.measured",'
            f'"time":"{rfc3339(real_now_ms())}","data":{{"point":"chiller","temp_c":4.0,"sensor":"ch-1"}}}}'
        )
        answer = await self._connection.post(
            "/v1/events", body.encode(), "application/cloudevents+json"
        )
        self._newest = json.loads(answer)["receipt"], time.monotonic()
        self._answered.set()

    async def next_answer(self) -> tuple[str, float]:
        """Waits for the next answer: its receipt, and when it came (monotonic seconds)."""
        self._answered.clear()
        await self._answered.wait()
        return self._newest

    async def state(self, receipt: str) -> ReceiptState:
        """How far what a receipt stands for has come. Not while this device posts. Raises as `post`."""
        answer = await self._connection.get(f"/v1/receipts/{receipt}")
        return msgspec.json.decode(answer, type=ReceiptState)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()
