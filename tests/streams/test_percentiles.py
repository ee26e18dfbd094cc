"""The value at 0-based position floor(q * n) of the sorted values, as ClickHouse's `quantileExact`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.windowing.row_writer import percentiles


def test_none_without_values() -> None:
    assert percentiles([]) == (None, None, None)


def test_positions() -> None:
    #          n=1       n=2        n=3           n=20: p50 is the 11th, p95 the 20th     n=21: the 11th, the 20th
    assert percentiles([7]) == (7, 7, 7)
    assert percentiles([2, 1]) == (2, 2, 2)
    assert percentiles([3, 1, 2]) == (2, 3, 3)
    assert percentiles(list(range(20, 0, -1))) == (11, 20, 20)
    assert percentiles(list(range(1, 22))) == (11, 20, 21)


@given(st.lists(st.integers(0, 1440), min_size=1, max_size=300))
def test_as_sorted_values(minutes: list[int]) -> None:
    ordered = sorted(minutes)
    count = len(ordered)
    assert percentiles(minutes) == (
        ordered[count // 2],
        ordered[count * 95 // 100],
        ordered[-1],
    )
