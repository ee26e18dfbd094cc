"""A client that has taken everything gets a delta from the hub's call; any other one from its writer. None gets it twice or not at all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from contracts.time.clock import RealClock
from contracts.tokens import Claims, TokenError
from dashboard_ws.gateway.connections import connection as module
from dashboard_ws.gateway.connections.connection import Client
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import Change, Frame
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import Closed, Session

REGION = "32.11"
ROW = "performance/unit/U1/1d"


class Tokens:
    """One token, until it is revoked."""

    is_revoked = False

    def verify(self, _token: str) -> Claims:
        return self.check(Claims("wall", "w", "1"))

    def check(self, claims: Claims) -> Claims:
        if self.is_revoked:
            raise TokenError("the token has been revoked")
        return claims


class Socket:
    """Channel and transport. `waiting`: bytes that were not taken; `is_free`: as of an event stream, whose frames are sent alone."""

    name = "ws"

    def __init__(self) -> None:
        self.waiting = 0
        self.is_free = True
        self.frames: list[dict[str, Any]] = []
        self.closed: Closed | None = None
        self.came = asyncio.Event()

    @property
    def write(self) -> Callable[[bytes], None] | None:
        return self._write if self.is_free else None

    def _write(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame[frame.index(b"{") :]))

    async def send(self, sent: wire.Sent) -> None:
        await asyncio.sleep(0)
        self.frames.append(json.loads(sent.text))
        self.came.set()

    async def close(self, closed: Closed) -> None:
        self.closed = closed

    def get_write_buffer_size(self) -> int:
        return self.waiting

    @property
    def deltas(self) -> list[int]:
        return [frame["seq"] for frame in self.frames if frame["op"] == "delta"]


class Watched:
    """A hub with one client that has its snapshot."""

    def __init__(self) -> None:
        self.hub = Hub([REGION], RealClock())
        self.tokens = Tokens()
        self.socket = Socket()
        transport: Any = self.socket
        session = Session(self.tokens, (REGION,), time.monotonic())
        self.client = Client(self.hub, self.socket, session, "build", transport)
        self.seq = 0

    def frame(self, epoch: str = "e") -> None:
        self.seq += 1
        body = json.dumps({"key": ROW, "portions_cooked": self.seq}).encode()
        row = Change(self.seq, body, "performance", "unit")
        self.hub.apply(REGION, Frame(epoch, self.seq, {ROW: row}, self.seq * 1000))

    async def until(self, seq: int) -> None:
        async with asyncio.timeout(5):
            while self.socket.deltas[-1:] != [seq]:
                self.socket.came.clear()
                await self.socket.came.wait()


@asynccontextmanager
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(module, "let_us_end_it", lambda _transport: None)
    monkeypatch.setattr(module, "FLUSH_S", 0.05)
    one = Watched()
    writer = asyncio.create_task(one.client.write())
    one.frame()
    one.client.receive('{"op":"auth","token":"t"}')
    subscribe = {"op": "subscribe", "region": REGION, "topics": ["performance"]}
    one.client.receive(json.dumps(subscribe))
    await asyncio.sleep(0.1)
    assert [frame["op"] for frame in one.socket.frames] == ["welcome", "snapshot"]
    yield one
    writer.cancel()


async def test_who_has_taken_everything_is_sent_a_delta_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        one.frame()
        assert one.socket.deltas == [2]
        assert one.client.shown(REGION) is one.hub.maps[REGION].contents
        one.frame()
        assert one.socket.deltas == [2], "not more often than the pace"
        await one.until(3)
        assert one.socket.deltas == [2, 3]


async def test_who_has_not_is_left_to_its_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(monkeypatch) as one:
        one.socket.waiting = 1
        one.frame()
        assert one.socket.deltas == []
        await one.until(2)
        assert one.socket.deltas == [2]


async def test_an_event_stream_is_left_to_its_writer_at_the_same_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        one.socket.is_free = False
        one.frame()
        await one.until(2)
        for _ in range(3):
            one.frame()
            await asyncio.sleep(0.005)
        assert one.socket.deltas == [2]
        await one.until(5)
        assert one.socket.deltas == [2, 5]
        assert one.client.shown(REGION) is one.hub.maps[REGION].contents


async def test_a_snapshot_is_left_to_the_writer_which_waits_between_its_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        before = len(one.socket.frames)
        one.frame("of another epoch")
        assert len(one.socket.frames) == before
        await asyncio.sleep(0.1)
        assert [frame["op"] for frame in one.socket.frames[before:]] == ["snapshot"]


async def test_what_the_writer_is_about_to_send_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        one.client.receive('{"op":"auth","token":"t"}')
        one.frame()
        await one.until(2)
        assert [frame["op"] for frame in one.socket.frames[2:]] == ["welcome", "delta"]


async def test_nothing_goes_out_on_a_token_that_was_revoked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        one.tokens.is_revoked = True
        one.frame()
        await asyncio.sleep(0.05)
        assert one.socket.deltas == []
        assert one.socket.closed is not None
