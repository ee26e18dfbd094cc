"""What clients at one position that want the same are sent is made once and counted for each; another position or wish is another delta."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast
from unittest.mock import Mock

import pytest
from prometheus_client import REGISTRY

from contracts.time.clock import RealClock
from dashboard_ws.gateway.connections.hub import Hub, Listener
from dashboard_ws.gateway.connections.round import Round
from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.region_map import (
    Change,
    Filter,
    Frame,
    MapPosition,
    RegionMap,
    Update,
)
from dashboard_ws.gateway.protocol import wire
from tests.dashboard_ws.gateway.connections.test_quick_flush import REGION, Watched, watched

ROWS = Filter(frozenset(("performance",)))
ALERTS = Filter(frozenset(("alerts",)))
COUNTERS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("pantau_gateway_frames_total", {"op": "delta"}),
    ("pantau_gateway_bytes_total", {"transport": "ws"}),
    ("pantau_gateway_conflated_frames_total", {}),
)


def frame(seq: int, value: int = 0) -> Frame:
    row = Change(seq, b'{"v":%d}' % value, "performance", "unit")
    return Frame("e", seq, {f"U{seq}": row})


def counted() -> list[float]:
    return [REGISTRY.get_sample_value(name, labels) or 0.0 for name, labels in COUNTERS]


async def test_who_stands_at_one_position_is_handed_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as one:
        same, other = Watched(one.hub), Watched(one.hub)
        writers = [asyncio.create_task(each.client.write()) for each in (same, other)]
        await same.subscribe("performance")
        await other.subscribe("alerts")
        before = counted()
        one.frame()
        assert one.socket.written[0] is same.socket.written[0]
        assert other.socket.written == []
        assert other.client.shown(REGION) is one.hub.maps[REGION].contents
        size = len(one.socket.written[0]) - 2  # the head of so small a frame
        assert [now - then for now, then in zip(counted(), before, strict=True)] == [2, 2 * size, 0]
        for writer in writers:
            writer.cancel()


class Encoded:
    """A map with a round; `made`: the deltas that were encoded for it."""

    def __init__(self) -> None:
        self.live = RegionMap()
        self.made: list[Update] = []

    def round(self) -> Round:
        def encode(_wanted: Filter, update: Update) -> wire.Sent:
            self.made.append(update)
            return wire.Sent("delta", "x" * 10)

        return Round(REGION, self.live, encode)

    def client(self, wanted: Filter = ROWS) -> Subscription:
        """One that has all that the map has now."""
        one = Subscription(REGION, wanted, None)
        one.next(self.live)
        return one


def test_each_delta_is_made_once_and_none_for_who_gets_no_row_of_it() -> None:
    one = Encoded()
    one.live.apply(frame(1))
    early, alerts, new = (
        one.client(),
        one.client(ALERTS),
        Subscription(REGION, ROWS, MapPosition("e", 1)),
    )
    one.live.apply(frame(2))
    late = one.client()
    one.live.apply(frame(3))
    now = one.round()
    first = now.delta(early)
    assert first is not None and first.update.conflated == 1
    second = now.delta(late)
    assert second is not None and (second.update.conflated, now.delta(late)) == (0, second)
    nothing = now.delta(alerts)
    assert nothing is not None and nothing.sent is None
    assert now.delta(new) is None, "its first answer is for its writer"
    assert len(one.made) == 2


def test_more_positions_than_are_stored_are_all_counted() -> None:
    one, clients, before = Encoded(), [], counted()
    one.live.apply(frame(1))
    for seq in range(2, 102):
        clients.append(one.client())
        one.live.apply(frame(seq))
    now = one.round()
    for client in clients:
        delta = now.delta(client)
        assert delta is not None
        delta.clients += 2
    now.count()
    counts = [now - then for now, then in zip(counted(), before, strict=True)]
    assert counts == [200, 2000, 2 * sum(range(100))]


def test_a_round_says_who_waits_least() -> None:
    now = Encoded().round()
    for until in (5.0, 3.0, 4.0):
        now.wait(until)
    assert now.again == 3.0


async def test_the_next_round_is_the_earliest_that_somebody_waits_for() -> None:
    hub, loop = Hub([REGION], RealClock()), asyncio.get_running_loop()
    rounds: asyncio.Queue[Round] = asyncio.Queue()
    hub.join(cast(Listener, Mock(changed=rounds.put_nowait)))
    for _ in range(2):
        hub.wait(REGION, loop.time() + 0.1)
        hub.wait(REGION, loop.time())
        hub.wait(REGION, loop.time() + 60)
        assert rounds.empty()
        await asyncio.wait_for(rounds.get(), 5)
    hub.wait(REGION, loop.time() + 60)
    await asyncio.sleep(0.2)
    assert rounds.empty(), "those that came too late are none"
