"""Sliding windows over panes and days, one timeline a test. Panes and days are small numbers: 100 is now."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from contracts.time.windows import DAY_WINDOWS, PANE_WINDOWS, WindowName
from streams.core.metrics.coverage import CoverageSum
from streams.core.metrics.kitchen import KitchenSum
from streams.core.metrics.lanes import ONE, SUM_INDEX
from streams.core.windowing.row_writer import percentiles
from streams.core.windowing.timeline import Ends
from streams.core.windowing.window_table import DAY_REACH, PANE_REACH, WindowTable

EVENTS = SUM_INDEX["events"]
PANES_A_DAY = 288


def part(events: int) -> KitchenSum:
    return KitchenSum(events * ONE["events"])


def table() -> WindowTable[KitchenSum]:
    return WindowTable(KitchenSum)


def events(windows: WindowTable[KitchenSum], window: WindowName, end: int) -> int:
    ((_, total),) = windows.sums("K", window, [end])
    return total.sums[EVENTS]


def ends(rows: Ends, window: WindowName) -> list[int]:
    return sorted(rows.get(("K", window), ()))


def test_rows_of_a_pane_long_past() -> None:
    #  pane   50   51   52   53          window 15m: three rows hold pane 50
    #         ##                         ends  51   52   53
    windows = table()
    windows.apply("K", 50, 0, part(1))
    rows = windows.changed(now_pane=100, today=0)
    assert ends(rows, "15m") == [51, 52, 53]
    assert ends(rows, "1h") == list(range(51, 63))
    assert [events(windows, "15m", end) for end in (50, 51, 53, 54)] == [0, 1, 1, 0]


def test_rows_of_the_pane_that_runs() -> None:
    #  pane   99  100 | 101  102         a row is due when its last pane begins: only the one that ends with pane 100
    #             ##  ^ now is within pane 100
    windows = table()
    windows.apply("K", 100, 0, part(1))
    assert ends(windows.changed(now_pane=100, today=0), "15m") == [101]
    assert {end for _, window, end in windows.due_with(range(101, 102)) if window == "15m"} == {102}
    assert {end for _, window, end in windows.due_with(range(101, 120)) if window == "15m"} == {102, 103}  # fmt: skip


def test_a_pane_that_has_not_begun() -> None:
    #  pane  100 | 101                   an event may be 5 minutes ahead: no row yet, one when its pane begins
    #            ^      ##
    windows = table()
    windows.apply("K", 101, 0, part(1))
    assert ends(windows.changed(now_pane=100, today=0), "15m") == []
    assert {end for _, _, end in windows.due_with(range(101, 102))} == {102}


def test_rows_of_a_day() -> None:
    #  day    94 ............ 100 = today
    #         ##                         1d: 94   7d: 94..100   30d: 94..100, the rest when their days begin
    windows = table()
    windows.apply("K", 0, 94, part(1))
    rows = windows.changed(now_pane=100, today=100)
    assert ends(rows, "1d") == [94]
    assert ends(rows, "7d") == list(range(94, 101))
    assert ends(rows, "30d") == list(range(94, 101))
    assert [events(windows, "7d", end) for end in (93, 94, 100, 101)] == [0, 1, 1, 0]


@given(
    st.lists(st.tuples(st.integers(80, 100), st.integers(0, 9)), min_size=1),
    st.randoms(use_true_random=False),
)
def test_sums_that_slide_are_those_added_up(told: list[tuple[int, int]], chance: Random) -> None:
    windows = table()
    for number, (pane, minutes) in enumerate(told, 1):
        windows.apply("K", pane, pane // 5, KitchenSum(ONE["events"], [minutes]))
        for (area, window), due in windows.changed(now_pane=100, today=20).items():
            if chance.random() < 0.5:
                chance.shuffle(due)
            for end, found in windows.sums(area, window, due):
                expected = [late for at, late in told[:number] if is_in(window, end, at, at // 5)]
                assert sorted(found.minutes) == sorted(expected)
                assert found.sums[EVENTS] == len(expected)


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 20), st.sampled_from("ab")), min_size=1)
)
def test_stored_sums_are_those_added_up_while_time_goes_on(
    meals: list[tuple[int, int, str]],
) -> None:
    """Of each event: panes that pass before it, panes that it is late, its group. Sums of coverage cannot slide; those of
    kitchens do, and whoever writes a row sorts their minutes.
    """
    coverage, kitchens = WindowTable(CoverageSum), WindowTable(KitchenSum)
    now, events = 100, list[tuple[int, str]]()
    for passed, late, group in meals:
        now += passed
        coverage.forget(now, 0)
        kitchens.forget(now, 0)
        meal = CoverageSum()
        meal.put(group, "r", 1)
        coverage.apply("K", now - late, 0, meal)
        kitchens.apply("K", now - late, 0, KitchenSum(ONE["events"], [late]))
        events.append((now - late, group))
        for (area, window), due in coverage.changed(now, 0).items():
            for end, found in coverage.sums(area, window, due):
                inside = Counter(what for at, what in events if is_in(window, end, at, 0))
                assert found.eaten == inside, (window, end)
                assert found.served == dict.fromkeys(inside, 1)
        for (area, window), due in kitchens.changed(now, 0).items():
            for end, total in kitchens.sums(area, window, due):
                percentiles(total.minutes)
                assert len(total.minutes) == total.sums[EVENTS]
                assert total.sums[EVENTS] == sum(is_in(window, end, at, 0) for at, _ in events)


def is_in(window: WindowName, end: int, pane: int, day: int) -> bool:
    if window in PANE_WINDOWS:
        return end - PANE_WINDOWS[window] <= pane < end
    return end - DAY_WINDOWS[window] < day <= end


def test_the_newest_sums_are_kept_up_to_date() -> None:
    #  day    71 .. 94 .. 100            a 30d sum that was added up once takes what comes later, and what is taken away
    windows = table()
    windows.apply("K", 0, 100, part(1))
    assert events(windows, "30d", 100) == 1
    windows.apply("K", 0, 71, part(5))
    windows.apply("K", 0, 70, part(50))
    windows.apply("K", 0, 94, part(3))
    windows.apply("K", 0, 94, part(-3))
    assert events(windows, "30d", 100) == 6
    assert events(windows, "7d", 100) == 1


def test_asked_twice_nothing_has_changed() -> None:
    windows = table()
    windows.apply("K", 50, 0, part(1))
    assert windows.changed(100, 0)
    assert windows.changed(100, 0) == {}


def test_an_empty_delta_makes_the_rows_exist() -> None:
    windows = table()
    windows.apply("K", 50, 0, part(0))
    assert ends(windows.changed(100, 0), "15m") == [51, 52, 53]


def test_only_what_nothing_can_reach_is_forgotten() -> None:
    #  received today, 30 days old: touches day 70 (of 100), whose oldest 30d row of reach begins with day 41
    windows = table()
    now_pane = 100 * PANES_A_DAY
    oldest = now_pane - 30 * PANES_A_DAY - max(PANE_WINDOWS.values())
    windows.apply("K", oldest, 41, part(1))
    windows.forget(now_pane, 100)
    assert events(windows, "15m", oldest + 1) == 1
    assert events(windows, "30d", 70) == 1
    assert 30 + max(DAY_WINDOWS.values()) <= DAY_REACH
    windows.forget(oldest + PANE_REACH + 1, 41 + DAY_REACH + 1)
    assert events(windows, "15m", oldest + 1) == 0
    assert events(windows, "1d", 41) == 0
