"""Reports of people ill as meals of one local day see them: how many, who and when after a meal, by the ends of a stretch.

An outbreak is judged against hundreds of meals at each new case. So nothing here walks through the reports of a meal:
they are in order once for all meals of the day, and what is asked of a stretch is found from its two ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from contracts.time.days import Zone
from streams.core.alerts.cluster.evidence.findings import PatientSeen
from streams.core.alerts.cluster.evidence.ill_reports import IllReport, RunningPeople, began

_HOUR_MS: Final = 3_600_000
NewsKey = tuple[int, str, str]
"""(received, source, id) of an event."""


class MealReach(NamedTuple):
    """Onsets that a meal may be the cause of: ms after people ate, the first and the last."""

    first: float
    last: int


def most_ms(hours: float) -> int:
    """The longest span in ms that is no more than `hours`, as a lag in hours is compared."""
    most = int(hours * _HOUR_MS) + 1
    while most / _HOUR_MS > hours:
        most -= 1
    return most


class MealReports:
    """Reports that may be linked to a meal of one local day, by onset. `day` None: of any on which no patient says that
    the suspected meal was.
    """

    def __init__(self, reports: list[IllReport], day: int | None) -> None:
        self.day = day
        self.reports = reports
        self.began = [began(one) for one in self.reports]
        self.people = RunningPeople(self.reports)

    @cached_property
    def patients_began(self) -> list[int]:
        """Onsets of the patients seen one by one."""
        return [one.onset for one in self.reports if isinstance(one, PatientSeen)]

    @cached_property
    def any_day_began(self) -> list[int]:
        """Onsets of what may be linked to meals of other days too."""
        return [
            at
            for at, one in zip(self.began, self.reports, strict=True)
            if not isinstance(one, PatientSeen) or one.ate_at is None
        ]

    @cached_property
    def by_news(self) -> list[tuple[NewsKey, int]]:
        """Each report and its position, the latest received first."""
        found = [((one.received, one.source, one.id), at) for at, one in enumerate(self.reports)]
        found.sort(reverse=True)
        return found

    def after(self, ate: int, reach: MealReach) -> IllAfterMeal | None:
        """Those within reach of a meal; None if there is none."""
        first = bisect_left(self.began, ate + reach.first)
        end = bisect_right(self.began, ate + reach.last, first)
        return IllAfterMeal(self, ate, first, end) if first < end else None


class IllAfterMeal:
    """A stretch of reports, not empty, and the meal that they are linked to."""

    __slots__ = ("_end", "_first", "_of", "ate")

    def __init__(self, of: MealReports, ate: int, first: int, end: int) -> None:
        self._of = of
        self.ate = ate
        self._first, self._end = first, end

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def people(self) -> int:
        """The least number of people behind them."""
        return self._of.people.between(self._first, self._end)

    def people_until(self, span_ms: int) -> int:
        """Of those with onset up to so long after the meal."""
        end = bisect_right(self._of.began, self.ate + span_ms, self._first, self._end)
        return self._of.people.between(self._first, end)

    @property
    def first_onset(self) -> int:
        """Epoch ms."""
        return self._of.began[self._first]

    @property
    def last_onset(self) -> int:
        """Epoch ms."""
        return self._of.began[self._end - 1]

    def newest(self) -> Iterator[NewsKey]:
        """All, the latest received first."""
        first, end = self._first, self._end
        return (news for news, at in self._of.by_news if first <= at < end)

    def onsets(self, *, patients: bool) -> list[int]:
        """In order; `patients`: of those seen one by one alone."""
        onsets = self._of.patients_began if patients else self._of.began
        first, end = bisect_left(onsets, self.first_onset), bisect_right(onsets, self.last_onset)
        return onsets[first:end]

    def shared(self, other: IllAfterMeal) -> int:
        """How many of them the other has too; it is of the same reports, or of those of another day's meals."""
        same_day = self._of.day == other._of.day
        onsets = self._of.began if same_day else self._of.any_day_began
        first = max(self.first_onset, other.first_onset)
        last = min(self.last_onset, other.last_onset)
        return max(0, bisect_right(onsets, last) - bisect_left(onsets, first))


def median_lag_h(found: Sequence[IllAfterMeal]) -> float:
    """Hours from meal to onset in the middle. Of patients seen one by one; of tallies, which begin with the first, only
    where there is nothing else.
    """
    onsets = [(one.onsets(patients=True), one.ate) for one in found]
    if not any(of for of, _ in onsets):
        onsets = [(one.onsets(patients=False), one.ate) for one in found]
    if len(onsets) == 1:
        # The patients of one hospital may be thousands, and each meal of the region is near them.
        lags, ate = onsets[0]
    else:
        lags, ate = sorted(onset - ate for of, ate in onsets for onset in of), 0
    middle = len(lags) // 2
    return ((lags[-middle - 1] - ate) / _HOUR_MS + (lags[middle] - ate) / _HOUR_MS) / 2


def day_eaten(report: IllReport, zone: Zone) -> int | None:
    """The local day of the meal that a patient suspects, if that was asked."""
    if isinstance(report, PatientSeen) and report.ate_at is not None:
        return zone.local_day(report.ate_at)
    return None
