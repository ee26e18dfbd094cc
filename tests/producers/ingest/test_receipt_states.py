"""What is said of a receipt: nothing before every position that it rests on is past its records."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.receipts import Receipt, ReceiptState, RecordPlace
from contracts.results.reached import LANDED, Reached, ShownTo
from contracts.results.topics import (
    AREA_WINDOWS,
    DEAD_LETTERS,
    REGION_FEED,
    SPPG_EVENTS,
    UNIT_WINDOWS,
    VERDICTS,
)
from contracts.time.windows import GRACE_MS
from producers.ingest.receipts.progress_feed import ReachedPositions
from producers.ingest.receipts.receipt_states import state_of

DUE = 1_800_000_000_000
EVENTS = RecordPlace(SPPG_EVENTS, 1, 41)
LETTERS = RecordPlace(DEAD_LETTERS, 0, 7)
RECEIPT = Receipt("SPPG-3211-0001", "32.11", (EVENTS,), (LETTERS,), DUE, 0)
AREAS = [
    Reached("area.windows/0", SPPG_EVENTS, 1, 42, DUE),
    Reached(AREA_WINDOWS, REGION_FEED, 0, 5, DUE),
]
EVENT_LINES = [Reached(LANDED, SPPG_EVENTS, 1, 42)]
TABLES = [
    *AREAS,
    Reached(VERDICTS, SPPG_EVENTS, 1, 42, DUE),
    Reached(UNIT_WINDOWS, SPPG_EVENTS, 1, 42, DUE),
    Reached(LANDED, DEAD_LETTERS, 0, 8),
]
SHOWN = ShownTo(3, DUE - GRACE_MS, {f"{SPPG_EVENTS}/1": 42})


def progress(**writers: list[Reached]) -> ReachedPositions:
    made = ReachedPositions()
    for writer, reached in writers.items():
        made.take(writer, reached)
    return made


def state(
    receipt: Receipt = RECEIPT,
    areas: list[Reached] = AREAS,
    lines: list[Reached] = EVENT_LINES,
    tables: list[Reached] = TABLES,
    shown: ShownTo = SHOWN,
) -> ReceiptState:
    return state_of(
        receipt, progress(streams=areas), progress(events=lines, tables=tables), [shown], 1
    )


def test_all_of_it_has_come_when_every_position_is_past_it() -> None:
    assert state() == ReceiptState(stored=True, windows=True, clickhouse=True, walls=3)


@given(st.sampled_from(TABLES + EVENT_LINES), st.sampled_from(["gone", "position", "time"]))
def test_each_position_is_needed(one: Reached, how: str) -> None:
    def less(reached: list[Reached]) -> list[Reached]:
        if how == "gone":
            return [other for other in reached if other is not one]
        change: dict[str, Any] = (
            {"position": one.position - 1} if how == "position" else {"time_ms": DUE - 1}
        )
        return [
            msgspec.structs.replace(other, **change) if other is one else other for other in reached
        ]

    # The region's own position says nothing; times are said where rows come of time alone.
    is_own = one.topic == REGION_FEED
    says_nothing = (is_own and how == "position") or (
        how == "time" and not is_own and one.stream != UNIT_WINDOWS
    )
    found = state(areas=less(AREAS), lines=less(EVENT_LINES), tables=less(TABLES))
    assert found.clickhouse is says_nothing
    assert found.windows is (says_nothing or one not in AREAS)


def test_of_letters_alone_only_clickhouse_can_be_behind() -> None:
    letters = msgspec.structs.replace(RECEIPT, events=())
    assert state(letters, [], [], TABLES[-1:]) == ReceiptState(
        stored=True, windows=True, clickhouse=True, walls=0
    )
    assert state(letters, [], [], []) == ReceiptState(
        stored=True, windows=True, clickhouse=False, walls=0
    )


def test_walls_count_once_they_were_sent_it() -> None:
    assert (
        state(shown=msgspec.structs.replace(SHOWN, positions={f"{SPPG_EVENTS}/1": 41})).walls == 0
    )
    assert (
        state(shown=msgspec.structs.replace(SHOWN, positions={f"{SPPG_EVENTS}/0": 99})).walls == 0
    )
    assert state(shown=msgspec.structs.replace(SHOWN, as_of_ms=SHOWN.as_of_ms - 1)).walls == 0


def test_another_region_partition_says_nothing_of_it() -> None:
    assert not state_of(RECEIPT, progress(streams=AREAS), ReachedPositions(), [], 64).windows
