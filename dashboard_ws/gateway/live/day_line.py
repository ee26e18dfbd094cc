"""A region's day as a line: its totals as they stood in each pane, for pages that open later. Pure.

It is made from the frames as they come, and a starting gateway reads again what compaction has left
of them on the topic: what it never saw is missing from the line, and is no zero.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.time.instant import BadInstantError, epoch_ms
from dashboard_ws.gateway.live.region_map import Frame

PANE_MS: Final = 300_000

Point = tuple[int, int, int, int, int]
"""(as_of, epoch milliseconds; cooked, dispatched, received, eaten)"""


class _Totals(msgspec.Struct):
    day: str
    as_of: str
    portions_cooked: int
    portions_dispatched: int
    portions_received: int
    portions_eaten: int


_decoder = msgspec.json.Decoder(_Totals)


class DayLine:
    """The newest point of each pane of the newest day that row `key` has."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._day = ""
        self._points: dict[int, Point] = {}

    def note(self, frame: Frame) -> None:
        """Take a frame; most do not hold the row."""
        change = frame.changes.get(self._key)
        if change is None or change.body is None:
            return
        try:
            row = _decoder.decode(change.body)
            at = epoch_ms(row.as_of)
        except (msgspec.DecodeError, BadInstantError):
            return  # A row that is not as agreed is shown as it came; it makes no point.
        if row.day != self._day:
            self._day, self._points = row.day, {}
        self._points[at // PANE_MS] = (
            at, row.portions_cooked, row.portions_dispatched, row.portions_received,
            row.portions_eaten,
        )  # fmt: skip

    def points(self, day: str) -> list[Point]:
        """Points of a local day (`YYYY-MM-DD`), oldest first; none if it is not the newest."""
        return sorted(self._points.values()) if day == self._day else []
