"""When a partition is flushed, with both clocks in the test's hand."""

from __future__ import annotations

import math
import time

import pytest

from streams.agents import flush_timer
from streams.agents.flush_pace import FlushPace
from streams.agents.flush_timer import FlushTimer

FLUSH_MS = 300


class Clocks:
    """`pass_ms` moves both; `real_ms` alone may be set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.real_ms, self._monotonic_s = 1_000 * FLUSH_MS + 399, 50.0
        monkeypatch.setattr(flush_timer, "real_now_ms", lambda: self.real_ms)
        monkeypatch.setattr(time, "monotonic", lambda: self._monotonic_s)

    def pass_ms(self, some: int) -> None:
        self.real_ms += some
        self._monotonic_s += some / 1000


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def flush(timer: FlushTimer) -> None:
    timer.begun()
    timer.ended()


def test_a_partition_that_changes_all_the_time_is_flushed_once_a_step(clocks: Clocks) -> None:
    timer, flushed = FlushTimer(FlushPace.of_units(FLUSH_MS, 0)), []
    for _ in range(300):
        timer.changed(clocks.real_ms)
        if timer.is_due():
            flush(timer)
            flushed.append(clocks.real_ms)
        clocks.pass_ms(10)
    steps = [at // FLUSH_MS for at in flushed]
    assert steps == list(range(steps[0], steps[-1] + 1))
    assert all(at % FLUSH_MS < 10 for at in flushed[1:]), "workers agree on the moments"


def test_what_comes_after_a_pause_is_flushed_at_once(clocks: Clocks) -> None:
    timer = FlushTimer(FlushPace.of_units(FLUSH_MS, 0))
    assert not timer.is_due()
    for _ in range(3):
        timer.changed(clocks.real_ms)
        assert timer.is_due()
        flush(timer)
        assert not timer.is_due()
        clocks.pass_ms(FLUSH_MS)


def test_the_region_waits_for_the_others_of_a_burst(clocks: Clocks) -> None:
    pace = FlushPace.of_region(FLUSH_MS, 0)
    timer = FlushTimer(pace)
    timer.changed(clocks.real_ms)
    assert not timer.is_due()
    clocks.pass_ms(round(pace.gather_s * 1000) - 1)
    timer.changed(clocks.real_ms)
    assert not timer.is_due()
    clocks.pass_ms(2)
    assert timer.is_due(), "the second change does not begin the wait anew"


def test_a_clock_that_is_set_back_stops_no_flush(clocks: Clocks) -> None:
    timer = FlushTimer(FlushPace.of_units(FLUSH_MS, 0))
    timer.changed(None)
    flush(timer)
    clocks.real_ms -= 3_600_000
    timer.changed(None)
    assert timer.is_due()


def test_what_changes_while_a_flush_is_under_way_is_due_after_it(clocks: Clocks) -> None:
    timer = FlushTimer(FlushPace.of_units(FLUSH_MS, 0))
    timer.changed(None)
    timer.begun()
    timer.changed(None)
    timer.ended()
    assert timer.has_changed
    clocks.pass_ms(FLUSH_MS)
    assert timer.is_due()


ROWS_STEP_S = 5


def test_rows_go_with_one_flush_in_each_step_of_theirs(clocks: Clocks) -> None:
    timer, moments = FlushTimer(FlushPace.of_units(FLUSH_MS, ROWS_STEP_S)), []
    for _ in range(3_000):
        timer.changed(clocks.real_ms)
        if timer.is_due():
            if timer.begun():
                moments.append(clocks.real_ms)
            timer.ended()
        clocks.pass_ms(10)
    steps = [at // (ROWS_STEP_S * 1000) for at in moments]
    assert steps == list(range(steps[0], steps[-1] + 1))
    assert all(at % (ROWS_STEP_S * 1000) < FLUSH_MS + 10 for at in moments[1:])


def test_rows_that_wait_are_written_though_nothing_more_comes(clocks: Clocks) -> None:
    timer = FlushTimer(FlushPace.of_units(FLUSH_MS, ROWS_STEP_S))
    with_rows = []
    for _ in range(2):
        timer.changed(None)
        with_rows.append(timer.begun())
        timer.ended()
    assert with_rows == [True, False], "what comes after a pause waits for no step"
    assert not timer.has_changed
    assert not timer.is_due()
    clocks.pass_ms(round(timer.rows_in_s() * 1000) - 1)
    assert not timer.is_due()
    clocks.pass_ms(FLUSH_MS)
    assert timer.is_due()
    assert timer.begun()
    assert timer.rows_in_s() == math.inf


def test_rows_of_the_region_come_after_the_rows_of_units(clocks: Clocks) -> None:
    clocks.real_ms = 1_000_000 * ROWS_STEP_S * 1000 - 100
    waits = []
    for make in (FlushPace.of_units, FlushPace.of_region):
        timer = FlushTimer(make(FLUSH_MS, ROWS_STEP_S))
        timer.changed(None)
        assert timer.begun()
        timer.ended()
        timer.rows_wait()
        waits.append(timer.rows_in_s())
    of_units, of_region = waits
    assert of_units == pytest.approx(0.1)
    assert of_region > of_units + FLUSH_MS / 1000
