"""What one audit looks at: region, local days, and the cut through the streams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from contracts.registry.region_rows import Thresholds
from contracts.time.windows import DAY_WINDOWS
from storage.schema import STORE, text

LONGEST: Final = max(DAY_WINDOWS.values())
BEARING_DAYS: Final = 30
"""Events further apart do not bear on each other (section 2 of the public contract)."""
PANE_MS: Final = 300_000

_MARGIN: Final = 2 * BEARING_DAYS + 2
"""Days beside the counted ones in which copies and targets of corrections are looked for."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The moment of comparison; see `cut.take`. Times are epoch ms of the region's clock.

    `lines`: topic -> first offset of each partition that is not looked at; `area`: position of stage two
    before the cut: rows of areas that changed later are moving; `early`, `late`: rows due by `early` must
    exist, rows due by `late` may.
    """

    lines: dict[str, tuple[int, ...]]
    area: int
    early: int
    late: int


@dataclass(frozen=True, slots=True)
class Scope:
    """`first`, `last`: local days audited, inclusive; `silent_from`: rows exist in silence from this day on."""

    region: str
    zone: str
    first: date
    last: date
    silent_from: date
    cut: Cut
    limits: Thresholds

    @property
    def counted_from(self) -> date:
        """The first day that any audited window covers."""
        return self.first - timedelta(days=LONGEST - 1)

    @property
    def region_sql(self) -> str:
        """Region code as a literal."""
        return text(self.region)

    @property
    def zone_sql(self) -> str:
        """Time zone as a literal."""
        return text(self.zone)

    def below_cut(self) -> str:
        """Condition on a line: it lies before the cut."""
        return (
            "("
            + " OR ".join(
                f"(topic = {text(topic)} AND offset < {list(ends)}[partition + 1])"
                for topic, ends in self.cut.lines.items()
            )
            + ")"
        )

    def raw(self, first: date, last: date, prewhere: str = "") -> str:
        """FROM and WHERE of the region's parsed lines whose local day may lie in `first` .. `last`.

        `prewhere`: a condition that few lines meet.
        """
        low, high = first - timedelta(days=1), last + timedelta(days=1)
        return (
            f"FROM {STORE}.raw_lines {f'PREWHERE {prewhere} ' if prewhere else ''}"
            f"WHERE region = {self.region_sql} AND parsed = 1 "
            f"AND toDate(time) BETWEEN {day_sql(low)} AND {day_sql(high)} AND {self.below_cut()}"
        )

    def reach(self) -> tuple[date, date]:
        """Days in which copies and targets of what counts in the audited windows may lie."""
        margin = timedelta(days=_MARGIN)
        return self.counted_from - margin, self.last + margin


def day_sql(day: date) -> str:
    """A day as a literal."""
    return f"toDate('{day.isoformat()}')"
