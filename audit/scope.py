"""What one audit reads: region, local days, and the cut through the streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from contracts.registry.region_rows import Thresholds
from contracts.results.topics import CLINIC_EVENTS, RECIPIENT_EVENTS, SPPG_EVENTS

LONGEST: Final = 30
"""Days that the longest window covers: restated, as in the files of `sql/windows`."""


def end_parameters(lines: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Parameters of SQL: of each topic the ends of `Cut.lines`; empty: no line of it is compared."""
    return {
        "sppg_ends": list(lines.get(SPPG_EVENTS, ())),
        "clinic_ends": list(lines.get(CLINIC_EVENTS, ())),
        "recipient_ends": list(lines.get(RECIPIENT_EVENTS, ())),
    }


@dataclass(frozen=True, slots=True)
class Cut:
    """The moment of comparison; see `cut.take`. Times are epoch ms of the region's clock.

    `lines`: topic -> first offset of each partition that is not read; `area`: position of stage two
    before the cut: rows of areas that changed later are moving; `early`, `late`: rows due by `early` must
    exist, rows due by `late` may; `complete`: all that was received before lies below the cut and is in alerts.
    """

    lines: dict[str, tuple[int, ...]]
    area: int
    early: int
    late: int
    complete: int


@dataclass(frozen=True, slots=True)
class DayRange:
    """Local days `first` .. `last`, both inclusive."""

    first: date
    last: date

    @property
    def covered(self) -> DayRange:
        """All days that a window ending on these days covers."""
        return DayRange(self.first - timedelta(days=LONGEST - 1), self.last)

    @property
    def near(self) -> date:
        """The first day that a window of panes ending on these days covers."""
        return self.first - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """`days` are audited; `silent_from`: rows exist in silence from this day on."""

    region: str
    zone: str
    days: DayRange
    silent_from: date
    cut: Cut
    limits: Thresholds

    def parameters(self, days: DayRange) -> dict[str, Any]:
        """Parameters of the files of `audit/sql`, asked about `days`."""
        return {
            "region": self.region,
            "zone": self.zone,
            "first": days.first,
            "last": days.last,
            "silent_from": self.silent_from,
            "early": self.cut.early,
            "late": self.cut.late,
        }
