"""Rows for the tables are written less often than a fold is flushed: none may be lost in between."""

from __future__ import annotations

import msgspec
import pytest

from contracts.results.topics import REGION_FEED, REGISTRY_CHANGE, SPPG_EVENTS, TABLE_HEADER
from contracts.time.days import DAY_MS
from contracts.time.windows import PANE_MS
from streams.core.fold import Flush, Record
from streams.core.region_feed import LiveRow, decode_batch, decode_item
from streams.core.state_format import UnreadableStateError, marked, unmarked
from streams.core.unit_stage.unit_fold import UnitFold
from streams.core.windowing.pending_rows import ROWS_KEY, PendingRows
from tests.examples import KITCHEN, line
from tests.registry_small import OTHER, SMALL

AT = 1_795_490_132_000  # 2026-11-24T10:15:32+07:00
PANE = AT // PANE_MS


class OneFold:
    """A unit fold, and its state as Kafka would keep it. It has written its first rows."""

    def __init__(self) -> None:
        self.state: dict[bytes, bytes] = {}
        self.fold = UnitFold(SPPG_EVENTS, 0, 1, 1)
        self._next = 0
        self.take(SMALL.encode(), REGISTRY_CHANGE)
        self.flush(with_rows=False)

    def take(self, value: bytes, control: str = "", at: int = AT) -> None:
        self.fold.apply(Record(self._next, at, value, b"", control))
        self._next += 1

    def flush(self, with_rows: bool) -> Flush:
        flush = self.fold.drain(self._next, with_rows)
        self.state |= {key: value for key, value in flush.state.items() if value is not None}
        for key in [key for key, value in flush.state.items() if value is None]:
            self.state.pop(key, None)
        return flush

    def crash(self) -> None:
        self.fold = UnitFold(SPPG_EVENTS, 0, 1, 1)
        for key, value in self.state.items():
            self.fold.restore("unit.state.sppg", key, value)
        self.fold.restored()


def tables(flush: Flush) -> dict[str, int]:
    """Rows in each table."""
    return {
        dict(out.headers)[TABLE_HEADER].decode(): out.value.count(b"\n") + 1
        for out in flush.out
        if out.value is not None and out.headers
    }


def live_windows(flush: Flush) -> set[str]:
    values = [out.value for out in flush.out if out.topic == REGION_FEED]
    items = [decode_item(raw) for value in values if value for raw in decode_batch(value).items]
    return {item.row.window for item in items if isinstance(item, LiveRow)}


def test_a_flush_without_rows_has_what_walls_show_and_no_rows_or_positions() -> None:
    one = OneFold()
    one.take(line("sppg.delivery.received"))
    flush = one.flush(with_rows=False)
    assert not {"performance", "positions"} & tables(flush).keys()
    assert live_windows(flush) == {"15m", "1h", "1d"}
    later = one.flush(with_rows=True)
    assert tables(later)["performance"] >= 5
    assert live_windows(later) == {"7d", "30d"}, "walls have the others"
    assert "performance" not in tables(one.flush(with_rows=True))


def test_what_was_flushed_without_rows_is_written_after_a_crash() -> None:
    one = OneFold()
    one.take(line("sppg.delivery.received"))
    one.flush(with_rows=False)
    one.crash()
    assert tables(one.flush(with_rows=True))["performance"] >= 5
    assert ROWS_KEY not in one.state
    one.crash()
    assert "performance" not in tables(one.flush(with_rows=True))


def test_rows_that_time_made_due_are_written_after_a_crash() -> None:
    one = OneFold()
    one.take(line("sppg.delivery.received"))
    one.flush(with_rows=True)
    one.take(b"{}", "tick", AT + 3 * PANE_MS)
    one.flush(with_rows=False)
    one.crash()
    assert tables(one.flush(with_rows=True))["performance"] >= 3


def test_a_new_day_does_not_wait_with_its_rows() -> None:
    one = OneFold()
    one.take(b"{}", "tick", AT + DAY_MS)
    assert "performance" in tables(one.flush(with_rows=False))


@pytest.mark.parametrize(
    "stored",
    [
        (AT + 1, {KITCHEN: [PANE]}),
        (AT - DAY_MS, {KITCHEN: [PANE]}),
        (AT, {"SPPG-3211-9999": [PANE]}),
    ],
)
def test_a_record_that_no_fold_writes_ends_the_take_over(stored: object) -> None:
    one = OneFold()
    one.state[ROWS_KEY] = marked(msgspec.msgpack.encode(stored))
    with pytest.raises(UnreadableStateError, match="pantau replay"):
        one.crash()


def test_a_pane_of_which_state_has_no_facts_is_passed_over() -> None:
    one = OneFold()
    one.state[ROWS_KEY] = marked(msgspec.msgpack.encode((AT, {KITCHEN: [PANE, 2**62]})))
    one.crash()
    assert "performance" not in tables(one.flush(with_rows=True))


def test_the_rows_of_a_new_region_do_not_wait() -> None:
    one = OneFold()
    one.take(OTHER.encode(), REGISTRY_CHANGE)
    assert "performance" in tables(one.flush(with_rows=False)), "no pane stands for them"


def test_what_grew_too_large_is_read_again_and_written_next() -> None:
    grown = PendingRows()
    grown.restored(AT)
    for pane in range(2_001):
        grown.add(KITCHEN, pane)
    value = grown.record(AT, with_rows=False)[ROWS_KEY]
    assert value is not None
    read = PendingRows()
    read.restore(unmarked(ROWS_KEY, value))
    read.restored(AT)
    assert read.must_be_written(AT)
    assert len(list(read)) == 2_001
