"""Reports of days without an outbreak, and of one outbreak on top: what clinics and schools send, with truth."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from math import cos, exp, log, pi
from random import Random
from typing import Final, NamedTuple

from bench.detection.world.regency import HOSPITAL, Regency, place_code
from bench.detection.world.variants import OutbreakShape, Reporting, Variant
from contracts.time.days import weekday
from streams.core.alerts.cluster.evidence.findings import Finding, PatientSeen, PupilsIll, RollCall

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
FIRST_DAY: Final = 20_800
_OPENS_MIN: Final = 450
_CLOSES_MIN: Final = 15 * 60
_NO_SCHOOL: Final = -1


class SimulatedReport(NamedTuple):
    """One report as it comes in. `arrived`: of a patient, at `clinic`; None for what a school sends."""

    received: int
    finding: Finding
    clinic: str = ""
    arrived: int | None = None


class SimulatedOutbreak(NamedTuple):
    """An outbreak and its reports. `first_onset`: of all ill, also those whom nobody reports."""

    kitchen: int
    shape: OutbreakShape
    reporting: Reporting
    first_onset: int
    ill: int
    reports: list[SimulatedReport]


class District:
    """Makes reports of one regency under one way of reporting."""

    def __init__(
        self, regency: Regency, variant: Variant, reporting: Reporting, dice: Random
    ) -> None:
        self._regency = regency
        self._variant = variant
        self._reporting = reporting
        self._dice = dice
        self._number = 0
        self._weights = list(accumulate(one.pupils for one in regency.schools))
        self._reports_itself = [dice.random() < reporting.schools for _ in regency.schools]
        self._absence = [variant.absent_ill * exp(dice.gauss(0, 0.3)) for _ in regency.schools]
        self._wave_day = dice.randrange(70)
        self._flu_day = dice.randrange(70)
        self._sick: dict[int, dict[int, float]] = {}
        """day -> school -> more absent than usual, in pupils."""

    def day(self, day: int) -> list[SimulatedReport]:
        """Everything about an ordinary local day, by `received`; reports may come days later."""
        fed = self._variant.rate * self._regency.fed * self._diarrhoea(day)
        found: list[SimulatedReport] = []
        for _ in range(self._poisson(fed)):
            self._patient(day, self._any_school(), found)
        for _ in range(self._poisson(fed * self._variant.unfed)):
            self._patient(day, _NO_SCHOOL, found)
        self._school_outbreaks(day, found)
        if weekday(day) != 7:
            found += self._roll_calls(day, self._sick.pop(day, {}))
            found += self._noticed(day)
        return sorted(found, key=_when)

    def outbreak(
        self, day: int, kitchen: int, shape: OutbreakShape, share: float = 0.7
    ) -> SimulatedOutbreak:
        """A batch of a kitchen on a local day makes people ill; on top of what the days bring anyway.

        `share`: of its recipients that got the batch.
        """
        dice = self._dice
        got = [one for one in self._regency.of_kitchen[kitchen] if dice.random() < share]
        schools = got or [self._regency.of_kitchen[kitchen][0]]
        meal = self._moment(day, self._regency.schools[schools[0]].meal_min)
        found: list[SimulatedReport] = []
        onsets: dict[int, list[int]] = {}
        for school in schools:
            for _ in range(self._binomial(self._regency.schools[school].pupils, shape.attack_rate)):
                lag_h = min(
                    71.0, max(0.6, shape.agent.lag_h * exp(dice.gauss(0, self._variant.lag_spread)))
                )
                onset = meal + round(lag_h * HOUR_MS)
                onsets.setdefault(school, []).append(onset)
                if dice.random() < shape.care:
                    found.append(self._visit(onset, school, dice.expovariate(1 / 3)))
        for school, ill in onsets.items():
            found += self._school_reports(school, day, ill)
        everybody = [onset for ill in onsets.values() for onset in ill]
        return SimulatedOutbreak(
            kitchen,
            shape,
            self._reporting,
            min(everybody, default=meal),
            len(everybody),
            sorted(found, key=_when),
        )

    def _school_reports(self, school: int, day: int, onsets: list[int]) -> list[SimulatedReport]:
        """Ill pupils in class, and the roll calls of the next mornings with those who stayed at home."""
        if not self._reports_itself[school]:
            return []
        one = self._regency.schools[school]
        found = []
        leaves = self._moment(day, 13 * 60)
        noticed = [onset for onset in onsets if onset < leaves]
        if len(noticed) > 1:
            at = min(leaves, sorted(noticed)[1] + HOUR_MS)
            known = sum(1 for onset in noticed if onset <= at)
            ill = PupilsIll(one.name, self._id(), known, min(noticed), at)
            found.append(SimulatedReport(at, ill))
        for later in (day + 1, day + 2):
            if weekday(later) == 7:
                continue
            at = self._moment(later, _OPENS_MIN)
            home = sum(
                1 for onset in onsets if at - DAY_MS < onset <= at and self._dice.random() < 0.8
            )
            if home:
                usual = self._poisson(self._absence[school] * one.pupils)
                found.append(self._roll_call(school, later, usual + home, _OPENS_MIN + 60))
        return found

    def _patient(self, day: int, school: int, found: list[SimulatedReport]) -> None:
        onset = self._moment(day, 0) + round(self._dice.random() * DAY_MS)
        found.append(self._visit(onset, school, self._dice.expovariate(1 / 8)))
        if self._dice.random() < self._variant.households:
            other = self._any_school() if self._dice.random() < 0.5 else _NO_SCHOOL
            found.append(self._visit(onset + 2 * HOUR_MS, other, self._dice.expovariate(1 / 8)))

    def _visit(self, onset: int, school: int, hours: float) -> SimulatedReport:
        """A patient goes to a clinic, and the clinic reports."""
        dice, regency = self._dice, self._regency
        anywhere = dice.randrange(len(regency.near))
        home = anywhere if school == _NO_SCHOOL else regency.schools[school].place
        place: int | None = home
        if dice.random() < self._variant.elsewhere:
            place = regency.near[home][1] if dice.random() < 0.5 else None
        arrived = onset + round(hours * HOUR_MS)
        if place is not None:
            arrived = self._when_open(arrived)
        delay_h = dice.expovariate(1 / self._reporting.delay_h) if self._reporting.delay_h else 0.0
        received = arrived + round(delay_h * HOUR_MS) + dice.randrange(15 * 60_000)
        named = school != _NO_SCHOOL and dice.random() >= self._reporting.nameless
        clinic = HOSPITAL if place is None else f"PKM-{place:02d}"
        event = self._id()
        finding = PatientSeen(
            clinic,
            event,
            event,
            regency.schools[school].name if named else "",
            "" if place is None else place_code(place),
            onset,
            received,
        )
        return SimulatedReport(received, finding, clinic, arrived)

    def _when_open(self, moment: int) -> int:
        """Puskesmas open in the morning of six days; who comes later comes in the next."""
        zone = self._regency.population.zone
        day, minute = zone.local_day(moment), zone.minute_of_day(moment)
        if weekday(day) != 7 and _OPENS_MIN <= minute < _CLOSES_MIN:
            return moment
        if minute >= _OPENS_MIN:
            day += 1
        while weekday(day) == 7:
            day += 1
        return self._moment(day, _OPENS_MIN) + self._dice.randrange(3 * HOUR_MS)

    def _roll_calls(self, day: int, sick: dict[int, float]) -> list[SimulatedReport]:
        factor = 1 + self._variant.influenza_wave * self._hump(day, self._flu_day, 21)
        spread = self._variant.absent_day_spread
        found = []
        for school, one in enumerate(self._regency.schools):
            if self._reports_itself[school]:
                mean = (
                    self._absence[school] * one.pupils * factor * exp(self._dice.gauss(0, spread))
                )
                absent = self._poisson(mean + sick.get(school, 0.0))
                minute = _OPENS_MIN + self._dice.randrange(60)
                found.append(self._roll_call(school, day, absent, minute))
        return found

    def _roll_call(self, school: int, day: int, absent: int, minute: int) -> SimulatedReport:
        one = self._regency.schools[school]
        at = self._moment(day, minute)
        absent = min(absent, one.pupils)
        call = RollCall(one.name, self._id(), day, at, at, at, one.pupils - absent, absent)
        return SimulatedReport(at, call)

    def _noticed(self, day: int) -> list[SimulatedReport]:
        found = []
        for school, one in enumerate(self._regency.schools):
            chance = self._variant.noticed_a_school_day
            if self._reports_itself[school] and self._dice.random() < chance:
                at = self._moment(day, 540 + self._dice.randrange(240))
                people = self._dice.randint(1, 2)
                found.append(
                    SimulatedReport(at, PupilsIll(one.name, self._id(), people, at - HOUR_MS, at))
                )
        return found

    def _school_outbreaks(self, day: int, found: list[SimulatedReport]) -> None:
        """Stomach flu or influenza in one school, over four days."""
        variant, dice = self._variant, self._dice
        if dice.random() < variant.school_gastro_a_year / 365:
            school = self._any_school()
            for later in range(4):
                for _ in range(self._poisson(3)):
                    onset = self._moment(day + later, 0) + round(dice.random() * DAY_MS)
                    if dice.random() < 0.2:
                        found.append(self._visit(onset, school, dice.expovariate(1 / 8)))
                    self._miss(day + later + 1, school, 1)
        if dice.random() < variant.school_influenza_a_year / 365:
            school = self._any_school()
            for later in range(4):
                self._miss(day + later, school, 0.06 * self._regency.schools[school].pupils)

    def _miss(self, day: int, school: int, pupils: float) -> None:
        missing = self._sick.setdefault(day, {})
        missing[school] = missing.get(school, 0.0) + pupils

    def _diarrhoea(self, day: int) -> float:
        monday = 1.2 if weekday(day) == 1 else 1.0
        return monday * (1 + self._variant.diarrhoea_wave * self._hump(day, self._wave_day, 70))

    @staticmethod
    def _hump(day: int, first: int, length: int) -> float:
        """0 to 1 and back within `length` days, once."""
        since = day - FIRST_DAY - first
        return (1 - cos(2 * pi * since / length)) / 2 if 0 < since < length else 0.0

    def _any_school(self) -> int:
        return bisect(self._weights, self._dice.random() * self._weights[-1])

    def _moment(self, day: int, minute: int) -> int:
        return self._regency.population.zone.day_start_ms(day) + minute * 60_000

    def _id(self) -> str:
        self._number += 1
        return f"{self._number:032x}"

    def _poisson(self, mean: float) -> int:
        if mean > 60:
            return max(0, round(self._dice.gauss(mean, mean**0.5)))
        limit, product, count = exp(-mean), self._dice.random(), 0
        while product > limit:
            product *= self._dice.random()
            count += 1
        return count

    def _binomial(self, trials: int, chance: float) -> int:
        """By the gaps between successes."""
        count = at = 0
        while True:
            at += int(log(1 - self._dice.random()) / log(1 - chance)) + 1
            if at > trials:
                return count
            count += 1


def _when(report: SimulatedReport) -> int:
    return report.received
