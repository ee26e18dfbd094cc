"""Clinic coverage: children measured and immunized, mothers seen, doses, foodborne cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from contracts.events.event_types import (
    AntenatalVisited,
    CaseReported,
    CasesCounted,
    GrowthMeasured,
    ImmunizationGiven,
)
from streams.core.history.event_kinds import KIND_OF
from streams.core.history.facts import Fact
from streams.core.metrics import growth_standards
from streams.core.metrics.growth_standards import STUNTED, WASTED
from streams.core.metrics.occurrences import Reports
from streams.core.metrics.pane_sum import count_into, counts_into

_GROWTH: Final = KIND_OF[GrowthMeasured]
_IMMUNIZED: Final = KIND_OF[ImmunizationGiven]
_ANTENATAL: Final = KIND_OF[AntenatalVisited]
_CASE: Final = KIND_OF[CaseReported]
_COUNTED: Final = KIND_OF[CasesCounted]

_ANAEMIC_BELOW_G_DL: Final = 11.0
_FOODBORNE: Final = "foodborne"

Measurement = tuple[int, str, str, int]
"""(time ms, source, event id, flags): orders a child's measurements; `flags` is a sum of `STUNTED` and `WASTED`."""


class ClinicSum:
    """How often each child, mother and measurement occurs; doses, cases and counted cases.

    In a difference a measurement may occur less than zero times: it is taken from what the difference is added to.
    """

    __slots__ = (
        "anaemic",
        "cases",
        "counted",
        "doses",
        "immunized",
        "measured",
        "mothers",
        "stunted",
        "wasted",
    )
    invertible: ClassVar = True

    def __init__(self) -> None:
        self.measured: Reports[str, Measurement] = Reports()
        self.immunized: dict[str, int] = {}
        self.mothers: dict[str, int] = {}
        self.anaemic: dict[str, int] = {}
        self.doses = 0
        self.cases = 0
        self.counted = 0
        self.stunted = 0
        self.wasted = 0

    def measure(self, child: str, measurements: Mapping[Measurement, int], sign: int) -> None:
        """Adds measurements, each with how often (`sign` 1), or takes them away (-1). A child's last one decides whether it is stunted
        or wasted.
        """
        before, after = self.measured.change(child, measurements, sign)
        for measurement, count in ((before, -1), (after, 1)):
            if measurement is not None:
                flags = measurement[3]
                self.stunted += count * (flags & STUNTED)
                self.wasted += count * ((flags & WASTED) >> 1)

    def add(self, other: ClinicSum, sign: int = 1) -> None:
        """See `PaneSum`."""
        for child, history in other.measured.items():
            self.measure(child, history, sign)
        counts_into(self.immunized, other.immunized, sign)
        counts_into(self.mothers, other.mothers, sign)
        counts_into(self.anaemic, other.anaemic, sign)
        self.doses += sign * other.doses
        self.cases += sign * other.cases
        self.counted += sign * other.counted

    def add_fact(self, fact: Fact, source: str, sign: int) -> None:
        """Adds a clinic's fact (`sign` 1) or takes it away (-1). `source`: the clinic's, as in its events."""
        kind, payload = fact.kind, fact.payload
        if kind == _GROWTH:
            child, flags = payload
            self.measure(child, {(fact.time, source, fact.id, flags): 1}, sign)
        elif kind == _IMMUNIZED:
            count_into(self.immunized, payload, sign)
            self.doses += sign
        elif kind == _ANTENATAL:
            mother, anaemic = payload
            count_into(self.mothers, mother, sign)
            if anaemic:
                count_into(self.anaemic, mother, sign)
        elif kind == _CASE:
            self.cases += sign * payload
        elif kind == _COUNTED:
            self.counted += sign * payload


# --- what is stored of an event (`Fact.payload`) -------------------------------------------------------------------------


def _growth(event: GrowthMeasured, *_: Any) -> tuple[str, int]:
    data = event.data
    flags = growth_standards.flags(
        data.sex, data.age_days, data.weight_kg, data.height_cm, data.posture
    )
    return (data.child, flags)


def _dose(event: ImmunizationGiven, *_: Any) -> str:
    return event.data.child


def _visit(event: AntenatalVisited, *_: Any) -> tuple[str, bool]:
    hb_g_dl = event.data.hb_g_dl
    return (event.data.mother, isinstance(hb_g_dl, float) and hb_g_dl < _ANAEMIC_BELOW_G_DL)


def _case(event: CaseReported, *_: Any) -> bool:
    return event.data.syndrome == _FOODBORNE


def _tally(event: CasesCounted, *_: Any) -> int:
    return event.data.cases if event.data.syndrome == _FOODBORNE else 0


PAYLOADS: Final[dict[Any, Callable[..., Any]]] = {
    GrowthMeasured: _growth,
    ImmunizationGiven: _dose,
    AntenatalVisited: _visit,
    CaseReported: _case,
    CasesCounted: _tally,
}
"""See `payloads.PAYLOAD_OF`."""
