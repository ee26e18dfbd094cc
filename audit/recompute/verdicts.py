"""What became of each line: the audit's verdicts against `exceptions` and `event_status`.

A line that the sink could not parse is refused for its form (JSON, fields, ranges, a NIK): SQL does not
judge that anew, it only asks that the line be refused. All other rules are judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.report import MAX_DIFFERENCES, Compared, Difference
from audit.scope import DayRange, Scope
from audit.scratch import Scratch

_MOST = MAX_DIFFERENCES + 1
"""Listed by a statement: one more than is shown tells that there are more."""


def lines(scratch: Scratch, scope: Scope, days: DayRange) -> Compared:
    """Compare the verdicts of lines whose local day is in `days`."""
    count, found = scratch.row("compare/60_verdicts", **scope.parameters(days), most=_MOST)
    return _compared(
        count,
        (
            (unit, event, "verdict", _with_code(stored or "new", code), _with_code(verdict, own))
            for unit, event, stored, code, verdict, own in found
        ),
    )


def no_events(scratch: Scratch, scope: Scope) -> Compared:
    """Lines that are no events and were not refused, appended in the audited days."""
    count, found = scratch.row("compare/61_no_events", **scope.parameters(scope.days), most=_MOST)
    return _compared(count, ((*place, "verdict", "new", "refused") for place in found))


def corrections(scratch: Scratch, scope: Scope, days: DayRange) -> Compared:
    """Compare what corrections made of events: `counts`, `superseded_by`, `retracted`."""
    return _compared(*scratch.row("compare/62_corrections", **scope.parameters(days), most=_MOST))


def _with_code(verdict: str, code: str) -> str:
    return f"{verdict} ({code})" if code else verdict


def _compared(count: int, found: Iterable[Any]) -> Compared:
    """`found`: unit, id, column, stored, recomputed. At most `MAX_DIFFERENCES` are listed."""
    result = Compared(count)
    for unit, event, column, stored, recomputed in found:
        result.add(
            Difference("events", "unit", unit, "", "", "", column, stored, recomputed, (event,))
        )
    return result
