"""Reception: what recipients report of deliveries, meals, attendance, days without service, and illness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from contracts.events.event_types import (
    AttendanceReported,
    DeliveryChecked,
    IllnessNoticed,
    MealConfirmed,
    ServiceDeclined,
)
from streams.core.history.event_kinds import KIND_OF
from streams.core.history.facts import Fact
from streams.core.metrics.occurrences import Reports
from streams.core.metrics.pane_sum import count_into, counts_into

CHECKED: Final = KIND_OF[DeliveryChecked]
_MEAL: Final = KIND_OF[MealConfirmed]
_ATTENDANCE: Final = KIND_OF[AttendanceReported]
_DECLINED: Final = KIND_OF[ServiceDeclined]
_ILL: Final = KIND_OF[IllnessNoticed]

Checks = tuple[int, int, int, int]
"""(checks, portions confirmed, portions refused, checks that the senses did not pass)"""
NO_CHECKS: Final[Checks] = (0, 0, 0, 0)
Attendance = tuple[int, str, int, int]
"""(recorded ms, event id, present, absent ill): the greatest of a recipient and local day counts."""
DeclinedGroup = tuple[str, int, str]
"""(recipient, local day, group)"""


class ReceptionSum:
    """Numbers that add up, and how often each report of attendance, declined group and reporter occurs.

    A kitchen's has `checks` alone. In a difference a report may occur less than zero times: it is taken from what the
    difference is added to.
    """

    __slots__ = (
        "absent_ill",
        "attendance",
        "checks",
        "declined",
        "declined_registered",
        "eaten",
        "events",
        "ill",
        "leftover_g",
        "present",
        "reporters",
    )
    invertible: ClassVar = True

    def __init__(self, checks: Checks = NO_CHECKS) -> None:
        self.checks = checks
        self.eaten = self.leftover_g = self.ill = self.events = 0
        self.attendance: Reports[tuple[str, int], Attendance] = Reports()
        self.present = self.absent_ill = 0
        self.declined: dict[tuple[DeclinedGroup, int], int] = {}
        self.declined_registered = 0
        self.reporters: dict[str, int] = {}

    @property
    def reported(self) -> tuple[int, ...]:
        """The numbers that add up and only a recipient reports, for stage two."""
        return (self.eaten, self.leftover_g, self.ill, self.events)

    @reported.setter
    def reported(self, numbers: tuple[int, ...]) -> None:
        self.eaten, self.leftover_g, self.ill, self.events = numbers

    def attend(self, of: tuple[str, int], reports: Mapping[Attendance, int], sign: int) -> None:
        """Adds reports of a recipient and day, each with how often (`sign` 1), or takes them away (-1). The greatest gives the numbers."""
        before, after = self.attendance.change(of, reports, sign)
        for report, count in ((before, -1), (after, 1)):
            if report is not None:
                _, _, present, absent_ill = report
                self.present += count * present
                self.absent_ill += count * absent_ill

    def decline(self, group: DeclinedGroup, registered: int, count: int) -> None:
        """Adds `count` (may be negative) to how often a group was declined; once or more counts once."""
        key = (group, registered)
        before = self.declined.get(key, 0) > 0
        count_into(self.declined, key, count)
        self.declined_registered += registered * ((self.declined.get(key, 0) > 0) - before)

    def add(self, other: ReceptionSum, sign: int = 1) -> None:
        """See `PaneSum`."""
        self.add_checks(other.checks, sign)
        self.eaten += sign * other.eaten
        self.leftover_g += sign * other.leftover_g
        self.ill += sign * other.ill
        self.events += sign * other.events
        counts_into(self.reporters, other.reporters, sign)
        for of, reports in other.attendance.items():
            self.attend(of, reports, sign)
        for (group, registered), count in other.declined.items():
            self.decline(group, registered, sign * count)

    def add_checks(self, checks: Checks, sign: int) -> None:
        """Adds checks (`sign` 1) or takes them away (-1)."""
        self.checks = plus(self.checks, checks, sign)

    def add_fact(self, recipient: str, fact: Fact, sign: int) -> None:
        """Adds a recipient's fact (`sign` 1) or takes it away (-1)."""
        kind, payload = fact.kind, fact.payload
        self.events += sign
        count_into(self.reporters, recipient, sign)
        if kind == CHECKED:
            self.add_checks(payload[1], sign)
        elif kind == _MEAL:
            eaten, leftover_g = payload
            self.eaten += sign * eaten
            self.leftover_g += sign * leftover_g
        elif kind == _ATTENDANCE:
            day, present, absent_ill = payload
            self.attend((recipient, day), {(fact.recorded, fact.id, present, absent_ill): 1}, sign)
        elif kind == _DECLINED:
            day, groups = payload
            for group, registered in groups.items():
                self.decline((recipient, day, group), registered, sign)
        elif kind == _ILL:
            self.ill += sign * payload


def plus(checks: Checks, others: Checks, sign: int) -> Checks:
    """The sum (`sign` 1) or difference (-1) of two."""
    (a, b, c, d), (e, f, g, h) = checks, others
    return (a + sign * e, b + sign * f, c + sign * g, d + sign * h)


# --- what is stored of an event (`Fact.payload`) -------------------------------------------------------------------------

ServedHere = tuple[int, Mapping[str, int]]
"""(local day of the event, registered by group of the source on it)"""


def _check(event: DeliveryChecked, *_: Any) -> tuple[str, Checks]:
    data = event.data
    return (data.kitchen, (1, data.portions, data.refused, int(not data.senses_passed)))


def _meal(event: MealConfirmed, *_: Any) -> tuple[int, int]:
    return (sum(event.data.eaten.values()), event.data.leftover_g)


def _attendance(event: AttendanceReported, here: ServedHere, *_: Any) -> tuple[int, int, int]:
    return (here[0], sum(event.data.present.values()), event.data.absent_ill)


def _declined(event: ServiceDeclined, here: ServedHere, *_: Any) -> tuple[int, dict[str, int]]:
    day, registered = here
    named = event.data.groups or registered
    return (day, {group: n for group, n in registered.items() if group in named})


def _ill_people(event: IllnessNoticed, *_: Any) -> int:
    return event.data.ill


PAYLOADS: Final[dict[Any, Callable[..., Any]]] = {
    DeliveryChecked: _check,
    MealConfirmed: _meal,
    AttendanceReported: _attendance,
    ServiceDeclined: _declined,
    IllnessNoticed: _ill_people,
}
"""Event type -> what is stored of it; see `payloads.payload_of`."""
