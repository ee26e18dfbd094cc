"""What became of each line: the audit's verdicts against `exceptions` and `event_status`.

A line that the sink could not parse is refused for its form (JSON, fields, ranges, a NIK): SQL does not
judge that anew, it only asks that the line be refused. All other rules are judged here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from audit.recompute.judged_lines import ALONE, PLACE, SPARE, judged, lines_of
from audit.recompute.window_rows import WindowRange
from audit.report import MAX_DIFFERENCES, Compared, Difference
from audit.scope import Scope
from audit.scratch import Scratch
from storage.schema import STORE

_ON_PLACE: Final = (
    "x.topic = l.topic AND x.partition = l.partition AND x.offset = l.offset AND x.line = l.line"
)
_EXCEPTIONS: Final = f"(SELECT {PLACE}, toString(verdict) AS verdict, toString(code) AS code FROM {STORE}.exceptions FINAL) AS x"


def lines(scratch: Scratch, scope: Scope, batch: WindowRange) -> Compared:
    """Compare the verdicts of lines whose local day is in the batch."""
    alone = lines_of(scope, batch.first, batch.last, ALONE, f", {SPARE} AS spare")
    columns = f"{PLACE}, unit_id, id, day, code"
    mine = (
        f"SELECT {columns}, multiIf(code != '', 'refused', spare, 'duplicate', 'new') AS verdict FROM ({judged(scope, alone)}) "
        f"UNION ALL SELECT {columns}, verdict FROM {{db}}.suspects"
    )
    stored = "if(x.verdict = '', 'new', x.verdict)"
    found = scratch.rows(
        f"SELECT count(), groupArrayIf({MAX_DIFFERENCES + 1})((l.unit_id, l.id, x.verdict, x.code, l.verdict, l.code), "
        f"{stored} != l.verdict) FROM ({mine}) AS l LEFT JOIN {_EXCEPTIONS} ON {_ON_PLACE} WHERE {batch.holds('l.day')}"
    )[0]
    result = Compared(int(found[0]))
    _add_differences(
        result,
        found[1],
        "verdict",
        lambda row: (_with_code(row[2] or "new", row[3]), _with_code(row[4], row[5])),
    )
    return result


def unparsed(scratch: Scratch, scope: Scope) -> Compared:
    """Lines that are no events and were not refused, appended in the audited days."""
    low, high = scope.first - timedelta(days=1), scope.last + timedelta(days=1)
    found = scratch.rows(
        f"SELECT count(), groupArrayIf({MAX_DIFFERENCES + 1})(('', concat(l.topic, '/', toString(l.partition), '/', "
        "toString(l.offset), '/', toString(l.line))), x.verdict != 'refused') "
        f"FROM (SELECT {PLACE} FROM {STORE}.raw_lines WHERE toDate(time) = '1970-01-01' AND parsed = 0 AND {scope.below_cut()} "
        f"AND toDate(append_at) BETWEEN '{low}' AND '{high}') AS l LEFT JOIN {_EXCEPTIONS} ON {_ON_PLACE}"
    )[0]
    result = Compared(int(found[0]))
    _add_differences(result, found[1], "verdict", lambda _row: ("new", "refused"))
    return result


def corrections(scratch: Scratch, scope: Scope, batch: WindowRange) -> Compared:
    """Compare what corrections made of events: `counts`, `superseded_by`, `retracted`."""
    stored = (
        "SELECT source, id, superseded_by, retracted, counts, revision, 1 AS known "
        f"FROM {STORE}.event_status FINAL"
    )
    result = Compared()
    for column, theirs, wrong in (
        ("counts", "if(s.known, s.counts, t.type != 'event.retracted')", "t.single"),
        ("superseded_by", "s.superseded_by", "t.clear AND t.type != 'event.retracted'"),
        ("retracted", "s.retracted", "t.clear AND t.type != 'event.retracted'"),
    ):
        found = scratch.rows(
            f"SELECT count(), groupArrayIf({MAX_DIFFERENCES + 1})((t.unit_id, t.id, toString({theirs}), toString(t.{column})), "
            f"{wrong} AND s.revision <= {_ends(scope)} AND {theirs} != t.{column}) FROM {{db}}.trees AS t LEFT JOIN ({stored}) AS s "
            f"ON s.source = t.source AND s.id = t.id WHERE {batch.holds('t.day')}"
        )[0]
        result.rows = int(found[0])
        _add_differences(result, found[1], column, lambda row: (row[2], row[3]))
    return result


def _ends(scope: Scope) -> str:
    """The cut in the partition of `t`: what changed later is not compared."""
    return (
        "multiIf("
        + ", ".join(
            f"t.topic = '{topic}', {list(ends)}[t.partition + 1]"
            for topic, ends in scope.cut.lines.items()
        )
        + ", 0)"
    )


def _with_code(verdict: str, code: str) -> str:
    return f"{verdict} ({code})" if code else verdict


def _add_differences(result: Compared, found: Any, column: str, values: Any) -> None:
    """Add the differences, at most `MAX_DIFFERENCES`."""
    for row in found[:MAX_DIFFERENCES]:
        stored, recomputed = values(row)
        result.differences.append(
            Difference("events", "unit", row[0], "", "", "", column, stored, recomputed, (row[1],))
        )
    result.more += max(len(found) - MAX_DIFFERENCES, 0)
