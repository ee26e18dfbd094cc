"""The rows that every contestant must come to, added up from what was thrown, and how they are read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from bench.peers.job import METRICS
from bench.streams.generate import Content
from contracts.results.columns import names
from contracts.results.public_rows import PERCENTILES
from contracts.time.instant import epoch_ms
from contracts.time.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName

Key = tuple[str, str, int]
"""(unit, window, window_end as epoch ms)"""

UnitRows = dict[Key, list[int | None]]
"""Key -> all `METRICS` and p50, p95, greatest minutes from cooking to receipt."""

Reader = Callable[[bytes], Iterable[tuple[Any, Any]]]

_DAY_MS: Final = 86_400_000
_EVENTS: Final = METRICS.index("events")
_WindowRow: Final = msgspec.defstruct(
    "WindowRow",
    [
        *((name, str) for name in ("area_id", "window", "window_end")),
        *((name, int | None) for name in (*METRICS, *names(PERCENTILES))),
    ],
)
_decode_rows: Final = msgspec.json.Decoder(_WindowRow).decode_lines


def rows_due(content: Content, timezone: str) -> UnitRows:
    """Rows of all windows that hold something and whose last pane or day had begun when the content was thrown."""
    zone = ZoneInfo(timezone)
    now_pane = content.now_ms // PANE_MS
    today = _day(content.now_ms, zone)
    due: dict[Key, list[tuple[str, int]]] = {}
    for unit, pane in content.truth:
        for window, length in PANE_WINDOWS.items():
            for last in range(pane, min(pane + length - 1, now_pane) + 1):
                due.setdefault((unit, window, (last + 1) * PANE_MS), []).append((unit, pane))
        first = _day(pane * PANE_MS, zone)
        for window, length in DAY_WINDOWS.items():
            for ahead in range(min(length, (today - first).days + 1)):
                key = (unit, window, _end_ms(first + timedelta(days=ahead), zone))
                due.setdefault(key, []).append((unit, pane))
    return {key: _added_up(content, panes) for key, panes in due.items()}


def _added_up(content: Content, panes: list[tuple[str, int]]) -> list[int | None]:
    sums = [sum(column) for column in zip(*(content.truth[place] for place in panes), strict=True)]
    minutes = sorted(chain.from_iterable(content.minutes.get(place, ()) for place in panes))
    if not minutes:
        return [*sums, None, None, None]
    return [*sums, *(minutes[int(q * len(minutes))] for q in (0.5, 0.95)), minutes[-1]]


def _day(instant_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant_ms // 1000, zone).date()


def _end_ms(day: date, zone: ZoneInfo) -> int:
    after = day + timedelta(days=1)
    return int(datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()) * 1000


def unit_rows(now_ms: int) -> Reader:
    """Reads the rows that were due at `now_ms`, less those of windows in which nothing happened: the peers know of no silence."""

    def read(value: bytes) -> Iterator[tuple[Any, Any]]:
        for row in _decode_rows(value):
            unit, window, end, *values = msgspec.structs.astuple(row)
            if values[_EVENTS] and _is_due(window, end_ms := epoch_ms(end), now_ms):
                yield (unit, window, end_ms), values

    return read


def floor_rows(value: bytes) -> Iterator[tuple[Any, Any]]:
    """Reads what the floor says: how many lines there were."""
    yield "lines", int(value)


def _is_due(window: WindowName | str, end_ms: int, now_ms: int) -> bool:
    return end_ms - (PANE_MS if window in PANE_WINDOWS else _DAY_MS) <= now_ms
