"""What a batch says it follows is where the consumer really stood, whatever comes between."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.agents import transport
from streams.agents.transport import Cursor, FetchPace

HERE, THERE = TP("sppg.events", 0), TP("sppg.events", 1)


def records(*offsets: int) -> list[Any]:
    return [SimpleNamespace(offset=offset) for offset in offsets]


def test_batches_follow_one_another() -> None:
    cursor, assigned = Cursor(), object()
    cursor.sought(assigned, {HERE: 5})
    first = cursor.batches(assigned, {HERE: records(5, 6, 8)})[HERE]
    then = cursor.batches(assigned, {HERE: records(10)})[HERE]
    assert (first.before, first.after, then.before, then.after) == (5, 9, 9, 11)


def test_what_came_from_the_groups_offset_is_not_handed_on() -> None:
    """A worker took 668 over and was given 664 to 674 as what follows 668: 83 events became duplicates of themselves."""
    cursor, assigned = Cursor(), object()
    assert cursor.batches(assigned, {HERE: records(664, 674)}) == {}
    cursor.sought(assigned, {HERE: 668})
    assert cursor.batches(assigned, {HERE: records(668, 674)})[HERE].before == 668
    assert cursor.batches(assigned, {THERE: records(1)}) == {}, "which nobody sought"


def test_an_assignment_knows_nothing_of_the_one_before() -> None:
    cursor, before, after = Cursor(), object(), object()
    cursor.sought(before, {HERE: 668})
    assert cursor.batches(after, {HERE: records(664)}) == {}
    cursor.sought(after, {HERE: 668})
    assert cursor.batches(after, {HERE: records(669)})[HERE].before == 668


def test_what_was_dropped_on_the_way_is_missing_before_the_next() -> None:
    cursor, assigned = Cursor(), object()
    cursor.sought(assigned, {HERE: 5})
    cursor.batches(assigned, {HERE: records(5)})
    assert cursor.batches(assigned, {HERE: records(6)})[HERE].before == 6
    cursor.sought(assigned, {HERE: 5})
    assert cursor.batches(assigned, {HERE: records(5, 6)})[HERE].before == 5


async def test_fetches_gather_while_records_come_and_wait_long_after_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "_QUIET_S", 0.0)
    fetcher, pace = SimpleNamespace(_records={HERE: object()}), FetchPace()
    assert not pace.has_begun
    pace.arrived(fetcher)
    busy = fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes
    pace.arrived(fetcher)
    assert (fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes) == busy
    for _ in range(5):
        await asyncio.sleep(0)
    assert (fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes) == busy, "it is behind"
    fetcher._records.clear()
    for _ in range(5):
        await asyncio.sleep(0)
    assert fetcher._fetch_max_wait_ms > 10 * busy[0]
    assert fetcher._fetch_min_bytes == 1
