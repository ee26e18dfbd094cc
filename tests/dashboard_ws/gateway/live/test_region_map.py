"""A position from before a forgotten tombstone gets a snapshot: a delta would leave a dead row."""

from __future__ import annotations

import json

import pytest

from dashboard_ws.gateway.live import region_map
from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.region_map import (
    TOMBSTONE_MS,
    Change,
    Filter,
    Frame,
    MapPosition,
    RegionMap,
)
from dashboard_ws.gateway.stream.frames import SURE_MS, FrameBuffer

WANTED = Filter(frozenset(("alerts",)), None, public=False)


def frame(seq: int, time_ms: int, **bodies: bytes | None) -> Frame:
    changes = {key: Change(seq, body, "alerts") for key, body in bodies.items()}
    return Frame("e", seq, changes, time_ms)


def test_forgotten_tombstone() -> None:
    live = RegionMap()
    live.apply(frame(1, 0, a=b"{}", b=b"{}"))
    live.apply(frame(2, 0, a=None))
    update = live.since(MapPosition("e", 1), WANTED)
    assert update is not None
    assert (update.since, update.gone) == (1, ["a"])
    live.apply(frame(3, TOMBSTONE_MS + 1, b=b"{}"))
    for seq, since in ((1, None), (2, 2)):
        update = live.since(MapPosition("e", seq), WANTED)
        assert update is not None
        assert update.since == since


def test_tombstone_that_compaction_took() -> None:
    """Offsets:  c=seq 4, old    [a gone, seq 5: taken]    b=seq 9, new    head 9"""
    buffer, live = FrameBuffer(SURE_MS + 10), RegionMap()
    row = json.dumps({"topic": "alerts"}).encode()
    buffer.add(b"r|c", row, b"4", 0)
    buffer.add(b"r|b", row, b"9", SURE_MS + 10)
    closed = buffer.add(b"r|~head", b'{"epoch":"e","seq":9}', None, SURE_MS + 10)
    assert closed is not None
    live.apply(closed[1])
    for seq, since in ((3, None), (4, None), (7, None), (8, 8), (9, 9)):
        update = live.since(MapPosition("e", seq), WANTED)
        assert update is not None
        assert update.since == since


def test_a_client_counts_for_what_it_was_sent_alone() -> None:
    live, client = RegionMap(), Subscription("32.11", WANTED, None)

    def flush(seq: int, position: int, topic: str = "") -> None:
        changes = {f"{topic}-1": Change(seq, b"{}", topic)} if topic else {}
        live.apply(Frame("e", seq, changes, positions={"sppg.events/0": position}))

    def shown() -> int | None:
        return None if client.shown is None else client.shown.positions["sppg.events/0"]

    flush(1, 1, "alerts")
    assert client.next(live) is not None and shown() is None
    client.note_sent()
    assert shown() == 1
    flush(1, 2)
    assert shown() == 2, "nothing changed: what was sent is all there is"
    flush(2, 3, "alerts")
    assert shown() == 2
    assert client.next(live) is not None and shown() == 2
    client.note_sent()
    assert shown() == 3
    flush(3, 4, "performance")
    assert shown() == 3
    assert client.next(live) is None, "it did not ask for these rows"
    client.note_sent()
    assert shown() == 4


def test_a_row_is_read_for_public_walls_only_if_one_asks_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []

    def for_public(topic: str, body: bytes) -> bytes:
        asked.append(body)
        return b"masked of " + topic.encode()

    monkeypatch.setattr(region_map, "for_public", for_public)
    live = RegionMap()
    for seq in range(1, 4):
        live.apply(frame(seq, 0, a=b"{}", b=b'{"v":%d}' % seq))
    desk = live.since(None, WANTED)
    assert desk is not None and desk.rows == [b"{}", b'{"v":3}']
    assert asked == []
    for reached in (None, MapPosition("e", 2), MapPosition("e", 1)):
        wall = live.since(reached, Filter(WANTED.topics))
        assert wall is not None and wall.rows == [b"masked of alerts"] * 2
    assert asked == [b"{}", b'{"v":3}']


@pytest.mark.parametrize(
    "damaged",
    [b'{"topic":"reception","absent_ill":1e999}', b'{"topic":"reception","e":' + b"[" * 5_000],
)
def test_a_row_whose_small_counts_cannot_be_found_is_gone_from_public_walls(
    damaged: bytes,
) -> None:
    live, topics = RegionMap(), frozenset(("reception",))
    row = b'{"absent_ill":7}'
    for seq, body in ((1, row), (2, damaged)):
        live.apply(Frame("e", seq, {"a": Change(seq, body, "reception")}))
    live.apply(Frame("e", 3, {"b": Change(3, row, "reception")}))
    wall, desk = Filter(topics), Filter(topics, public=False)
    for reached, gone in ((MapPosition("e", 1), ["a"]), (None, [])):
        for wanted, rows in ((wall, [row]), (desk, [damaged, row])):
            update = live.since(reached, wanted)
            assert update is not None
            assert (update.rows, update.gone) == (rows, gone if wanted is wall else [])
    assert live.row("reception", "a", public=True) is None


def test_a_delta_without_rows_leaves_a_client_where_it_is() -> None:
    live, client = RegionMap(), Subscription("32.11", WANTED, None)

    def flush(seq: int, topic: str) -> None:
        live.apply(Frame("e", seq, {f"{topic}-1": Change(seq, b"{}", topic)}))
        update = live.since(client.reached, WANTED)
        if client.answered and update is not None:
            client.follow(live, update)
            assert client.shown is live.contents
            assert not client.is_behind(live)

    flush(1, "alerts")
    client.next(live)
    flush(2, "performance")
    assert client.reached == MapPosition("e", 1), "it was sent nothing that names another seq"
    flush(3, "alerts")
    assert client.reached == MapPosition("e", 3)
