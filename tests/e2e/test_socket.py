"""What a wall gets: the rows that analysts read, over the socket and over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
import websockets

from tests.dashboard_ws.conftest import Wall
from tests.e2e.day import Day, Kitchen, now
from tests.e2e.installation import REGION, Installation, Row
from tests.e2e.rows import until_exact

_TOPICS = ("performance", "coverage", "clinic_coverage", "alerts", "freshness")
_OWN = ("topic", "key", "as_of", "ttl_s")


@asynccontextmanager
async def wall(installation: Installation, **since: Any) -> AsyncIterator[Wall]:
    """A socket that is subscribed to everything; the first frame is still to come."""
    url = installation.gateway.replace("http", "ws", 1) + "/ws"
    async with websockets.connect(url, subprotocols=["pantau.v1"], max_size=1 << 24) as socket:  # type: ignore[list-item]
        one = Wall(socket)
        await one.say("auth", token=installation.tokens()["wall"], client="e2e")
        assert (await one.next())["op"] == "welcome"
        await one.say("subscribe", region=REGION, topics=_TOPICS, **since)
        yield one


async def snapshot(one: Wall) -> None:
    parts = 1
    while parts:
        frame = await one.next("snapshot", timeout_s=30)
        parts = frame["parts"] - frame["part"]


def as_text(value: Any) -> Any:
    """As the socket writes it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def stored(installation: Installation) -> dict[str, Row]:
    """What ClickHouse holds of `performance` and `coverage`, by the keys of the wall and window_end."""
    rows = {}
    for view in ("performance", "coverage"):
        for row in installation.query(f"SELECT * FROM pantau.{view}"):
            told = {name: as_text(value) for name, value in row.items()}
            group = [told["group"]] if "group" in told else []
            key = "/".join((view, told["level"], told["area_id"], *group, told["window"]))
            rows[f"{key} {told['window_end']}"] = told
    return rows


async def test_the_snapshot_holds_the_rows_that_analysts_read(
    installation: Installation, day: Day
) -> None:
    await asyncio.to_thread(until_exact, installation, day.began)
    for attempt in range(5):
        async with wall(installation) as one:
            await snapshot(one)
        rows = await asyncio.to_thread(stored, installation)
        shown = [row for row in one.rows.values() if row["topic"] in ("performance", "coverage")]
        assert len(shown) > 10_000
        differing = []
        for row in shown:
            told = {name: value for name, value in row.items() if name not in _OWN}
            held = rows.get(f"{row['key']} {row.get('window_end')}")
            if held != told:
                differing.append((row, held))
        # A pane may begin between the two readings: then both are read again.
        if not differing:
            break
        assert attempt < 4, differing[:3]
        await asyncio.sleep(3)
    newest = {row["key"] for row in shown if row["window"] in ("1d", "7d", "30d")}
    today = max(row["window_end"] for row in rows.values() if row["window"] == "1d")
    assert newest == {
        at.split(" ")[0]
        for at, row in rows.items()
        if row["window_end"] == today and row["window"] in ("1d", "7d", "30d")
    }


async def test_a_post_comes_as_a_delta_and_a_wall_resumes_where_it_was(
    installation: Installation, day: Day
) -> None:
    unit = day.kitchens[2]
    kitchen = Kitchen(unit, now(), seed=5)
    kitchen.skip(2000)
    key = f"performance/unit/{unit}/1d"
    async with wall(installation) as one:
        await snapshot(one)
        place, cooked = (one.epoch, one.seq), one.rows[key]["portions_cooked"]
        event = kitchen.event(
            "sppg.cooking.finished", 0.5, {"batch": "B-9", "portions": 123, "core_temp_c": 80}
        )
        await asyncio.to_thread(installation.post, unit, [event])
        async with asyncio.timeout(60):
            while one.rows[key]["portions_cooked"] != cooked + 123:
                assert (await one.next(timeout_s=30))["op"] in ("delta", "ping")
        kabupaten = one.rows[f"performance/kabupaten/{REGION}/1d"]
    async with wall(installation, since={"epoch": place[0], "seq": place[1]}) as again:
        again.seq = place[1]
        frame = await again.next(timeout_s=30)
        assert frame["op"] == "delta" and frame["from"] <= place[1] < frame["seq"]
        assert again.rows[key]["portions_cooked"] == cooked + 123
        assert (
            again.rows[f"performance/kabupaten/{REGION}/1d"]["portions_cooked"]
            >= kabupaten["portions_cooked"]
        )
    async with wall(installation, since={"epoch": "another", "seq": 1}) as fresh:
        assert (await fresh.next(timeout_s=30))["op"] == "snapshot"


@pytest.mark.usefixtures("day")
def test_the_state_is_one_snapshot_with_an_etag(installation: Installation) -> None:
    for _ in range(5):
        first = installation.state("unit,kabupaten")
        again = installation.state("unit,kabupaten", **{"If-None-Match": first.headers["ETag"]})
        if again.status_code == 304:
            break
    assert first.status_code == 200 and again.status_code == 304 and again.content == b""
    frame = json.loads(first.content)
    assert frame["op"] == "snapshot" and (frame["part"], frame["parts"]) == (1, 1)
    assert {row["level"] for row in frame["rows"] if "level" in row} >= {"unit", "kabupaten"}
