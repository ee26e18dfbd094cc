"""What may be added to ordinary days: an outbreak after one kitchen's batch, and an outage of the network.

Both only add: the ordinary days stay as they are, event for event, so a scenario can be asked of a simulator that already plays.
Appointments are stored in the data dir, so that after a restart the same facts come again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from chassis.datadir import DataDir, write_file
from contracts.registry.entities import Recipient, Unit
from producers.simulator.events.event_lines import URGENT, DeviceEvent, Pen
from producers.simulator.plan.clinics import AGES
from producers.simulator.plan.kitchens import Stop, plan
from producers.simulator.plan.recipients import reporter
from producers.simulator.sending.devices import Post
from producers.simulator.world import HOUR_MS, MINUTE_MS, World, phase_ms

Kind = Literal["outbreak", "outage"]

_LAST_HOUR_TODAY_MS: Final = 13 * HOUR_MS
"""Asked for later in the day, an outbreak comes on the next day of service: today's meals are over."""
_SEARCH_DAYS: Final = 60
_OUTAGE_IN_MS: Final = 10 * MINUTE_MS
_OUTAGE_HOURS: Final = (2, 4)
_OUTAGE_SHARE: Final = (0.25, 0.45)
_BACK_WITHIN_MS: Final = 12 * MINUTE_MS

# Agent: median onset in hours, spread (log), bounds, symptoms. Fast ones more often: they are what a wall can show in time.
_AGENTS: Final = (
    ("S. aureus", 3.0, 0.45, (0.75, 8.0), ("muntah", "mual", "nyeri perut", "pusing")),
    ("B. cereus", 2.5, 0.5, (0.6, 6.0), ("muntah", "mual", "pusing")),
    ("C. perfringens", 11.0, 0.3, (6.0, 22.0), ("diare", "nyeri perut", "mual")),
    ("Salmonella", 20.0, 0.4, (6.5, 60.0), ("diare", "demam", "muntah", "nyeri perut")),
)
_WEIGHTS: Final = (4, 3, 2, 1)
_ATTACK: Final = (0.06, 0.16)
_MOST_CASES: Final = 350
_NAMES_MEAL: Final = 0.85
"""Share of the patients whose school and meal are written down."""
_STILL_COME: Final = (0.8, 0.92)
_GO_OUTSIDE: Final = 0.06
"""Share of the patients who go to a hospital in another kabupaten."""
_COUNTED_FROM: Final = 5
"""A clinic that sees so many on a day sends a tally too."""
_COUNT_SENT_MS: Final = 20 * MINUTE_MS
_BACK_AT_SCHOOL_DAYS: Final = 4
_ABSENT_MIN: Final = (465, 510)
_SEEN_UNTIL_HOUR: Final = 22
"""In an outbreak puskesmas open beyond their hours; who falls ill at night comes in the morning."""
_SEEN_FROM_HOUR: Final = 7


class Appointment(msgspec.Struct, frozen=True):
    """A scenario of a region: on a local day, from `start_ms` on (region's clock), under a seed."""

    kind: Kind
    region: str
    day: int
    start_ms: int
    seed: int


class Agenda:
    """The appointments of a data dir, in truth/scenarios.json."""

    def __init__(self, home: DataDir) -> None:
        self._path: Path = home.path / "truth" / "scenarios.json"
        self._seen = -1

    def read(self) -> list[Appointment]:
        """All of them, oldest first."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Appointment])
        except FileNotFoundError:
            return []

    def changed(self) -> bool:
        """True if there is something new since the last call."""
        stamp = self._path.stat().st_mtime_ns if self._path.exists() else -1
        was, self._seen = self._seen, stamp
        return stamp != was

    def make(self, kind: Kind, world: World, now_ms: int) -> Appointment:
        """Arrange a scenario, as soon as can be. One that is still to come is left as it is."""
        agreed = self.read()
        wanted = appointment(kind, world, now_ms)
        for one in agreed:
            if (one.kind, one.region) == (kind, world.region) and one.day >= wanted.day:
                return one
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_file(self._path, msgspec.json.encode([*agreed, wanted]))
        return wanted


def appointment(kind: Kind, world: World, now_ms: int) -> Appointment:
    """When a scenario that is asked for at `now_ms` takes place.

    Raises `ValueError` if the region has no day of service soon.
    """
    today = world.zone.local_day(now_ms)
    late = kind == "outbreak" and now_ms - world.midnight_ms(today) > _LAST_HOUR_TODAY_MS
    for day in range(today + late, today + _SEARCH_DAYS):
        if kind == "outage" or (
            world.registry.is_service_day(world.region, day) and suspects(world, day)
        ):
            start = now_ms + _OUTAGE_IN_MS if kind == "outage" else world.midnight_ms(day)
            return Appointment(kind, world.region, day, start, world.seed)
    raise ValueError(
        f"region {world.region} has no day of service within {_SEARCH_DAYS} days: "
        "see service_weekdays and holidays in its region.yaml"
    )


def suspects(world: World, day: int) -> list[Unit]:
    """Kitchens that can have an outbreak: they feed somebody at noon."""
    return [
        unit
        for unit in world.active_units(day)
        if unit.kind == "sppg"
        and any(one.meal_time > 630 for one, _ in world.fed_by(unit.unit_id, day))
    ]


def outage_of(world: World, one: Appointment, unit_id: str) -> tuple[int, int] | None:
    """From when to when the unit is cut off by the outage, or None if it is spared."""
    dice = world.dice("outage", one.day, one.seed)
    share, hours = dice.uniform(*_OUTAGE_SHARE), dice.uniform(*_OUTAGE_HOURS)
    if world.dice("outage", one.day, one.seed, unit_id).random() >= share:
        return None
    end = one.start_ms + int(hours * HOUR_MS) + phase_ms(unit_id, _BACK_WITHIN_MS)
    return one.start_ms, end


def outbreak(world: World, one: Appointment) -> list[Post]:
    """The cases after one kitchen's second batch of the day, as posts of the clinics that see them, by time."""
    day = one.day
    dice = world.dice("outbreak", day, one.seed)
    candidates = suspects(world, day)
    dice.shuffle(candidates)
    for kitchen in candidates:
        happened = plan(world, kitchen, day)
        stops = [stop for _, stop in happened.stops()] if happened else []
        served = [stop for stop in stops if stop.batch.number == 2 and stop.eaten]
        if served:
            made = [*_complaint(world, kitchen, day, served[0]), *_absences(world, day, served)]
            patients = list(_cases(world, dice, day, served))
            made += (Post(one.due_ms, one.clinic.unit_id, (one.event,)) for one in patients)
            made += _counts(world, day, patients)
            return sorted(made, key=lambda post: post.due_ms)
    return []


