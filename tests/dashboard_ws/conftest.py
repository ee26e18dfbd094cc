"""Real parts for the gateway's tests: a stream written in transactions, and gateways as processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import websockets
from aiokafka import AIOKafkaProducer
from websockets.asyncio.client import ClientConnection

from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Cluster
from contracts.results.topics import LIVE, REVOCATIONS, topics
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, Role, TokenKind, issue
from tests.ports import pick_port

REGION: Final = "32.99"
KEY: Final = bytes(range(32))
AS_OF: Final = "2026-11-24T03:00:00Z"


def token(kind: TokenKind = "wall", lives_s: float | None = 3600, *regions: str) -> str:
    exp = None if lives_s is None else int(real_now_ms() / 1000 + lives_s)
    role: Role | None = "health" if kind == "operator" else None
    return issue(KEY, Claims(kind, "test", uuid.uuid4().hex, exp, regions, role=role))


def unit_row(number: int, cooked: int, **more: Any) -> tuple[str, dict[str, Any]]:
    area = f"SPPG-3211-{number:04d}"
    key = f"performance/unit/{area}/1d"
    return key, {
        "topic": "performance", "key": key, "region": REGION, "level": "unit", "area_id": area,
        "window": "1d", "portions_cooked": cooked, "as_of": AS_OF, "ttl_s": 1800, **more,
    }  # fmt: skip


class Stream:
    """Writes one region's `live` as streams do: a flush is a transaction that ends with the head."""

    def __init__(self, broker: str) -> None:
        self.broker = broker
        self.epoch = uuid.uuid4().hex[:8]
        self.seq = 0

    async def start(self) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.broker, transactional_id=f"test-{self.epoch}", acks="all"
        )
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def flush(
        self, rows: dict[str, dict[str, Any] | None], *, commit: bool = True, head: bool = True
    ) -> None:
        self.seq += 1
        mark = [("seq", str(self.seq).encode())]
        await self._producer.begin_transaction()
        for key, row in rows.items():
            body = None if row is None else json.dumps(row).encode()
            await self._producer.send(LIVE, body, f"{REGION}|{key}".encode(), 0, headers=mark)
        if head:
            facts = {"epoch": self.epoch, "seq": self.seq, "as_of": AS_OF, "now": AS_OF}
            body = json.dumps(facts).encode()
            await self._producer.send(LIVE, body, f"{REGION}|~head".encode(), 0, headers=mark)
        if commit:
            await self._producer.commit_transaction()
        else:
            await self._producer.flush()
            await self._producer.abort_transaction()

    async def cook(self, number: int, cooked: int, **more: Any) -> None:
        await self.flush(dict([unit_row(number, cooked, **more)]))


class GatewayProcess:
    """A gateway as it is run: `python -m dashboard_ws.gateway`."""

    def __init__(self, broker: str, data_dir: Path, **more: str) -> None:
        self.broker = broker
        self.port = pick_port()
        self.url = f"http://127.0.0.1:{self.port}"
        more.setdefault("PANTAU_OIDC_DESK_URL", self.url)
        self._env = os.environ | {
            "PANTAU_BROKER": broker,
            "PANTAU_DATA_DIR": str(data_dir),
            "PANTAU_GATEWAY_PORT": str(self.port),
            "PANTAU_SECRET_KEY": KEY.hex(),
            "PANTAU_REGIONS": REGION,
            "PANTAU_ALLOWED_ORIGINS": "https://dinas.example",
            **more,
        }

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen([sys.executable, "-m", "dashboard_ws.gateway"], env=self._env)
        try:
            self._wait_ready(process)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(60)

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline, why = time.monotonic() + 120, "no answer"
        while time.monotonic() < deadline:
            assert process.poll() is None, "the gateway ended"
            try:
                answer = httpx.get(f"{self.url}/readyz")
                if answer.status_code == 200:
                    return
                why = answer.text
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"the gateway was not ready in 120 s: {why}")

    def connect(self, **options: Any) -> websockets.connect:
        given: dict[str, Any] = {
            "subprotocols": ["pantau.v1"],
            "max_size": 1 << 24,
            "compression": None,
        }
        return websockets.connect(f"ws://127.0.0.1:{self.port}/ws", **(given | options))


class Wall:
    """A client that applies frames as the contract says."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.rows: dict[str, dict[str, Any]] = {}
        self.epoch = ""
        self.seq = -1

    async def next(self, *ops: str, timeout_s: float = 60) -> dict[str, Any]:
        """The next frame (of these ops), applied."""
        async with asyncio.timeout(timeout_s):
            while True:
                frame: dict[str, Any] = json.loads(await self.socket.recv())
                self._apply(frame)
                if not ops or frame["op"] in ops:
                    return frame

    def _apply(self, frame: dict[str, Any]) -> None:
        if frame["op"] == "snapshot":
            if frame["part"] == 1:
                self.rows = {}
            self.rows |= {row["key"]: row for row in frame["rows"]}
            self.epoch, self.seq = frame["epoch"], frame["seq"]
        elif frame["op"] == "delta":
            assert frame["from"] <= self.seq or self.seq == -1, "a gap"
            self.rows |= {row["key"]: row for row in frame["rows"]}
            for key in frame["gone"]:
                self.rows.pop(key, None)
            self.seq = frame["seq"]

    async def say(self, op: str, **members: Any) -> None:
        await self.socket.send(json.dumps({"op": op, **members}))

    async def begin(self, kind: TokenKind = "wall", **members: Any) -> dict[str, Any]:
        """Authenticate and subscribe; the first frame after the welcome."""
        await self.say("auth", token=token(kind), client="test")
        assert (await self.next())["op"] == "welcome"
        asked = {"region": REGION, "topics": ["performance", "clinic_coverage", "alerts"]}
        await self.say("subscribe", **(asked | members))
        return await self.next()

    async def until(self, cooked: int, number: int = 1) -> None:
        key = unit_row(number, 0)[0]
        while self.rows.get(key, {}).get("portions_cooked") != cooked:
            await self.next()


@pytest.fixture(scope="module")
def broker(kafka: str) -> str:
    ensure_topics(
        Cluster(kafka), [topic for topic in topics(1, 1) if topic.name in (LIVE, REVOCATIONS)], 1
    )
    return kafka


@pytest.fixture(scope="module")
def gateway(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    one = GatewayProcess(broker, tmp_path_factory.mktemp("gateway"))
    with one.running():
        yield one
