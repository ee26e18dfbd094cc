"""One audit from the first statement to the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from clickhouse_connect.driver.client import Client

from audit import compare, cut, landed, letters
from audit.cut import NothingToAuditError
from audit.kafka_lines import EventLog
from audit.recompute import alerts_again, steps, verdicts
from audit.report import Report
from audit.scope import DayRange, Scope
from audit.scratch import Scratch
from contracts.registry.region_rows import Thresholds
from contracts.results.public_rows import VIEWS
from storage.schema import STORE

__all__ = ["NothingToAuditError", "Report", "audit"]

Progress = Callable[[str], None]

_COMPARED: Final = (1_000_000, 12_000)
"""Lines and days of a place (unit, recipient, area) that are compared at once: they have rows, and so take memory, without any
line too. A week of a region of 1,700 places; of a small one all days, since a statement costs tenths of a second by itself.
"""
_ADDED: Final = (20_000_000, 60_000)
"""The same of what is added up at once: only alerts hold memory, by days of a place."""
_PLACES: Final = (
    "SELECT (SELECT uniqExact(unit_id) FROM units) + (SELECT uniqExact(recipient_id) FROM recipients) + "
    "(SELECT count() FROM areas)"
)
_PATIENCE_S: Final = 30.0
"""Longer than two ticks of the real clock and a step of the sink."""
_AGAIN_S: Final = 3.0
_ALL_DAYS: Final = 40_000
_NO_DAY: Final = date(2149, 1, 1)
"""What SQL answers where no line was accepted."""


def audit(
    client: Client,
    region: str,
    first: date | None,
    last: date | None,
    limits: Thresholds,
    progress: Progress,
    patience_s: float = _PATIENCE_S,
    again_s: float = _AGAIN_S,
    generation: int | None = None,
    log: EventLog | None = None,
) -> Report:
    """Audit a region's local days `first` .. `last`, inclusive (None: all days with data).

    `limits`: the region's own. `progress` is called with a line of progress now and then. A difference is
    reported if a second comparison, `again_s` later, finds it too. `generation`: as in `Scratch`.
    `log`: what Kafka holds, to be compared with the landed lines, and the commands of which holds are made; None leaves both out.
    Raises `NothingToAuditError`.
    """
    report = _compare_once(
        client, region, first, last, limits, progress, patience_s, generation, log
    )
    if report.clean:
        return report
    progress(f"{len(report.differences)} differences: comparing again in {again_s:g} s")
    cut.pause(again_s)
    seen = {one.identity for one in report.differences}
    report = _compare_once(
        client, region, first, last, limits, progress, patience_s, generation, log
    )
    report.differences = [one for one in report.differences if one.identity in seen]
    return report


def _compare_once(
    client: Client,
    region: str,
    first: date | None,
    last: date | None,
    limits: Thresholds,
    progress: Progress,
    patience_s: float,
    generation: int | None,
    log: EventLog | None,
) -> Report:
    with Scratch(client, generation) as scratch:
        zone = _zone(scratch, region)
        progress("waiting until the streams have passed one moment")
        taken = cut.take(scratch, region, patience_s, progress)
        asked = landed.Days(region, zone, first, last)
        if first is None or last is None:
            with_data = _days(scratch, region, zone)
            first, last = first or with_data[0], last or with_data[1]
        silent_from = _silent_from(scratch, region, zone)
        scope = Scope(region, zone, DayRange(first, last), silent_from, taken, limits)
        report = Report(region, first.isoformat(), last.isoformat())
        if first > last:
            return report
        if log is not None:
            report.add(landed.lines(scratch, log, asked, patience_s, progress))
            progress("dead letters")
            report.add(letters.logged(scratch, log, asked, patience_s))
        progress("registry, copies and corrections")
        steps.find_facts(scratch, scope)
        for batch in _batches(scratch, scope, scope.days.covered, *_ADDED):
            progress(f"events of {batch.first} to {batch.last}")
            steps.add_events(scratch, scope, batch)
        report.add(verdicts.no_events(scratch, scope))
        # Letters are of no generation: one that was lost before the event log begins would stop each rebuild.
        if generation is None:
            report.add(letters.refused(scratch, scope))
        for batch in _batches(scratch, scope, scope.days, *_COMPARED):
            progress(f"comparing {batch.first} to {batch.last}")
            _compare(scratch, scope, batch, report)
        alerts_again.load_commands(scratch, log)
        for batch in _batches(scratch, scope, scope.days, *_ADDED):
            progress(f"alerts of {batch.first} to {batch.last}")
            report.add(alerts_again.compare(scratch, scope, batch, log is not None))
        return report


def _compare(scratch: Scratch, scope: Scope, batch: DayRange, report: Report) -> None:
    report.add(verdicts.lines(scratch, scope, batch))
    report.add(verdicts.corrections(scratch, scope, batch))
    steps.make_rows(scratch, scope, batch)
    for view in VIEWS:
        if compare.is_written(scope, view):
            report.add(compare.rows(scratch, scope, batch, view))


def _zone(scratch: Scratch, region: str) -> str:
    rows = scratch.rows(
        f"SELECT timezone FROM {STORE}.registry_regions FINAL WHERE region = {{region:String}}",
        region=region,
    )
    if not rows:
        raise NothingToAuditError(
            f"ClickHouse holds no registry of region {region}: `pantau up --region {region}` serves it"
        )
    return str(rows[0][0])


def _days(scratch: Scratch, region: str, zone: str) -> tuple[date, date]:
    """The first and last local day that a line or a row is of."""
    found = scratch.row("lines/01_days_with_data", region=region, zone=zone)
    if not found[0]:
        raise NothingToAuditError(f"there are no events and no rows of region {region} yet")
    return found[1], found[2]


def _silent_from(scratch: Scratch, region: str, zone: str) -> date:
    """The day on which the installation first knew the region: from then on rows exist in silence."""
    first = _NO_DAY
    # Hardly any lines are refused for long before the first one is accepted: a day of them is mostly enough.
    for days in (1, _ALL_DAYS):
        (first,) = scratch.row("lines/02_first_accepted", region=region, zone=zone, days=days)
        if first < _NO_DAY:
            break
    (silent,) = scratch.row("lines/03_silent_from", region=region, zone=zone, accepted=first)
    return date.fromisoformat(str(silent))


def _batches(
    scratch: Scratch, scope: Scope, days: DayRange, most_lines: int, most_place_days: int
) -> Iterator[DayRange]:
    """`days` in batches of at most so many lines and days of places, but at least a day. After `steps.find_facts`."""
    most_days = max(1, most_place_days // max(1, int(scratch.value(_PLACES))))
    # Days of UTC, whatever the cut: it is only for the size.
    per_day = scratch.rows(
        f"SELECT toDate(time) AS day, count() FROM {STORE}.raw_lines WHERE region = {{region:String}} "
        "AND toDate(time) BETWEEN {first:Date} AND {last:Date} GROUP BY day",
        region=scope.region,
        first=days.first,
        last=days.last,
    )
    counts: dict[date, int] = {row[0]: int(row[1]) for row in per_day}
    begin, lines = days.first, 0
    day = days.first
    while day <= days.last:
        lines += counts.get(day, 0)
        following = counts.get(day + timedelta(days=1), 0)
        length = (day - begin).days + 1
        if day == days.last or length == most_days or lines + following > most_lines:
            yield DayRange(begin, day)
            begin, lines = day + timedelta(days=1), 0
        day += timedelta(days=1)
