"""One audit from the first statement to the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from audit import compare, cut, landed, letters
from audit.cut import NothingToAuditError
from audit.kafka_lines import EventLog
from audit.recompute import copies, growth, panes, verdicts, window_rows
from audit.recompute.window_rows import WindowRange
from audit.report import Report
from audit.scope import Scope, day_sql
from audit.scratch import Scratch
from contracts.registry.region_rows import Thresholds
from contracts.results.public_rows import VIEWS
from storage.schema import STORE, text
from storage.views import PUBLIC

__all__ = ["NothingToAuditError", "Report", "audit"]

Progress = Callable[[str], None]

_COMPARED: Final = (1_000_000, 7)
"""Lines and days that are compared at once: days have rows, and so take memory, without any line too."""
_ADDED: Final = (20_000_000, 31)
"""Lines and days that are added up at once: they hold no memory."""
_PATIENCE_S: Final = 12.0
"""Longer than two ticks of the real clock."""
_AGAIN_S: Final = 3.0
_ALL_DAYS: Final = 40_000


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
    `log`: what Kafka holds, to be compared with the landed lines; None leaves that out.
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
        scope = Scope(region, zone, first, last, silent_from, taken, limits)
        report = Report(region, scope.first.isoformat(), scope.last.isoformat())
        if scope.first > scope.last:
            return report
        if log is not None:
            report.add(landed.lines(scratch, log, asked, patience_s, progress))
            progress("dead letters")
            report.add(letters.logged(scratch, log, asked, patience_s))
        progress("registry, copies and corrections")
        scratch.run_file(
            "10_registry",
            region=scope.region,
            zone=scope.zone,
            first=scope.counted_from,
            last=scope.last,
        )
        growth.load(scratch)
        copies.build(scratch, scope)
        panes.prepare(scratch)
        for batch in _batches(scratch, scope, scope.counted_from, *_ADDED):
            progress(f"events of {batch.first} to {batch.last}")
            panes.add(scratch, scope, batch.first, batch.last)
        report.add(verdicts.unparsed(scratch, scope))
        # Letters are of no generation: one that was lost before the event log begins would stop each rebuild.
        if generation is None:
            report.add(letters.refused(scratch, scope))
        for batch in _batches(scratch, scope, scope.first, *_COMPARED):
            progress(f"comparing {batch.first} to {batch.last}")
            _compare(scratch, scope, batch, report)
        return report


def _compare(scratch: Scratch, scope: Scope, batch: WindowRange, report: Report) -> None:
    report.add(verdicts.lines(scratch, scope, batch))
    report.add(verdicts.corrections(scratch, scope, batch))
    window_rows.build(scratch, scope, batch)
    for view in VIEWS:
        if compare.is_written(scope, view):
            report.add(compare.rows(scratch, scope, batch, view))


def _zone(scratch: Scratch, region: str) -> str:
    rows = scratch.rows(
        f"SELECT timezone FROM {STORE}.registry_regions FINAL WHERE region = {text(region)}"
    )
    if not rows:
        raise NothingToAuditError(
            f"ClickHouse holds no registry of region {region}: `pantau up --region {region}` serves it"
        )
    return str(rows[0][0])


def _days(scratch: Scratch, region: str, zone: str) -> tuple[date, date]:
    """The first and last local day that a line or a row is of."""
    sources = [
        f"SELECT toDate(time, {text(zone)}) AS day FROM {STORE}.raw_lines WHERE region = {text(region)} AND parsed = 1 "
        "AND time BETWEEN received_at - INTERVAL 30 DAY AND received_at + INTERVAL 5 MINUTE",
        *(f"SELECT day FROM {PUBLIC}.{view} WHERE region = {text(region)}" for view in VIEWS),
    ]
    found: Any = scratch.rows(
        f"SELECT count(), min(day), max(day) FROM ({' UNION ALL '.join(sources)})"
    )[0]
    if not found[0]:
        raise NothingToAuditError(f"there are no events and no rows of region {region} yet")
    return found[1], found[2]


def _silent_from(scratch: Scratch, region: str, zone: str) -> date:
    """The day on which the installation first knew the region: from then on rows exist in silence.

    That is not written down, but two things show it: the first event that was accepted, and the first row of
    a day on which nothing happened.
    """
    where = f"region = {text(region)} AND parsed = 1"
    place = "topic, partition, offset, line"
    begun = scratch.value(f"SELECT min(append_at) FROM {STORE}.raw_lines WHERE {where}")
    first = date(2149, 1, 1)
    # Hardly any lines are refused for long before the first one is accepted: a day of them is mostly enough.
    for days in (1, _ALL_DAYS):
        until = f"toDateTime64('{begun:%Y-%m-%d %H:%M:%S}', 3, 'UTC') + INTERVAL {days} DAY"
        first = scratch.value(
            f"SELECT ifNull(min(toDate(append_at, {text(zone)})), toDate('2149-01-01')) FROM ("
            f"SELECT {place}, toNullable(append_at) AS append_at FROM {STORE}.raw_lines PREWHERE append_at <= {until} WHERE {where}) "
            f"WHERE ({place}) NOT IN (SELECT {place} FROM {STORE}.exceptions)"
        )
        if first.year < 2149:
            break
    day = f"toDate('{first.isoformat()}')"
    silent: date = scratch.value(
        f"SELECT min(least({day}, day)) FROM (SELECT {day} AS day UNION ALL "
        f"SELECT day FROM {STORE}.performance WHERE region = {text(region)} AND window = '1d' AND level = 'unit' AND day < {day} "
        f"AND (area_id, day) NOT IN (SELECT unit_id, toDate(time, {text(zone)}) FROM {STORE}.raw_lines "
        f"WHERE {where} AND toDate(time) <= {day}))"
    )
    return silent


def _batches(
    scratch: Scratch, scope: Scope, first: date, most_lines: int, most_days: int
) -> Iterator[WindowRange]:
    """Days from `first` to the last one in batches of at most so many lines, but at least a day."""
    # Days of UTC, whatever the cut: it is only for the size.
    per_day = scratch.rows(
        f"SELECT toDate(time) AS day, count() FROM {STORE}.raw_lines WHERE region = {scope.region_sql} "
        f"AND toDate(time) BETWEEN {day_sql(first)} AND {day_sql(scope.last)} GROUP BY day"
    )
    counts: dict[date, int] = {row[0]: int(row[1]) for row in per_day}
    begin, lines = first, 0
    day = first
    while day <= scope.last:
        lines += counts.get(day, 0)
        following = counts.get(day + timedelta(days=1), 0)
        length = (day - begin).days + 1
        if day == scope.last or length == most_days or lines + following > most_lines:
            yield WindowRange(begin, day)
            begin, lines = day + timedelta(days=1), 0
        day += timedelta(days=1)