def _complaint(world: World, kitchen: Unit, day: int, stop: Stop) -> Iterator[Post]:
    """A school says that the food smells: the first sign, hours before the first patient."""
    pen = Pen(world, "sppg", kitchen.unit_id, day)
    at = stop.meal_ms + 5 * MINUTE_MS
    data = {
        "kind": "contamination",
        "severity": 2,
        "note": "Siswa mengeluh lauk berlendir dan berbau",
    }
    pen.write(
        f"outbreak-{day}", "sppg.incident.reported", at, data, URGENT, stop.recipient.recipient_id
    )
    yield Post(at + 60_000, kitchen.unit_id, tuple(pen.events))


def _back_at_school(world: World, recipient_id: str, day: int) -> int | None:
    """The first day after `day` on which the recipient is served, if it comes soon."""
    return next(
        (
            later
            for later in range(day + 1, day + _BACK_AT_SCHOOL_DAYS)
            if recipient_id in world.registry.service(world.region, later).registered
        ),
        None,
    )


def _absences(world: World, day: int, served: Sequence[Stop]) -> Iterator[Post]:
    """On the next morning of school those who report count who is absent, and say how many are ill."""
    for stop in served:
        recipient_id = stop.recipient.recipient_id
        morning = _back_at_school(world, recipient_id, day)
        if not reporter(world, recipient_id).reports or morning is None:
            continue
        dice = world.dice("absent", day, recipient_id)
        pen = Pen(world, "recipient", recipient_id, morning)
        at = world.midnight_ms(morning) + dice.randint(*_ABSENT_MIN) * MINUTE_MS
        present = {group: round(n * dice.uniform(*_STILL_COME)) for group, n in stop.eaten.items()}
        ill = max(1, sum(stop.eaten.values()) - sum(present.values()))
        data = {"present": present, "absent_ill": ill}
        pen.write(f"outbreak-{day}-present", "recipient.attendance.reported", at, data)
        since = world.text(stop.meal_ms + HOUR_MS)
        noticed = {"ill": ill, "since": since, "symptoms": ["muntah", "nyeri perut"]}
        pen.write(f"outbreak-{day}-ill", "recipient.illness.noticed", at + MINUTE_MS, noticed)
        yield Post(at + 2 * MINUTE_MS, recipient_id, tuple(pen.events))


class _Patient(NamedTuple):
    """Somebody whom a clinic sees at `seen_ms`, and what it sends at `due_ms`."""

    clinic: Unit
    seen_ms: int
    due_ms: int
    event: DeviceEvent


