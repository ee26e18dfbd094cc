"""Recomputed rows and verdicts against stored ones: differences, and the events behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from audit.recompute.judged_lines import PLACE, judged, lines_of
from audit.recompute.window_rows import WindowRange
from audit.report import MAX_DIFFERENCES, Compared, Difference
from audit.scope import Scope, day_sql
from audit.scratch import Scratch
from contracts.results.columns import names
from contracts.results.generations import REVISIONS
from contracts.results.public_rows import IDENTITY, VERSION, VIEWS, View
from contracts.results.topics import CLINIC_EVENTS, RECIPIENT_EVENTS, SPPG_EVENTS
from storage.schema import text
from storage.views import PUBLIC

MAX_EXPLAINED: Final = 50
"""Rows a view and batch of which the events are looked up."""
MAX_EVENTS: Final = 20

_ROW: Final = "row"
_KEY: Final = ("level", "area_id", "window", "window_end")
_SOURCE_ROWS: Final[dict[View, tuple[str, str]]] = {
    "performance": ("unit", SPPG_EVENTS),
    "clinic_coverage": ("unit", CLINIC_EVENTS),
    "reception": ("recipient", RECIPIENT_EVENTS),
}
"""View -> the level that stage one writes, and the topic whose offsets its revisions are. All other rows are stage two's."""
_TYPES: Final[dict[View, str]] = {
    "performance": "startsWith(type, 'sppg.')",
    "coverage": "type = 'sppg.meal.eaten'",
    "clinic_coverage": "startsWith(type, 'clinic.')",
    "reception": "startsWith(type, 'recipient.')",
}


def is_written(scope: Scope, view: View) -> bool:
    """Whether the view has rows at all: a store of before recipients has none of theirs until a replay."""
    return view not in _SOURCE_ROWS or _SOURCE_ROWS[view][1] in scope.cut.lines


def rows(scratch: Scratch, scope: Scope, batch: WindowRange, view: View) -> Compared:
    """Compare one view's rows of a batch, every row and column."""
    scratch.make("compared", _both(scope, batch, view))
    compared, moving = scratch.rows(
        "SELECT countIf(NOT moving), countIf(moving) FROM {db}.compared"
    )[0]
    found = scratch.rows(
        f"SELECT level, area_id, window, window_end, grp, bad, window_start FROM {{db}}.compared WHERE NOT moving AND notEmpty(bad) "
        f"ORDER BY level, area_id, window, window_end, grp LIMIT {MAX_DIFFERENCES}"
    )
    total = int(scratch.value("SELECT countIf(NOT moving AND notEmpty(bad)) FROM {db}.compared"))
    result = Compared(int(compared), int(moving), max(total - MAX_DIFFERENCES, 0))
    for index, row in enumerate(found):
        events = _behind(scratch, scope, view, row) if index < MAX_EXPLAINED else ()
        result.differences += _differences(view, row, events)
    return result


def _both(scope: Scope, batch: WindowRange, view: View) -> str:
    """SELECT: rows of both sides by key, `bad` the cells that differ: (column, stored, recomputed)."""
    columns = [
        column
        for column in names(VIEWS[view])
        if column not in names(VERSION) and column not in (*names(IDENTITY), "group")
    ]
    columns += ["window_start", "day"]
    grouped = view == "coverage"
    key = [*_KEY, *(["`group`"] if grouped else [])]
    cells = ", ".join(
        f"('{column}', ifNull(toString(s.{column}), 'null'), ifNull(toString(r.{column}), 'null'))"
        for column in columns
    )
    differing = (
        "multiIf(s.there = 0, if(r.sure, [('row', 'absent', 'present')], []), r.there = 0, [('row', 'present', 'absent')], "
        f"arrayFilter(x -> x.2 != x.3, [{cells}]))"
    )
    start = scope.counted_from
    stored = (
        f"SELECT toUInt8(1) AS there, * FROM {PUBLIC}.{view} WHERE region = {scope.region_sql} AND {batch.holds('day')} "
        f"AND window_end > toDateTime({day_sql(start)}, 'UTC')"
    )
    identity = ", ".join(
        f"if(s.there, toString(s.{column}), toString(r.{column})) AS {column}"
        for column in _KEY[:3]
    )
    group = "if(s.there, toString(s.`group`), toString(r.`group`))" if grouped else "''"
    on = " AND ".join(f"s.{column} = r.{column}" for column in key)
    return (
        f"SELECT {identity}, if(s.there, s.window_end, r.window_end) AS window_end, "
        f"if(s.there, s.window_start, r.window_start) AS window_start, {group} AS grp, "
        f"s.there AND s.revision % {REVISIONS} > {_seen(scope, view)} AS moving, {differing} AS bad "
        f"FROM ({stored}) AS s FULL OUTER JOIN (SELECT toUInt8(1) AS there, * FROM {{db}}.r_{view}) AS r ON {on}"
    )


def _seen(scope: Scope, view: View) -> str:
    """Position up to which a row may have changed last, to be comparable."""
    if view not in _SOURCE_ROWS:
        return str(scope.cut.area)
    level, topic = _SOURCE_ROWS[view]
    ends = scope.cut.lines[topic]
    partition = f"bitAnd(kafkaMurmurHash(s.area_id), 2147483647) % {len(ends)}"
    return f"if(s.level = '{level}', {list(ends)}[{partition} + 1], {scope.cut.area})"


def _differences(view: View, row: Any, events: tuple[str, ...]) -> Iterator[Difference]:
    level, area, window, end, group, bad, _ = row
    for column, stored, recomputed in bad:
        yield Difference(
            view, level, area, window, _utc(end), group, column, stored, recomputed, events
        )


def _behind(scratch: Scratch, scope: Scope, view: View, row: Any) -> tuple[str, ...]:
    """Ids of events in the window of the area, those with copies or corrections first."""
    level, area, _, end, _, _, start = row
    bounds = f"time >= toDateTime('{_plain(start)}', 'UTC') AND time < toDateTime('{_plain(end)}', 'UTC')"
    place = text(area)
    if view == "reception":
        column = "unit_id" if level == "recipient" else "data.kitchen"
    else:
        column = "subject" if level == "recipient" else "unit_id"
    kec = "rkec" if view == "coverage" else "kec"
    where = f"{bounds} AND {_TYPES[view]}" + (
        f" AND {column} = {place}" if level in ("unit", "recipient") else ""
    )
    lines = judged(scope, lines_of(scope, start.date(), end.date(), where))
    inside = f"{kec} = {place}" if level == "kecamatan" else "1"
    found = scratch.rows(
        f"SELECT DISTINCT id FROM (SELECT id, t, ({PLACE}) IN (SELECT {PLACE} FROM {{db}}.suspects) AS rare "
        f"FROM ({lines}) WHERE code = '' AND {inside} ORDER BY rare DESC, t) LIMIT {MAX_EVENTS}"
    )
    return tuple(str(one[0]) for one in found)


def _utc(moment: Any) -> str:
    return f"{_plain(moment).replace(' ', 'T')}Z"


def _plain(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
