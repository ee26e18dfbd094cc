"""What is known of one recipient (or of one kecamatan's patients without a recipient): people ill, roll calls, meals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from streams.core.alerts.cluster.evidence.findings import (
    EventKey,
    Finding,
    PatientsCounted,
    PatientSeen,
    PupilsIll,
    RollCall,
)

IllReport = PatientSeen | PatientsCounted | PupilsIll


def began(report: IllReport) -> int:
    """When those people fell ill, epoch ms."""
    return report.onset if isinstance(report, PatientSeen) else report.since


class RecipientFindings:
    """Findings of one chunk, and what follows from them, worked out when asked."""

    __slots__ = ("_calls", "_days", "_reports", "findings", "repeated")

    def __init__(self) -> None:
        self.findings: dict[EventKey, Finding] = {}
        self.repeated: set[EventKey] = set()
        self._reports: list[IllReport] | None = None
        self._calls: dict[int, RollCall] | None = None
        self._days: dict[int, int] | None = None

    def put(self, finding: Finding) -> None:
        """Adds a finding."""
        self.findings[finding.source, finding.id] = finding
        self._forget_derived()

    def remove(self, event: EventKey) -> Finding:
        """Removes a finding that is there."""
        self.repeated.discard(event)
        self._forget_derived()
        return self.findings.pop(event)

    def mark(self, report: PatientSeen, repeated: bool) -> bool:
        """Takes whether another report of the same illness counts instead; True if that is new."""
        event = report.source, report.id
        if repeated == (event in self.repeated):
            return False
        (self.repeated.add if repeated else self.repeated.discard)(event)
        self._forget_derived()
        return True

    def _forget_derived(self) -> None:
        self._reports = self._calls = self._days = None

    def reports(self) -> list[IllReport]:
        """Reports of people ill that count, by (began, source, id)."""
        if self._reports is None:
            self._reports = sorted(
                (
                    one
                    for event, one in self.findings.items()
                    if isinstance(one, IllReport) and event not in self.repeated
                ),
                key=lambda one: (began(one), one.source, one.id),
            )
        return self._reports

    def roll_calls(self) -> dict[int, RollCall]:
        """Local day -> the attendance report that counts of it, in order of days."""
        if self._calls is None:
            days: dict[int, RollCall] = {}
            for one in self.findings.values():
                if isinstance(one, RollCall):
                    known = days.get(one.day)
                    if known is None or (one.recorded, one.id) > (known.recorded, known.id):
                        days[one.day] = one
            self._calls = {day: days[day] for day in sorted(days)}
        return self._calls

    def people_by_day(self, local_day: Callable[[int], int]) -> dict[int, int]:
        """Local day -> people who fell ill on it."""
        if self._days is None:
            days: dict[int, list[IllReport]] = defaultdict(list)
            for one in self.reports():
                days[local_day(began(one))].append(one)
            self._days = {day: people_of(reports) for day, reports in days.items()}
        return self._days


def people_of(reports: list[IllReport]) -> int:
    """The least number of people behind the reports.

    What one clinic reports one by one it may also have counted, and what the recipient noticed may be the same people:
    so of a clinic's two numbers and of the clinics' and the recipient's sums the greater counts.
    """
    seen: dict[str, int] = defaultdict(int)
    counted: dict[str, int] = defaultdict(int)
    noticed = 0
    for one in reports:
        if isinstance(one, PatientSeen):
            seen[one.source] += 1
        elif isinstance(one, PatientsCounted):
            counted[one.source] += one.people
        else:
            noticed += one.people
    at_clinics = sum(max(seen[clinic], counted[clinic]) for clinic in {*seen, *counted})
    return max(at_clinics, noticed)
