"""A kitchen's day: what happened (`plan`), as its registry and its character have it.

Two batches a day: one finished before dawn for those who eat by 10:30 (PAUD, SD, posyandu), one in the early morning for the
others. Each is tested, portioned and driven out by two vehicles in trips of some 570 trays; what is eaten follows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from contracts.registry.entities import Recipient, Unit
from producers.simulator.world import HOUR_MS, MINUTE_MS, World

_EARLY_MEAL_MIN: Final = 630
_TRAYS: Final = 568
_VEHICLES: Final = 2
_PORTIONING_MIN: Final = (70, 105)


@dataclass(frozen=True, slots=True)
class _Shift:
    """When a batch is finished (mean, spread and bounds, minutes of the day), and before when no vehicle leaves."""

    finished: tuple[float, float, float, float]
    leaves: int


_SHIFTS: Final = (_Shift((244, 6, 180, 252), 345), _Shift((452, 12, 375, 478), 572))
_LATE_BATCH: Final = 2
_OVER_MIDNIGHT_EARLIER_MIN: Final = 45
_BREAKDOWN: Final = 0.005
_MISSED: Final = 0.04
_MISSED_WITHIN_MS: Final = 250 * MINUTE_MS
_TESTS: Final = ("nitrite", "formalin", "arsenic", "cyanide")


@dataclass(frozen=True, slots=True)
class Character:
    """What a kitchen is like, for good. `late_min`: minutes that its vehicles leave too late, day by day."""

    late_min: tuple[float, float]
    weak_chiller: bool
    careless: float
    """Chance that a figure is first reported wrong."""
    by_road: bool
    """Its drivers go by the road, not by who eats first."""
    reports_later: bool
    """Reports its meals days later, at one go ("rapel")."""


@dataclass(frozen=True, slots=True)
class CookedBatch:
    """One batch. `tests`: (test, passed, when)."""

    number: int
    name: str
    cooked_ms: int
    portions: int
    core_temp_c: float
    tests: tuple[tuple[str, bool, int], ...]


@dataclass(slots=True)
class Stop:
    """A recipient fed from a batch. Portions None: nobody came; `eaten` is empty then."""

    recipient: Recipient
    registered: Mapping[str, int]
    batch: CookedBatch
    portions: int | None
    arrives_ms: int = 0
    temp_c: float = 0.0
    meal_ms: int = 0
    eaten: dict[str, int] = field(default_factory=dict)
    leftover_g: int = 0
    package: Literal["fresh", "dry", "bundle"] = "fresh"


@dataclass(slots=True)
class Trip:
    """One drive of a vehicle with portions of one batch."""

    name: str
    batch: CookedBatch
    departs_ms: int
    stops: list[Stop]

    @property
    def portions(self) -> int:
        """On board."""
        return sum(stop.portions or 0 for stop in self.stops)


@dataclass(frozen=True, slots=True)
class KitchenDay:
    """What happened."""

    batches: tuple[CookedBatch, ...]
    trips: tuple[Trip, ...]

    def stops(self) -> Iterator[tuple[Trip, Stop]]:
        """All stops, trip by trip."""
        for trip in self.trips:
            for stop in trip.stops:
                yield trip, stop


def character(world: World, unit_id: str) -> Character:
    """What the kitchen is like."""
    dice = world.dice(unit_id, "character")
    chronic = dice.random() < 0.05
    return Character(
        late_min=(65, 25) if chronic else (3, 9),
        weak_chiller=dice.random() < 0.04,
        careless=0.06 if dice.random() < 0.1 else 0.012,
        by_road=chronic,
        reports_later=dice.random() < 0.03,
    )


def plan(world: World, unit: Unit, day: int) -> KitchenDay | None:
    """The kitchen's day; None where nothing is cooked."""
    fed = world.fed_by(unit.unit_id, day)
    if not fed:
        return None
    dice = world.dice(unit.unit_id, day, "kitchen")
    nature = character(world, unit.unit_id)
    batches: list[CookedBatch] = []
    trips: list[Trip] = []
    for number, shift in enumerate(_SHIFTS, 1):
        served = [one for one in fed if (one[0].meal_time > _EARLY_MEAL_MIN) == (number == 2)]
        if served:
            batch = _cook(world, dice, unit, day, number, shift, served)
            batches.append(batch)
            stops = [_stop(dice, one, registered, batch) for one, registered in served]
            earliest = world.midnight_ms(day) + shift.leaves * MINUTE_MS
            trips += _drive(dice, nature, batch, stops, earliest, len(trips))
    for trip in trips:
        for stop in trip.stops:
            _miss(dice, world.midnight_ms(day), stop)
            _eat(dice, world.midnight_ms(day), stop)
            stop.package = _package(world, stop, day)
    return KitchenDay(tuple(batches), tuple(trips))


def _package(world: World, stop: Stop, day: int) -> Literal["fresh", "dry", "bundle"]:
    """Before a holiday what is taken home for the days off goes to schools that eat late, and posyandu."""
    is_posyandu = stop.recipient.kind == "posyandu"
    if world.before_holiday(stop.recipient.recipient_id, day):
        if is_posyandu:
            return "dry"
        if stop.batch.number == _LATE_BATCH:
            return "bundle"
    return "dry" if world.fasting(day) and not is_posyandu else "fresh"


