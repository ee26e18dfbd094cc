"""Rows of the views: sums and targets become JSON lines, their fields in the order of `contracts.results.public_rows`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from contracts.results.public_rows import (
    ClinicCoverageRow,
    CoverageRow,
    PerformanceRow,
    ReceptionRow,
    View,
)
from contracts.results.table_rows import encode_row
from contracts.time.days import Zone, day_to_iso
from contracts.time.instant import rfc3339
from contracts.time.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName
from streams.core.metrics.clinic import ClinicSum
from streams.core.metrics.coverage import CoverageSum
from streams.core.metrics.kitchen import KitchenSum
from streams.core.metrics.lanes import unpacked
from streams.core.metrics.pane_sum import PaneSum
from streams.core.metrics.reception import ReceptionSum
from streams.core.windowing.targets import Targets

P = TypeVar("P", bound=PaneSum)


# Their fields come as vectors, whose length mypy cannot know.
_performance_row: Final[Any] = PerformanceRow
_coverage_row: Final[Any] = CoverageRow
_REMEMBERED: Final = 8_192


class ViewRow(msgspec.Struct, array_like=True, gc=False):
    """One row on its way: `end_ms` is its window_end; `line` its JSON object."""

    view: View
    level: str
    area: str
    group: str
    window: str
    end_ms: int
    line: bytes


class FlushStamp(msgspec.Struct, gc=False, frozen=True):
    """What every row of one flush carries: region, input position, and the region's clock as RFC 3339."""

    region: str
    revision: int
    updated_at: str


WriteRow = Callable[[FlushStamp, str, str, WindowName, int, P], ViewRow]
"""(stamp, level, area, window, end as in `window_table.RowKey`, sum over the window) -> the row."""


class _Span(NamedTuple):
    """Where a window lies. `fields`: window, window_start, window_end and day, as in the row."""

    end_ms: int
    fields: tuple[str, str, str, str]


class RowWriter:
    """Writes rows of one region."""

    def __init__(self, zone: Zone, targets: Targets) -> None:
        self._zone = zone
        self._targets = targets
        self._spans: dict[tuple[WindowName, int], _Span] = {}

    def _span(self, window: WindowName, end: int) -> _Span:
        span = self._spans.get((window, end))
        if span is None:
            if len(self._spans) >= _REMEMBERED:
                self._spans.clear()
            span = self._spans[window, end] = self._measure(window, end)
        return span

    def _measure(self, window: WindowName, end: int) -> _Span:
        if window in PANE_WINDOWS:
            start_ms, end_ms = (end - PANE_WINDOWS[window]) * PANE_MS, end * PANE_MS
            day = self._zone.local_day(end_ms - 1)
        else:
            start_ms = self._zone.day_start_ms(end - DAY_WINDOWS[window] + 1)
            end_ms = self._zone.day_start_ms(end + 1)
            day = end
        return _Span(end_ms, (window, rfc3339(start_ms), rfc3339(end_ms), day_to_iso(day)))

    def performance(
        self,
        stamp: FlushStamp,
        level: str,
        area: str,
        window: WindowName,
        end: int,
        total: KitchenSum,
    ) -> ViewRow:
        """One row of `performance`."""
        span = self._span(window, end)
        target = None
        if window in DAY_WINDOWS:
            target = self._targets.portions(area, end - DAY_WINDOWS[window] + 1, end)
        # By position: of all rows of a replay nine in ten are made here, and keywords cost a tenth of a row.
        row = _performance_row(
            stamp.region,
            level,
            area,
            *span.fields,
            *unpacked(total.lanes),
            *percentiles(total.minutes),
            target,
            stamp.revision,
            stamp.updated_at,
        )
        return ViewRow("performance", level, area, "", window, span.end_ms, encode_row(row))

    def coverage(
        self,
        stamp: FlushStamp,
        level: str,
        area: str,
        window: WindowName,
        end: int,
        total: CoverageSum,
        groups: set[str],
    ) -> list[ViewRow]:
        """The rows of `coverage` of the given groups."""
        span = self._span(window, end)
        first = end - DAY_WINDOWS[window] + 1 if window in DAY_WINDOWS else None
        head = (stamp.region, level, area, *span.fields)
        eaten, served = total.eaten, total.served
        target = recipients = None
        rows = []
        for group in groups:
            if first is not None:
                target, recipients = self._targets.coverage(area, group, first, end)
            # By position, as above: of the rows of a replay most are made here.
            row = _coverage_row(
                *head,
                group,
                eaten.get(group, 0),
                target,
                served.get(group, 0),
                recipients,
                stamp.revision,
                stamp.updated_at,
            )
            rows.append(
                ViewRow("coverage", level, area, group, window, span.end_ms, encode_row(row))
            )
        return rows

    def reception(
        self,
        stamp: FlushStamp,
        level: str,
        area: str,
        window: WindowName,
        end: int,
        total: ReceptionSum,
    ) -> ViewRow:
        """One row of `reception`. Of a kitchen only the checks are known."""
        span = self._span(window, end)
        checks, confirmed, refused, senses_failed = total.checks
        is_kitchen = level == "unit"
        row = ReceptionRow(
            stamp.region,
            level,
            area,
            *span.fields,
            checks=checks,
            portions_confirmed=confirmed,
            portions_refused=refused,
            senses_failed=senses_failed,
            eaten_confirmed=None if is_kitchen else total.eaten,
            leftover_confirmed_g=None if is_kitchen else total.leftover_g,
            present=None if is_kitchen else total.present,
            absent_ill=None if is_kitchen else total.absent_ill,
            ill_noticed=None if is_kitchen else total.ill,
            declined=None if is_kitchen else total.declined_registered,
            reporting=None if is_kitchen else len(total.reporters),
            events=None if is_kitchen else total.events,
            revision=stamp.revision,
            updated_at=stamp.updated_at,
        )
        return ViewRow("reception", level, area, "", window, span.end_ms, encode_row(row))

    def clinic_coverage(
        self,
        stamp: FlushStamp,
        level: str,
        area: str,
        window: WindowName,
        end: int,
        total: ClinicSum,
    ) -> ViewRow:
        """One row of `clinic_coverage`."""
        span = self._span(window, end)
        row = ClinicCoverageRow(
            stamp.region,
            level,
            area,
            *span.fields,
            children_measured=len(total.measured),
            children_registered=self._targets.children(area, end)
            if window in DAY_WINDOWS
            else None,
            children_stunted=total.stunted,
            children_wasted=total.wasted,
            children_immunized=len(total.immunized),
            doses_given=total.doses,
            mothers_seen=len(total.mothers),
            mothers_anaemic=len(total.anaemic),
            foodborne_cases=total.cases,
            foodborne_counted=total.counted,
            revision=stamp.revision,
            updated_at=stamp.updated_at,
        )
        return ViewRow("clinic_coverage", level, area, "", window, span.end_ms, encode_row(row))


def percentiles(minutes: list[int]) -> tuple[int | None, int | None, int | None]:
    """(p50, p95, max): the value at 0-based position floor(q * n) of the sorted values; None without values. Sorts `minutes`."""
    if not minutes:
        return (None, None, None)
    minutes.sort()
    count = len(minutes)
    return (minutes[int(0.5 * count)], minutes[int(0.95 * count)], minutes[-1])
