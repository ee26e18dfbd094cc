"""A clinic's day: children measured on its posyandu days, doses, mothers, and the ill who come every day."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Final

from contracts.registry.entities import Recipient, Unit, day_to_iso, iso_to_day
from producers.simulator.events.event_lines import ROUTINE, DeviceEvent, Pen
from producers.simulator.plan.children import child_at
from producers.simulator.world import MINUTE_MS, World

_VERSION: Final = "1.8.0"
_A_DAY: Final = 115
"""Children that a puskesmas can measure on one posyandu day."""
_COME: Final = 0.975
_VACCINATED: Final = 0.93

_MOTHERS_A_CHILD: Final = 0.13
_VISIT_DAYS: Final = (70, 112, 168, 210, 240, 262)
"""Day of the pregnancy of each of the six visits."""
_PREGNANCY_DAYS: Final = 280
_HB: Final = (11.9, 1.05)

_ILL_A_CHILD: Final = 45 / 68_873
"""Of all ages, a day, for each registered child: the kabupaten has some 45."""
_SYNDROMES: Final = (("diarrhoea", 0.55), ("other", 0.86), ("foodborne", 1.0))
_COUNTS: Final = 0.04
"""Chance that a clinic sends a tally too. A hospital outside the region always does."""
_PUPIL: Final = 0.4
"""Share of the ill who are fed by a kitchen, with the school known."""
_SYMPTOMS: Final = {
    "diarrhoea": ("diare", "muntah", "demam", "nyeri perut"),
    "foodborne": ("muntah", "mual", "diare", "pusing", "nyeri perut"),
    "other": ("demam", "batuk", "gatal", "nyeri kepala"),
}
AGES: Final = {
    "paud": (4, 6), "sd": (7, 12), "smp": (13, 15), "sma": (16, 18), "santri": (13, 18), "guru": (24, 58),
    "bumil": (19, 39), "busui": (19, 40), "balita": (1, 4),
}  # fmt: skip


def clinic_says(world: World, unit: Unit, day: int) -> list[DeviceEvent]:
    """Everything that the clinic's device makes of a local day, by the time it has it; nothing on a day off."""
    pen = Pen(world, "clinic", unit.unit_id, day)
    if world.clinic_works(day):
        pen.heartbeats(list(world.beats(unit, day, world.rates.heartbeat_s)), _VERSION)
        _Desk(pen, unit, day).work()
    pen.events.sort(key=lambda event: event.made_ms)
    return pen.events


