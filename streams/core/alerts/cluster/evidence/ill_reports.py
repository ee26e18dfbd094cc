"""Reports of people ill, and how many people are behind them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

from streams.core.alerts.cluster.evidence.findings import PatientsCounted, PatientSeen, PupilsIll

IllReport = PatientSeen | PatientsCounted | PupilsIll
_Teller = tuple[type[IllReport], str]
"""Kind of report, and who sent it."""


def began(report: IllReport) -> int:
    """When those people fell ill, epoch ms."""
    return report.onset if isinstance(report, PatientSeen) else report.since


class RunningPeople:
    """The least number of people behind any stretch of a list of reports.

    What one clinic reports one by one it may also have counted, and what the recipient noticed may be the same people:
    so of a clinic's two numbers and of the clinics' and the recipient's sums the greater counts.
    Totals run along the list: a stretch of thousands of reports takes as few steps as one of ten.
    """

    def __init__(self, reports: Sequence[IllReport]) -> None:
        positions: dict[_Teller, list[int]] = defaultdict(list)
        for at, one in enumerate(reports):
            positions[type(one), one.source].append(at)
        self._totals = {
            teller: _RunningTotal(at, [_people(reports[number]) for number in at])
            for teller, at in positions.items()
        }

    def between(self, first: int, end: int) -> int:
        """People of the reports at positions from `first` on, before `end`."""
        noticed = 0
        at_clinics: dict[str, int] = {}
        for (kind, source), total in self._totals.items():
            people = total.between(first, end)
            if kind is PupilsIll:
                noticed += people
            else:
                at_clinics[source] = max(people, at_clinics.get(source, 0))
        return max(sum(at_clinics.values()), noticed)


class _RunningTotal:
    __slots__ = ("_at", "_totals")

    def __init__(self, at: list[int], people: list[int]) -> None:
        self._at = at
        self._totals = [0, *accumulate(people)]

    def between(self, first: int, end: int) -> int:
        return self._totals[bisect_left(self._at, end)] - self._totals[bisect_left(self._at, first)]


def _people(report: IllReport) -> int:
    return 1 if isinstance(report, PatientSeen) else report.people
