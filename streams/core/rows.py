"""Rows of the three views, from parts and targets to JSON lines in the order of `contracts.rows`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

from contracts.days import Zone, day_to_iso
from contracts.instant import rfc3339
from contracts.rows import CLINIC_COVERAGE, COVERAGE, PERFORMANCE, Column, View, names
from contracts.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS
from streams.core.parts import ClinicPart, CoveragePart, KitchenPart
from streams.core.targets import Targets
from streams.core.windows import RowKey


def _struct(name: str, columns: tuple[Column, ...]) -> Any:
    return msgspec.defstruct(name, [(column, Any) for column in names(columns)], gc=False)


_Performance: Final = _struct("PerformanceRow", PERFORMANCE)
_Coverage: Final = _struct("CoverageRow", COVERAGE)
_ClinicCoverage: Final = _struct("ClinicCoverageRow", CLINIC_COVERAGE)
_encode = msgspec.json.Encoder().encode
_rfc3339 = lru_cache(maxsize=8192)(rfc3339)
_day_to_iso = lru_cache(maxsize=1024)(day_to_iso)


class Row(msgspec.Struct, array_like=True, gc=False):
    """One row on its way: `end_ms` is its window_end; `line` its JSON object."""

    view: View
    level: str
    area: str
    group: str
    window: str
    end_ms: int
    line: bytes


class Stamp(msgspec.Struct, gc=False, frozen=True):
    """What every row of one flush carries: region, input position, and the region's clock as RFC 3339."""

    region: str
    revision: int
    updated_at: str


class RowWriter:
    """Writes rows of one region."""

    def __init__(self, zone: Zone, targets: Targets) -> None:
        self._zone = zone
        self._targets = targets

    def end_ms(self, key: RowKey) -> int:
        """`window_end` of a row."""
        if key.window in PANE_WINDOWS:
            return key.end * PANE_MS
        return self._zone.day_start_ms(key.end + 1)

    def _identity(self, stamp: Stamp, level: str, key: RowKey) -> tuple[Any, ...]:
        if key.window in PANE_WINDOWS:
            start_ms = (key.end - PANE_WINDOWS[key.window]) * PANE_MS
            day = self._zone.local_day(key.end * PANE_MS - 1)
        else:
            start_ms = self._zone.day_start_ms(key.end - DAY_WINDOWS[key.window] + 1)
            day = key.end
        return (
            stamp.region,
            level,
            key.area,
            key.window,
            _rfc3339(start_ms),
            _rfc3339(self.end_ms(key)),
            _day_to_iso(day),
        )

    def _row(self, view: View, level: str, key: RowKey, group: str, row: Any) -> Row:
        return Row(view, level, key.area, group, key.window, self.end_ms(key), _encode(row))

    def performance(self, stamp: Stamp, level: str, key: RowKey, part: KitchenPart) -> Row:
        """One row of `performance`."""
        target = None
        if key.window in DAY_WINDOWS:
            target = self._targets.portions(
                key.area, key.end - DAY_WINDOWS[key.window] + 1, key.end
            )
        row = _Performance(
            *self._identity(stamp, level, key),
            *part.sums,
            *percentiles(part.minutes),
            target,
            stamp.revision,
            stamp.updated_at,
        )
        return self._row("performance", level, key, "", row)

    def coverage(
        self, stamp: Stamp, level: str, key: RowKey, part: CoveragePart, groups: set[str]
    ) -> Iterator[Row]:
        """The rows of `coverage` of the given groups."""
        identity = self._identity(stamp, level, key)
        for group in groups:
            target, recipients = None, None
            if key.window in DAY_WINDOWS:
                first = key.end - DAY_WINDOWS[key.window] + 1
                target = self._targets.eaten(key.area, group, first, key.end)
                recipients = self._targets.recipients(key.area, group, first, key.end)
            row = _Coverage(
                *identity,
                group,
                part.eaten.get(group, 0),
                target,
                part.served.get(group, 0),
                recipients,
                stamp.revision,
                stamp.updated_at,
            )
            yield self._row("coverage", level, key, group, row)

    def clinic_coverage(self, stamp: Stamp, level: str, key: RowKey, part: ClinicPart) -> Row:
        """One row of `clinic_coverage`."""
        row = _ClinicCoverage(
            *self._identity(stamp, level, key),
            len(part.measured),
            self._targets.children(key.area, key.end) if key.window in DAY_WINDOWS else None,
            part.stunted,
            part.wasted,
            len(part.immunized),
            part.doses,
            len(part.mothers),
            len(part.anaemic),
            part.cases,
            stamp.revision,
            stamp.updated_at,
        )
        return self._row("clinic_coverage", level, key, "", row)


def percentiles(minutes: dict[int, int]) -> tuple[int | None, int | None, int | None]:
    """(p50, p95, max) of a histogram: the value at 0-based position floor(q * n) of the sorted values; None without values."""
    if not minutes:
        return (None, None, None)
    ordered = sorted(minutes.items())
    total = sum(minutes.values())
    return (_at(ordered, int(0.5 * total)), _at(ordered, int(0.95 * total)), ordered[-1][0])


def _at(ordered: list[tuple[int, int]], position: int) -> int:
    for value, count in ordered:
        position -= count
        if position < 0:
            return value
    raise ValueError("position is beyond the values")
