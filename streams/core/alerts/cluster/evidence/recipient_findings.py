"""What is known of one recipient (or of one kecamatan's patients without a recipient): people ill, roll calls, meals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from contracts.time.days import Zone
from streams.core.alerts.cluster.evidence.findings import (
    EventKey,
    Finding,
    PatientSeen,
    RollCall,
)
from streams.core.alerts.cluster.evidence.ill_reports import IllReport, RunningPeople, began
from streams.core.alerts.cluster.evidence.meal_reports import MealReports, day_eaten


class RecipientFindings:
    """Findings of one chunk, and what follows from them, worked out when asked."""

    __slots__ = (
        "_calls",
        "_days",
        "_days_eaten",
        "_eaten",
        "_meals",
        "_reports",
        "findings",
        "repeated",
    )

    def __init__(self) -> None:
        self.findings: dict[EventKey, Finding] = {}
        self.repeated: set[EventKey] = set()
        self._reports: list[IllReport] | None = None
        self._calls: dict[int, RollCall] | None = None
        self._days: dict[int, int] | None = None
        self._eaten: list[int | None] | None = None
        self._days_eaten: set[int | None] = set()
        self._meals: dict[int | None, MealReports] = {}

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
        self._reports = self._calls = self._days = self._eaten = None
        self._meals = {}

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

    def meal_reports(self, day: int, zone: Zone) -> MealReports:
        """Of those that count, what may be linked to a meal of a local day: all but patients who say that they ate on another."""
        if self._eaten is None:
            self._eaten = [day_eaten(one, zone) for one in self.reports()]
            self._days_eaten = set(self._eaten)
        named = day if day in self._days_eaten else None
        known = self._meals.get(named)
        if known is None:
            reports = zip(self.reports(), self._eaten, strict=True)
            linked = [one for one, eaten in reports if eaten is None or eaten == named]
            known = self._meals[named] = MealReports(linked, named)
        return known

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
            self._days = {
                day: RunningPeople(reports).between(0, len(reports))
                for day, reports in days.items()
            }
        return self._days
