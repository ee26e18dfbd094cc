"""Alerts: those that the landed lines, the registry and the clock call for, against `alert_changes`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from audit.kafka_lines import EventLog
from audit.recompute import suspicions_again
from audit.report import MAX_DIFFERENCES, Compared, Difference
from audit.scope import DayRange, Scope
from audit.scratch import Scratch
from contracts.results.generations import REVISIONS

_FILES: Final = (
    "80_events",
    "81_food",
    "82_deliveries",
    "83_units",
    "84_temperature",
    "86_holds",
    "87_illness",
)
_COUNTS: Final = "SELECT countIf(NOT moving), countIf(moving), countIf(NOT moving AND notEmpty(bad)) FROM compared_alerts"
_FOUND: Final = (
    "SELECT kind, unit_id, subject, raised, id, bad FROM compared_alerts WHERE NOT moving AND notEmpty(bad) "
    "ORDER BY raised, id LIMIT {most:UInt32}"
)


def load_commands(scratch: Scratch, log: EventLog | None) -> None:
    """Make `logged_commands`, from which holds are worked out: empty without a log."""
    scratch.run("alerts/85_logged_commands")
    if log is not None:
        rows = ((n, one.at, one.text) for n, one in enumerate(log.commands(), 1))
        scratch.insert("logged_commands", ("n", "at", "text"), rows)


def compare(scratch: Scratch, scope: Scope, days: DayRange, with_holds: bool) -> Compared:
    """Compare the alerts that were raised on `days`. `with_holds`: the commands are loaded."""
    limits = scope.limits
    given = {
        **scope.parameters(days),
        "complete": scope.cut.complete,
        "over_4h_min": limits.over_4h_min,
        "over_6h_min": limits.over_6h_min,
        "shortfall_pct": limits.shortfall_pct,
        "shortfall_after_min": limits.shortfall_after_min,
        "silent_min": limits.silent_min,
        "temperature_readings": limits.temperature_readings,
        "temperature_min": limits.temperature_min,
        "revisions": REVISIONS,
        "with_holds": int(with_holds),
    }
    for name in _FILES:
        scratch.run(f"alerts/{name}", **given)
    suspicions_again.add(scratch, scope, days)
    scratch.run("compare/68_alerts", **given)
    compared, moving, total = scratch.rows(_COUNTS)[0]
    result = Compared(int(compared), int(moving), max(int(total) - MAX_DIFFERENCES, 0))
    for row in scratch.rows(_FOUND, most=MAX_DIFFERENCES):
        result.differences += _differences(row)
    return result


def _differences(row: Any) -> list[Difference]:
    kind, unit, subject, raised, identity, bad = row
    at = datetime.fromtimestamp(raised // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        Difference("alerts", kind, unit, "", at, subject, column, stored, recomputed, (identity,))
        for column, stored, recomputed, _ in bad
    ]