def _cases(
    world: World, dice: random.Random, day: int, served: Sequence[Stop]
) -> Iterator[_Patient]:
    agent = dice.choices(_AGENTS, _WEIGHTS)[0]
    attack = dice.uniform(*_ATTACK)
    clinics = _Clinics(world, day)
    number = 0
    for stop in served:
        eaten = sum(stop.eaten.values())
        for _ in range(round(eaten * attack * dice.uniform(0.7, 1.3))):
            number += 1
            if number > _MOST_CASES:
                return
            _, median, spread, (low, high), symptoms = agent
            hours = min(high, max(low, median * math.exp(dice.gauss(0, spread))))
            onset = stop.meal_ms + int(hours * HOUR_MS)
            seen = _seen(world, onset + int(dice.expovariate(1 / 70) * MINUTE_MS) + 15 * MINUTE_MS)
            clinic = clinics.near(dice, stop.recipient)
            if clinic is None:
                return
            event = _case(world, dice, clinic, day, number, stop, onset, seen, symptoms)
            # Written down at the bedside, typed in when there is time.
            due = seen + dice.randint(5, 75) * MINUTE_MS
            yield _Patient(clinic, seen, due, event)


def _counts(world: World, day: int, patients: Sequence[_Patient]) -> Iterator[Post]:
    """Tallies of clinics that see many, and of the hospital outside: a first one, and a newer one of the same people."""
    seen: dict[tuple[str, int], list[int]] = {}
    outside = {one.clinic.unit_id for one in patients if one.clinic.kecamatan == ""}
    for one in patients:
        place = one.clinic.unit_id, world.zone.local_day(one.seen_ms)
        seen.setdefault(place, []).append(one.seen_ms)
    type_, meal_ms = "clinic.cases.counted", world.midnight_ms(day) + 12 * HOUR_MS
    for (unit_id, seen_day), moments in seen.items():
        if len(moments) < _COUNTED_FROM and unit_id not in outside:
            continue
        moments.sort()
        half = (len(moments) + 1) // 2
        pen = Pen(world, "clinic", unit_id, seen_day)
        data = {"syndrome": "foodborne", "inpatients": 0, "since": world.text(meal_ms)}
        what = f"outbreak-{day}-count"
        first_ms, last_ms = moments[half - 1], moments[-1]
        id_ = pen.write(what, type_, first_ms, {**data, "cases": half})
        pen.correct(id_, type_, last_ms, {**data, "cases": len(moments)}, last_ms)
        for event in pen.events:
            yield Post(event.made_ms + _COUNT_SENT_MS, unit_id, (event,))


def _case(
    world: World,
    dice: random.Random,
    clinic: Unit,
    day: int,
    number: int,
    stop: Stop,
    onset: int,
    seen: int,
    symptoms: Sequence[str],
) -> DeviceEvent:
    pen = Pen(world, "clinic", clinic.unit_id, world.zone.local_day(seen))
    group = dice.choices(list(stop.eaten), [n + 1 for n in stop.eaten.values()])[0]
    names_meal = dice.random() < _NAMES_MEAL
    data: dict[str, object] = {
        "patient": world.person("outbreak", day, number),
        "age_years": dice.randint(*AGES[group]),
        "sex": dice.choice("mf"),
        "syndrome": "foodborne" if dice.random() < 0.9 else "diarrhoea",
        "symptoms": sorted(dice.sample(symptoms, dice.randint(1, len(symptoms)))),
        "onset": world.text(onset),
        "outcome": "inpatient" if dice.random() < 0.09 else "outpatient",
    }
    if names_meal:
        data["ate_at"] = world.text(stop.meal_ms)
    subject = stop.recipient.recipient_id if names_meal else None
    pen.write(f"outbreak-{day}-{number}", "clinic.case.reported", seen, data, URGENT, subject)
    return pen.events[0]


def _seen(world: World, at: int) -> int:
    """When somebody sees a doctor who would go there at `at`."""
    day = world.zone.local_day(at)
    hour = (at - world.midnight_ms(day)) / HOUR_MS
    if _SEEN_FROM_HOUR <= hour < _SEEN_UNTIL_HOUR:
        return at
    morning = world.midnight_ms(day + (hour >= _SEEN_UNTIL_HOUR)) + _SEEN_FROM_HOUR * HOUR_MS
    return morning + at % (2 * HOUR_MS)


class _Clinics:
    """Where patients go: mostly the puskesmas of their school's kecamatan, some the nearest others."""

    def __init__(self, world: World, day: int) -> None:
        self._all = [unit for unit in world.view(day).units.values() if unit.kind == "clinic"]
        self._all = [unit for unit in self._all if unit.status == "active"]
        self._outside = [unit for unit in self._all if unit.kecamatan == ""]
        size = max((unit.registered_children for unit in self._all), default=0)
        # Posyandu see no patients: they are the small ones.
        self._all = [unit for unit in self._all if unit.registered_children * 4 >= size]

    def near(self, dice: random.Random, school: Recipient) -> Unit | None:
        """One of the four nearest, the nearer the likelier, or a hospital outside; None if there is no clinic."""
        if self._outside and dice.random() < _GO_OUTSIDE:
            return dice.choice(self._outside)

        def distance(unit: Unit) -> tuple[float, str]:
            return math.hypot(unit.lon - school.lon, unit.lat - school.lat), unit.unit_id

        nearest = sorted(self._all, key=distance)[:4]
        return dice.choices(nearest, (60, 22, 12, 6)[: len(nearest)])[0] if nearest else None
