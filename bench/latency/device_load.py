"""A device that posts one event a request over one connection, at hardly any cost of its own."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from urllib.parse import urlsplit

import msgspec

from contracts.receipts import ReceiptState
from contracts.time.clock import real_now_ms, rfc3339


class Device:
    """Posts temperatures of one kitchen to `ingest`."""

    def __init__(self, ingest: str, unit: str, region: str, token: str) -> None:
        address = urlsplit(ingest)
        self.unit = unit
        self._host, self._port = address.hostname or "", address.port or 80
        self._source = f"/{region}/sppg/{unit}"
        self._head = (
            f"POST /v1/events HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/cloudevents+json\r\nContent-Length: "
        )
        self._ask = f" HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._answered = asyncio.Event()
        self._newest = ("", 0.0)
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def connect(self) -> None:
        """Opens the connection."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def post(self) -> None:
        """One event, until its 202. Raises `RuntimeError` for any other answer."""
        body = (
            f'{{"specversion":"1.0","id":"{uuid.uuid4()}","source":"{self._source}","type":"sppg.temperature.measured",'
            f'"time":"{rfc3339(real_now_ms())}","data":{{"point":"chiller","temp_c":4.0,"sensor":"ch-1"}}}}'
        )
        answer = await self._request(f"{self._head}{len(body)}\r\n\r\n{body}", 202)
        self._newest = json.loads(answer)["receipt"], time.monotonic()
        self._answered.set()

    async def next_answer(self) -> tuple[str, float]:
        """Waits for the next answer: its receipt, and when it came (monotonic seconds)."""
        self._answered.clear()
        await self._answered.wait()
        return self._newest

    async def state(self, receipt: str) -> ReceiptState:
        """How far what a receipt stands for has come. Not while this device posts. Raises as `post`."""
        answer = await self._request(f"GET /v1/receipts/{receipt}{self._ask}", 200)
        return msgspec.json.decode(answer, type=ReceiptState)

    async def _request(self, text: str, status: int) -> bytes:
        self._writer.write(text.encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        answer = await self._reader.readexactly(length)
        if not head.startswith(f"HTTP/1.1 {status}".encode()):
            raise RuntimeError(f"{self.unit}: {head.splitlines()[0]!r} {answer[:300]!r}")
        return answer

    def close(self) -> None:
        """Closes the connection."""
        self._writer.close()
