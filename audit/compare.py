"""Recomputed rows and verdicts against stored ones: differences, and the events behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    found = scratch.rows(_FOUND, most=MAX_DIFFERENCES)
    behind = _behind(scratch, scope, view, found[:MAX_EXPLAINED])
    for row in found:
        result.differences += _differences(view, row, behind.get(tuple(row[:5]), ()))
    return result


def _differences(view: View, row: Any, events: tuple[str, ...]) -> Iterator[Difference]:
    level, area, window, end, group, bad, _ = row
    for column, stored, recomputed in bad:
        yield Difference(
            view, level, area, window, _utc(end), group, column, stored, recomputed, events
        )


def _behind(
    scratch: Scratch, scope: Scope, view: View, rows: Sequence[Any]
) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """Of each row (by its first five columns) ids of events in the window of its area, those with copies or corrections first."""
    if not rows:
        return {}
    found = scratch.rows_of(
        "compare/67_behind",
        region=scope.region,
        zone=scope.zone,
        view=view,
        begin=_plain(min(row[6] for row in rows)),
        end=_plain(max(row[3] for row in rows)),
        rows=len(rows),
        most=MAX_EVENTS,
    )
    return {tuple(row[:5]): tuple(row[5]) for row in found}


def _utc(moment: Any) -> str:
    return f"{_plain(moment).replace(' ', 'T')}Z"


def _plain(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
