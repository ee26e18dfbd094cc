"""Who has taken everything gets deltas and pings from the hub's call; any other client from its writer. None twice or not at all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from contracts.time.clock import RealClock
from contracts.tokens import Claims, TokenError
from dashboard_ws.gateway.connections import connection as module
from dashboard_ws.gateway.connections.connection import PING_S, SLOW_S, Client
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import Change, Frame
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import Closed, Session

REGION = "32.11"
ROW = "performance/unit/U1/1d"
PACE_S = 0.05


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
        self.written: list[bytes] = []
        """Of them those that came past the writer."""
        self.sent_at: list[float] = []
        """When the writer sent each delta: seconds of the monotonic clock."""
        self.closed: Closed | None = None
        self.came = asyncio.Event()
        self.while_sending: Callable[[], None] = lambda: None

    @property
    def write(self) -> Callable[[bytes], None] | None:
        return self._write if self.is_free else None

    def _write(self, frame: bytes) -> None:
        self.written.append(frame)
        self.frames.append(json.loads(frame[frame.index(b"{") :]))
        self.came.set()

    async def send(self, sent: wire.Sent) -> None:
        await asyncio.sleep(0)
        self.while_sending()
        self.frames.append(json.loads(sent.text))
        if sent.op == "delta":
            self.sent_at.append(time.monotonic())
        self.came.set()

    async def close(self, closed: Closed) -> None:
        self.closed = closed
        self.came.set()

    def get_write_buffer_size(self) -> int:
        return self.waiting

    @property
    def deltas(self) -> list[int]:
        return [frame["seq"] for frame in self.frames if frame["op"] == "delta"]


class Watched:
    """A hub with one client."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.tokens = Tokens()
        self.socket = Socket()
        transport: Any = self.socket
        session = Session(self.tokens, (REGION,), time.monotonic())
        self.client = Client(self.hub, self.socket, session, "build", transport)
        self.seq = 0

    async def subscribe(self, *topics: str) -> None:
        """Until it has its snapshot, and may be sent more."""
        self.client.receive('{"op":"auth","token":"t"}')
        subscribe = {"op": "subscribe", "region": REGION, "topics": topics}
        self.client.receive(json.dumps(subscribe))
        await self.wait_for(lambda: len(self.socket.frames) == 2)
        assert [frame["op"] for frame in self.socket.frames] == ["welcome", "snapshot"]
        async with asyncio.timeout(5):
            # Nothing is left to its writer, and the next delta may go at once.
            while not (self.client._is_waiting and time.monotonic() >= self.client._next_flush):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def frame(self, epoch: str = "e") -> None:
        self.seq += 1
        body = json.dumps({"key": ROW, "portions_cooked": self.seq}).encode()
        row = Change(self.seq, body, "performance", "unit")
        self.hub.apply(REGION, Frame(epoch, self.seq, {ROW: row}, self.seq * 1000))

    async def until(self, seq: int) -> None:
        await self.wait_for(lambda: self.socket.deltas[-1:] == [seq])

    async def wait_for(self, is_there: Callable[[], bool]) -> None:
        """Of what the socket gets, however slow the machine is."""
        async with asyncio.timeout(5):
            while not is_there():
                self.socket.came.clear()
                await self.socket.came.wait()


@asynccontextmanager
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(module, "let_us_end_it", lambda _transport: None)
    monkeypatch.setattr(module, "outstanding", Socket.get_write_buffer_size)
    monkeypatch.setattr(module, "FLUSH_S", PACE_S)
    one = Watched(Hub([REGION], RealClock()))
    writer = asyncio.create_task(one.client.write())
    one.frame()
    await one.subscribe("performance")
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
        assert len(one.socket.written) == 2, "nor does the writer send what had to wait"


async def test_who_has_not_is_left_to_its_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(monkeypatch) as one:
        one.socket.waiting = 1
        one.frame()
        assert one.socket.deltas == []
        await one.until(2)
        assert one.socket.deltas == [2]


async def test_what_comes_while_the_writer_sends_is_sent_after_the_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:

        def come() -> None:
            one.socket.while_sending = lambda: None
            one.frame()

        one.socket.waiting, one.socket.while_sending = 1, come
        one.frame()
        await one.until(3)
        assert one.socket.deltas == [2, 3]


async def test_who_takes_what_was_written_past_the_writer_is_not_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        at = time.monotonic()
        one.hub.watch(at)
        one.frame()
        one.socket.waiting = 1
        one.hub.watch(at + SLOW_S - 1)
        one.hub.watch(at + SLOW_S + 1)
        await asyncio.sleep(0.05)
        assert one.socket.closed is None
        one.hub.watch(at + 2 * SLOW_S)
        await one.wait_for(lambda: one.socket.closed is not None)


async def test_an_event_stream_is_left_to_its_writer_at_the_same_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        one.socket.is_free = False
        one.frame()
        await one.until(2)
        for _ in range(3):
            one.frame()
            # Three turns of the loop: the writer has its chance, however slow the machine is.
            for _ in range(3):
                await asyncio.sleep(0)
        await one.until(5)
        assert one.socket.written == []
        # A slow machine sends more of them, never sooner.
        assert all(later - at >= PACE_S for at, later in pairwise(one.socket.sent_at))
        assert one.client.shown(REGION) is one.hub.maps[REGION].contents


async def test_a_snapshot_is_left_to_the_writer_which_waits_between_its_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        before = len(one.socket.frames)
        one.frame("of another epoch")
        assert len(one.socket.frames) == before
        await one.wait_for(lambda: len(one.socket.frames) > before)
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
        await one.wait_for(lambda: one.socket.closed is not None)
        assert one.socket.deltas == []


async def test_a_ping_names_what_was_sent_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(monkeypatch) as one:
        at = time.monotonic()
        one.hub.watch(at)
        assert len(one.socket.frames) == 2, "not before its time"
        one.frame()
        one.frame()
        one.hub.watch(at + PING_S)
        assert [(frame["op"], frame["seq"]) for frame in one.socket.frames[2:]] == [
            ("delta", 2),
            ("delta", 3),
            ("ping", 3),
        ]
        assert len(one.socket.written) == 3
        assert one.client.shown(REGION) is one.hub.maps[REGION].contents
        one.hub.watch(at + PING_S + 1)
        assert len(one.socket.frames) == 5, "once in its time"


async def test_a_ping_of_who_has_not_taken_all_is_left_to_its_writer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PING_S", 0.15)
    monkeypatch.setattr(module, "_EARLY_S", 0.0)
    async with watched(monkeypatch) as one:
        one.socket.waiting = 1
        await asyncio.sleep(0.1)
        one.socket.came.clear()
        one.hub.watch(time.monotonic())
        assert len(one.socket.frames) == 2
        await asyncio.wait_for(one.socket.came.wait(), 5)
        assert [frame["op"] for frame in one.socket.frames[2:]] == ["ping"]
        assert one.socket.written == []


async def test_no_ping_goes_out_on_a_token_that_was_revoked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        one.tokens.is_revoked = True
        one.hub.watch(time.monotonic() + PING_S)
        await one.wait_for(lambda: one.socket.closed is not None)
        assert [frame["op"] for frame in one.socket.frames[2:]] == ["error"]
