"""The live map: newest begun windows under the contract's keys, frames with one seq, and a map that survives its fold."""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any

from contracts.results.public_rows import VIEWS
from contracts.results.topics import HEAD_KEY
from contracts.time.days import Zone
from contracts.time.instant import rfc3339
from streams.core.fold import Out
from streams.core.region_stage.live_map import LiveMap
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import ViewRow

HOUR = 3_600_000
NOW = 1_795_490_100_000  # 2026-11-24T03:15:00Z, a pane's edge
PANE_END = NOW + 300_000
DAY_END = NOW - (NOW + 7 * HOUR) % (24 * HOUR) + 24 * HOUR


def row(window: str = "15m", end: int = PANE_END, value: int = 1, **changed: str) -> ViewRow:
    names = {"view": "performance", "level": "unit", "area": "K1", "group": ""} | changed
    about = {"region": "32.11", "level": names["level"], "area_id": names["area"], "window": window}
    columns = VIEWS[names["view"]]  # type: ignore[index]
    line: dict[str, Any] = {one.name: 0 if "Int" in one.type else "" for one in columns}
    line |= about | {"window_end": rfc3339(end), "group": names["group"], "events": value}
    line = {one.name: line[one.name] for one in columns}
    return ViewRow(
        names["view"],  # type: ignore[arg-type]
        names["level"],
        names["area"],
        names["group"],
        window,
        end,
        json.dumps(line).encode(),
    )


def progress(now: int = NOW) -> Progress:
    made = Progress(Zone("Asia/Jakarta"))
    made.advance(now)
    return made


def frame(
    live: LiveMap, as_of: int = NOW, waiting: Container[str] | None = ()
) -> tuple[dict[str, Any], Any]:
    """(key -> row or None) and the head of one flush."""
    out: list[Out] = live.frame(as_of, 0, {}, waiting)
    found = {
        out_.key.decode().removeprefix("32.11|"): json.loads(out_.value) if out_.value else None
        for out_ in out
        if out_.key
    }
    return found, found.pop(HEAD_KEY)


def test_keys_and_rows_are_the_contract_s() -> None:
    live = LiveMap("32.11", "e")
    live.put(row())
    live.put(row("1d", DAY_END, view="coverage", level="recipient", area="npsn:1", group="sd"))
    found, head = frame(live)
    assert list(found) == ["performance/unit/K1/15m", "coverage/recipient/npsn:1/sd/1d"]
    first = found["performance/unit/K1/15m"]
    assert (first["topic"], first["key"]) == ("performance", "performance/unit/K1/15m")
    assert (first["as_of"], first["ttl_s"], first["is_final"]) == ("2026-11-24T03:15:00Z", 1800, 0)
    assert found["coverage/recipient/npsn:1/sd/1d"]["ttl_s"] == 21_600
    assert head == {
        "epoch": "e",
        "seq": 1,
        "as_of": "2026-11-24T03:15:00Z",
        "now": "2026-11-24T03:15:00Z",
        "format": 1,
        "positions": {},
    }


def test_seq_grows_only_with_a_change() -> None:
    live = LiveMap("32.11", "e")
    assert frame(live) == ({}, frame(live)[1])
    assert frame(live)[1]["seq"] == 0
    live.put(row())
    assert frame(live)[1]["seq"] == 1
    assert frame(live)[1]["seq"] == 1


def test_an_older_window_never_replaces_a_newer_one() -> None:
    live = LiveMap("32.11", "e")
    live.put(row(value=2))
    live.put(row(end=PANE_END - 300_000, value=1))
    assert frame(live)[0]["performance/unit/K1/15m"]["events"] == 2


def test_a_window_that_is_over_is_gone_and_may_come_back() -> None:
    #   15m row ends 03:20, the clock shows 03:20: its successor has begun, and nothing came in it
    live = LiveMap("32.11", "e")
    live.put(row())
    live.put(row("1d", DAY_END))
    frame(live)
    live.sweep(progress(NOW), DAY_END)
    assert frame(live)[0] == {}
    live.sweep(progress(PANE_END), DAY_END)
    assert frame(live)[0] == {"performance/unit/K1/15m": None}
    live.put(row(end=PANE_END + 300_000))
    assert frame(live)[0]["performance/unit/K1/15m"]["events"] == 1
    live.sweep(progress(DAY_END), DAY_END + 24 * HOUR)
    assert frame(live)[0] == {"performance/unit/K1/15m": None, "performance/unit/K1/1d": None}


def test_a_window_that_is_over_when_it_comes_is_not_shown() -> None:
    #   the clock shows 03:20 and nothing has moved since the last sweep: a row that ends 03:20 comes too late
    live = LiveMap("32.11", "e")
    live.sweep(progress(PANE_END), DAY_END)
    frame(live)
    live.put(row())
    live.put(row("1d", DAY_END))
    live.sweep(progress(PANE_END), DAY_END)
    found, _ = frame(live)
    assert found["performance/unit/K1/15m"] is None
    assert found["performance/unit/K1/1d"]["events"] == 1


def test_unchanged_rows_are_confirmed_at_half_their_time_to_live() -> None:
    live = LiveMap("32.11", "e")
    live.put(row("1d", DAY_END))
    frame(live)
    assert frame(live, NOW + 899_000)[0] == {}
    assert frame(live, NOW + 900_000, None)[0] == {}, "a change of it may wait"
    found, head = frame(live, NOW + 900_000)
    assert found["performance/unit/K1/1d"]["as_of"] == "2026-11-24T03:30:00Z"
    assert head["seq"] == 2


def test_a_restored_map_goes_on_where_it_stood() -> None:
    live = LiveMap("32.11", "e")
    live.put(row(value=7))
    live.put_freshness("K1", "sppg", NOW, "32.11.08")
    out = live.frame(NOW, 0, {}, ())
    other = LiveMap("32.11", "another")
    for record in out[::-1]:
        assert record.key and record.value
        other.restore(record.key.decode().removeprefix("32.11|"), record.value)
    other.restored()
    assert other.last_received("K1") == NOW
    assert frame(other) == ({}, {**json.loads(out[-1].value or b"")})
    for one in (live, other):
        one.sweep(progress(PANE_END), DAY_END)
    assert other.frame(NOW + 300_000, 0, {}, ()) == live.frame(NOW + 300_000, 0, {}, ())
