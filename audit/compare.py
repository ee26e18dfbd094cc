"""Recomputed rows and verdicts against stored ones: differences, and the events behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from audit.report import MAX_DIFFERENCES, Compared, Difference
from audit.scope import DayRange, Scope
from audit.scratch import Scratch
from contracts.results.generations import REVISIONS
from contracts.results.public_rows import View
from contracts.results.topics import CLINIC_EVENTS, RECIPIENT_EVENTS, SPPG_EVENTS

MAX_EXPLAINED: Final = 50
"""Rows a view and batch of which the events are looked up."""
MAX_EVENTS: Final = 20

_COUNTS: Final = "SELECT countIf(NOT moving), countIf(moving), countIf(NOT moving AND notEmpty(bad)) FROM compared"
_FOUND: Final = (
    "SELECT level, area_id, window, window_end, grp, bad, window_start FROM compared WHERE NOT moving AND notEmpty(bad) "
    "ORDER BY level, area_id, window, window_end, grp LIMIT {most:UInt32}"
)
_FILES: Final[dict[View, str]] = {
    "performance": "63_performance",
    "coverage": "64_coverage",
    "clinic_coverage": "65_clinic_coverage",
    "reception": "66_reception",
}
_TOPICS: Final[dict[View, str]] = {
    "performance": SPPG_EVENTS,
    "coverage": SPPG_EVENTS,
    "clinic_coverage": CLINIC_EVENTS,
    "reception": RECIPIENT_EVENTS,
}
"""View -> the topic that its events come from."""


def is_written(scope: Scope, view: View) -> bool:
    """Whether the view has rows at all: a store of before recipients has none of theirs until a replay."""
    return view == "coverage" or _TOPICS[view] in scope.cut.lines


def rows(scratch: Scratch, scope: Scope, days: DayRange, view: View) -> Compared:
    """Compare one view's rows of `days`, every row and column."""
    scratch.run(f"compare/{_FILES[view]}", **scope.parameters(days), revisions=REVISIONS)
    compared, moving, total = scratch.rows(_COUNTS)[0]
    result = Compared(int(compared), int(moving), max(int(total) - MAX_DIFFERENCES, 0))
    for index, row in enumerate(scratch.rows(_FOUND, most=MAX_DIFFERENCES)):
        events = _behind(scratch, scope, view, row) if index < MAX_EXPLAINED else ()
        result.differences += _differences(view, row, events)
    return result


def _differences(view: View, row: Any, events: tuple[str, ...]) -> Iterator[Difference]:
    level, area, window, end, group, bad, _ = row
    for column, stored, recomputed in bad:
        yield Difference(
            view, level, area, window, _utc(end), group, column, stored, recomputed, events
        )


def _behind(scratch: Scratch, scope: Scope, view: View, row: Any) -> tuple[str, ...]:
    """Ids of events in the window of the area, those with copies or corrections first."""
    level, area, _, end, _, _, start = row
    found = scratch.rows_of(
        "compare/67_behind",
        region=scope.region,
        zone=scope.zone,
        view=view,
        level=level,
        area=area,
        begin=_plain(start),
        end=_plain(end),
        most=MAX_EVENTS,
    )
    return tuple(str(one[0]) for one in found)


def _utc(moment: Any) -> str:
    return f"{_plain(moment).replace(' ', 'T')}Z"


def _plain(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