class _Desk:
    """One clinic on one day."""

    def __init__(self, pen: Pen, unit: Unit, day: int) -> None:
        self._pen = pen
        self._world = pen.world
        self._unit = unit
        self._day = day
        self._dice = pen.world.dice(unit.unit_id, day, "clinic")
        opens, closes = pen.world.hours(unit, day)[0]
        self._opens_ms, self._closes_ms = opens + 10 * MINUTE_MS, closes - 20 * MINUTE_MS

    def work(self) -> None:
        """All of the day."""
        for place in posyandu_places(self._world, self._unit, self._day):
            if self._dice.random() < _COME:
                self._child(place)
        self._mothers()
        expected = self._unit.registered_children * _ILL_A_CHILD
        for number in range(_poisson(self._dice, expected)):
            self._ill(number)
        if self._unit.kecamatan == "" or self._dice.random() < _COUNTS:
            self._count()

    def _count(self) -> None:
        """A tally in the middle of the day, and a newer one of the same people before the end."""
        type_, since = "clinic.cases.counted", self._world.text(self._opens_ms)
        cases = self._dice.randint(1, 3)
        data = {"syndrome": "diarrhoea", "cases": cases, "inpatients": 0, "since": since}
        noon = (self._opens_ms + self._closes_ms) // 2
        id_ = self._pen.write("count", type_, noon, data, ROUTINE)
        newer = {**data, "cases": cases + self._dice.randint(0, 2)}
        self._pen.correct(id_, type_, self._closes_ms, newer, self._closes_ms, ROUTINE)

    def _moment(self) -> int:
        return self._dice.randint(self._opens_ms, self._closes_ms)

    def _child(self, place: int) -> None:
        unit_id, dice = self._unit.unit_id, self._dice
        child = child_at(self._world.dice(unit_id, "place", place), self._day)
        name = self._world.person("child", unit_id, place, child.generation)
        at = self._moment()
        self._pen.write(
            f"growth-{place}",
            "clinic.growth.measured",
            at,
            {"child": name, **child.measured(dice)},
            ROUTINE,
        )
        for antigen, dose in child.due():
            if dice.random() < _VACCINATED:
                what = {"child": name, "antigen": antigen, "dose": dose}
                at_dose = at + dice.randint(120, 900) * 1000
                self._pen.write(
                    f"dose-{place}-{antigen}", "clinic.immunization.given", at_dose, what, ROUTINE
                )

    def _mothers(self) -> None:
        unit_id = self._unit.unit_id
        since = self._day - 1
        while not self._world.clinic_works(since):
            since -= 1
        # Pregnancies follow each other in each place of the register, spread evenly.
        places = round(self._unit.registered_children * _MOTHERS_A_CHILD)
        for visit, of_day in enumerate(_VISIT_DAYS, 1):
            for day in range(since + 1, self._day + 1):
                phase = (day - of_day) % _PREGNANCY_DAYS
                for place in range(phase, places, _PREGNANCY_DAYS):
                    pregnancy = (day - of_day) // _PREGNANCY_DAYS
                    self._mother(
                        self._world.person("mother", unit_id, place, pregnancy), place, visit
                    )

    def _mother(self, name: str, place: int, visit: int) -> None:
        data: dict[str, object] = {"mother": name, "visit": visit}
        if self._dice.random() < 0.8:
            data["hb_g_dl"] = round(min(16.0, max(6.0, self._dice.gauss(*_HB))), 1)
        what = f"mother-{place}-{visit}"
        self._pen.write(what, "clinic.antenatal.visited", self._moment(), data, ROUTINE)

    def _ill(self, number: int) -> None:
        dice = self._dice
        at = self._moment()
        chance = dice.random()
        syndrome = next(name for name, below in _SYNDROMES if chance < below)
        onset = at - int(min(72.0, 3 + dice.expovariate(1 / 14)) * 60) * MINUTE_MS
        near = self._fed_nearby() if dice.random() < _PUPIL else []
        one = dice.choice(near) if near else None
        groups = sorted(one.registered) if one else []
        low, high = AGES[dice.choice(groups)] if groups else (1, 80)
        symptoms = _SYMPTOMS[syndrome]
        data: dict[str, object] = {
            "patient": self._world.person("patient", self._unit.unit_id, self._day, number),
            "age_years": dice.randint(low, high),
            "sex": dice.choice("mf"),
            "syndrome": syndrome,
            "symptoms": sorted(dice.sample(symptoms, dice.randint(1, 3))),
            "onset": self._world.text(onset),
            "outcome": "inpatient" if dice.random() < 0.05 else "outpatient",
        }
        subject = one.recipient_id if one else None
        self._pen.write(f"case-{number}", "clinic.case.reported", at, data, ROUTINE, subject)

    def _fed_nearby(self) -> list[Recipient]:
        """Recipients of the clinic's kecamatan, by id."""
        view = self._world.view(self._day)
        return [
            view.recipients[key]
            for key in sorted(view.registered)
            if view.recipients[key].kecamatan == self._unit.kecamatan
        ]


def posyandu_places(world: World, unit: Unit, day: int) -> range:
    """Places of the clinic's register whose children are measured on the day: each once a month.

    A posyandu has one day a month; a puskesmas goes to as many as its register asks for.
    """
    first, days = _month(day)
    open_days = [one for one in range(first, first + days) if world.clinic_works(one)]
    if not open_days:
        return range(0)
    wanted = min(len(open_days), -(-unit.registered_children // _A_DAY))
    dice = world.dice(unit.unit_id, first, "posyandu days")
    chosen = sorted(dice.sample(open_days, wanted))
    if day not in chosen:
        return range(0)
    return range(chosen.index(day), unit.registered_children, wanted)


def _month(day: int) -> tuple[int, int]:
    """First day and length of the month that holds `day`."""
    first = date.fromisoformat(day_to_iso(day)).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return iso_to_day(first.isoformat()), (following - first).days


def _poisson(dice: random.Random, expected: float) -> int:
    count, left = -1, 1.0
    floor = pow(2.718281828459045, -expected)
    while left > floor or count < 0:
        left *= dice.random()
        count += 1
    return count