def _cook(
    world: World,
    dice: random.Random,
    unit: Unit,
    day: int,
    number: int,
    shift: _Shift,
    served: list[tuple[Recipient, Mapping[str, int]]],
) -> CookedBatch:
    mean, spread, low, high = shift.finished
    minute = min(max(dice.gauss(mean, spread), low), high)
    if unit.opens > unit.closes and number == 1:
        # They light their stoves before midnight, and what they cook waits longer.
        minute -= _OVER_MIDNIGHT_EARLIER_MIN
    cooked_ms = world.midnight_ms(day) + int(minute * MINUTE_MS)
    wanted = sum(sum(registered.values()) for _, registered in served)
    more = 0.06 if dice.random() < 0.004 else dice.uniform(-0.006, 0.012)
    return CookedBatch(
        number,
        f"{world.text(cooked_ms)[:10]}-{number}",
        cooked_ms,
        max(1, round(wanted * (1 + more))),
        round(dice.gauss(81, 3), 1),
        tuple(_test(dice, cooked_ms)),
    )


def _test(dice: random.Random, cooked_ms: int) -> Iterator[tuple[str, bool, int]]:
    at = cooked_ms + dice.randint(4, 12) * MINUTE_MS
    for test in ("organoleptic", *dice.sample(_TESTS, dice.choice((1, 2, 2, 4)))):
        yield test, dice.random() >= 0.0006, at
        at += dice.randint(90, 400) * 1000


def _stop(
    dice: random.Random, one: Recipient, registered: Mapping[str, int], batch: CookedBatch
) -> Stop:
    wanted = sum(registered.values())
    chance = dice.random()
    portions: int | None = wanted
    if chance < 0.003:
        portions = None
    elif chance < 0.012:
        portions = round(wanted * dice.uniform(0.6, 0.89))
    elif chance < 0.15:
        portions = round(wanted * dice.uniform(0.95, 1.0))
    return Stop(one, registered, batch, portions)


def _drive(
    dice: random.Random,
    nature: Character,
    batch: CookedBatch,
    stops: list[Stop],
    earliest_ms: int,
    done: int,
) -> Iterator[Trip]:
    """Trips of the vehicles: who eats first is served first."""
    ready = batch.cooked_ms + dice.randint(*_PORTIONING_MIN) * MINUTE_MS
    late_ms = int(max(0.0, dice.gauss(*nature.late_min)) * MINUTE_MS)
    free = [max(ready, earliest_ms) + late_ms + n * 4 * MINUTE_MS for n in range(_VEHICLES)]
    if not nature.by_road:
        stops = sorted(stops, key=lambda stop: stop.recipient.meal_time)
    loads = _loads(stops)
    for number, load in enumerate(loads, done + 1):
        vehicle = free.index(min(free))
        departs = free[vehicle] + dice.randint(0, 90) * 1000
        at = departs
        if dice.random() < _BREAKDOWN:
            # A flat tyre, a road that is closed.
            at += dice.randint(35, 110) * MINUTE_MS
        for stop in load:
            at += dice.randint(300, 660) * 1000
            stop.arrives_ms = at
            stop.temp_c = round(72 - (at - batch.cooked_ms) / HOUR_MS * 3 + dice.gauss(0, 1.5), 1)
            at += dice.randint(120, 270) * 1000
        free[vehicle] = at + dice.randint(8, 14) * MINUTE_MS
        trip = Trip(f"T{number}", batch, departs, load)
        if trip.portions:
            yield trip


def _loads(stops: list[Stop]) -> Iterator[list[Stop]]:
    load: list[Stop] = []
    trays = 0
    for stop in stops:
        if load and trays + (stop.portions or 0) > _TRAYS:
            yield load
            load, trays = [], 0
        load.append(stop)
        trays += stop.portions or 0
    if load:
        yield load


def _miss(dice: random.Random, midnight_ms: int, stop: Stop) -> None:
    """Now and then the driver finds nobody, or forgets one, and comes again when the children wait already."""
    meal_ms = midnight_ms + stop.recipient.meal_time * MINUTE_MS
    wait_ms = meal_ms - stop.batch.cooked_ms
    if dice.random() < _MISSED and wait_ms < _MISSED_WITHIN_MS and stop.arrives_ms < meal_ms:
        stop.arrives_ms = meal_ms + dice.randint(3, 35) * MINUTE_MS
        stop.temp_c -= 3


def _eat(dice: random.Random, midnight_ms: int, stop: Stop) -> None:
    if stop.portions is None:
        return
    meal_ms = midnight_ms + stop.recipient.meal_time * MINUTE_MS
    stop.meal_ms = max(meal_ms, stop.arrives_ms) + dice.randint(1500, 2700) * 1000
    present = min(1.0, max(0.8, dice.gauss(0.945, 0.025)))
    left = stop.portions
    for group, registered in stop.registered.items():
        count = min(left, round(registered * min(1.0, present + dice.uniform(-0.02, 0.02))))
        stop.eaten[group] = count
        left -= count
    stop.leftover_g = int(sum(stop.eaten.values()) * dice.uniform(12, 45)) + left * 60
