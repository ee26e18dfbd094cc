"""The rule of `foodborne_cluster` for everybody who got one meal: people ill within four spans of time after it, absence at the
first roll call after it, and both together, against what to expect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from audit.recompute.outbreaks.chances import any_of, both
from audit.recompute.outbreaks.expected import HIGH, AbsentOn, ExpectedIll, surprise
from audit.recompute.outbreaks.exposed import Eater
from audit.recompute.outbreaks.reported import Call, Ill, Reported, people_of
from contracts.registry.region_rows import Thresholds

BACK_DAYS: Final = 3
"""Local days after a meal on which a roll call may tell of it."""
_SPANS_H: Final = (2.0, 6.0, 24.0)
"""After the meal, beside the longest: people with onset by then are counted together."""
_DAYTIME: Final = 3.0
"""A span shorter than a day stands for so many times its share: people notice by day."""
_ABSENCE_TESTS: Final = 3
_HOUR_MS: Final = 3_600_000


class MealFound(NamedTuple):
    """`level` 0 to 3; `chance`: of so much at this exposure; `unplaced`: the share of patients without a recipient;
    `first_onset`: 0 where nobody is known to be ill; `events`: ids.
    """

    level: int
    chance: float
    day: int
    people: int
    unplaced: float
    first_onset: int
    last_news: int
    events: frozenset[str]


class Around(NamedTuple):
    """What one day's meals are judged against. `absent`: of the day and those after it; `kitchens`: how many served."""

    known: Reported
    limits: Thresholds
    day: int
    ill: ExpectedIll
    absent: Mapping[int, AbsentOn]
    kitchens: int


class _After(NamedTuple):
    """Reports after the meal with the hours from it; by recipient, and by kecamatan with the share that got the meal."""

    named: Mapping[str, list[tuple[float, Ill]]]
    nameless: Mapping[str, tuple[float, list[tuple[float, Ill]]]]


def judge_meal(eaters: Sequence[Eater], around: Around, must: bool) -> MealFound | None:
    """None: nobody is known to be ill or absent after it. `must`: also where nothing can come of it, which is else left out."""
    named = {
        one.recipient: found
        for one in eaters
        if (found := _ill_after(f"recipient/{one.recipient}", one.ate, around))
    }
    after = _After(named, _nameless(eaters, around))
    others = [one for _, of in after.nameless.values() for one in of]
    people = {name: people_of(one for _, one in of) for name, of in named.items()}
    ill = sum(people.values())
    may_be_high = any(one.recipient in of.high for of in around.absent.values() for one in eaters)
    if not must and ill + len(others) < around.limits.cluster_min_cases and not may_be_high:
        return None
    calls = [one for eater in eaters if (one := _first_call(eater, around))]
    if not named and not others and not calls:
        return None
    chance_ill = _chance_ill(eaters, after, around)
    high, chance_absent = _absence(eaters, calls, around)
    chance = chance_ill
    if calls:
        together = both(chance_ill, chance_absent)
        chance = any_of(min(chance_ill, chance_absent, together), _ABSENCE_TESTS)
    rate = ill / sum(one.at_risk for one in eaters)
    level = _level(chance_ill, chance, ill, len(others), rate, bool(calls), len(high), around)
    evidence = [one for of in named.values() for _, one in of]
    onsets = [one.began for one in evidence] or [one.began for _, one in others]
    reports: list[Ill | Call] = [*evidence, *(one for _, one in others), *high]
    return MealFound(
        level,
        chance,
        around.day,
        ill,
        sum(share * people_of(one for _, one in of) for share, of in after.nameless.values()),
        min(onsets, default=0),
        max((one.received for one in reports), default=0),
        frozenset(one.key[1] for one in reports),
    )


def _ill_after(where: str, ate: int, around: Around) -> list[tuple[float, Ill]]:
    known, limits = around.known, around.limits
    found = []
    for one in known.ill(where):
        hours = (one.began - ate) / _HOUR_MS
        if limits.cluster_onset_min_h <= hours <= limits.cluster_onset_max_h and (
            not one.ate_day or one.ate_day == known.day_of(ate)
        ):
            found.append((hours, one))
    return found


def _nameless(
    eaters: Sequence[Eater], around: Around
) -> dict[str, tuple[float, list[tuple[float, Ill]]]]:
    """Of each kecamatan, and of clinics outside the region: patients after its first meal."""
    first: dict[str, int] = {}
    got: dict[str, int] = defaultdict(int)
    for one in eaters:
        for place in {one.near, ""}:
            first[place] = min(one.ate, first.get(place, one.ate))
            got[place] += one.at_risk
    registered = around.ill.fed.near
    return {
        place: (
            min(1.0, got[place] / max(1, registered.get(place, 0))),
            _ill_after(f"near/{place}", ate, around),
        )
        for place, ate in first.items()
    }


def _chance_ill(eaters: Sequence[Eater], after: _After, around: Around) -> float:
    """The least chance of all spans, without and with patients who name no recipient, raised by the number of these tests."""
    limits, ill = around.limits, around.ill
    at_risk = {one.recipient: one.at_risk for one in eaters}
    rate = ill.at({one.kitchen for one in eaters}, at_risk)
    wave = ill.wave(at_risk)
    spans = (*(h for h in _SPANS_H if h < limits.cluster_onset_max_h), limits.cluster_onset_max_h)
    least = 1.0
    for hours in spans:
        days = (hours - limits.cluster_onset_min_h) / 24
        days = max(days, min(1.0, _DAYTIME * days))
        seen = float(sum(_people_by(of, hours) for of in after.named.values()))
        mean = wave * rate.mean * sum(at_risk.values()) * days
        variance = mean * ill.clumping + mean * mean / rate.shape
        least = min(least, surprise(seen, mean, variance))
        for place, (share, of) in after.nameless.items():
            near = ill.near(place)
            here = wave * near.mean * days
            seen += share * _people_by(of, hours)
            mean += share * here
            variance += share * share * (here * ill.clumping + here * here / near.shape)
        least = min(least, surprise(seen, mean, variance))
    return any_of(least, 2 * len(spans))


def _people_by(found: Collection[tuple[float, Ill]], hours: float) -> int:
    return people_of(one for after, one in found if after <= hours)


def _first_call(eater: Eater, around: Around) -> Call | None:
    limits = around.limits
    for day in sorted(around.absent):
        call = around.known.call(eater.recipient, day)
        if call is not None:
            hours = (call.at - eater.ate) / _HOUR_MS
            if limits.cluster_onset_min_h <= hours <= limits.cluster_onset_max_h:
                return call
    return None


def _absence(
    eaters: Sequence[Eater], calls: Sequence[Call], around: Around
) -> tuple[list[Call], float]:
    """Roll calls where absence alone is beyond chance, and the chance of all together."""
    names = [one.recipient for one in eaters]
    waves = {day: around.absent[day].wave(names) for day in {one.day for one in calls}}
    high = []
    total = variance = 0.0
    for call in calls:
        expected = around.absent[call.day].expected
        mean = expected.mean(call) * waves[call.day]
        total += mean
        variance += mean + expected.spread * mean * mean
        if expected.chance(call, mean) < HIGH:
            high.append(call)
    return high, surprise(sum(one.absent for one in calls), total, variance)


def _level(
    chance_ill: float,
    chance: float,
    named: int,
    nameless: int,
    rate: float,
    has_calls: bool,
    high: int,
    around: Around,
) -> int:
    limits = around.limits
    by_people = 0
    if named + nameless >= limits.cluster_min_cases:
        by_people = _by_chance(chance_ill, around)
    if not named:
        # Neighbours share patients who name no recipient.
        by_people = min(by_people, 1)
    if by_people == 2 and rate >= limits.cluster_attack_rate_siaga:
        by_people = 3
    if not has_calls:
        return by_people
    most = by_people + 1 if by_people and named else 0
    if high:
        # Absence alone, at one recipient: that may be influenza.
        most = 2 if by_people == 0 and high == 1 else 3
    return max(by_people, min(most, _by_chance(chance, around)))


def _by_chance(chance: float, around: Around) -> int:
    """By the chance that any kitchen shows so much."""
    limits = around.limits
    any_kitchen = any_of(chance, max(1, around.kitchens))
    if any_kitchen <= limits.cluster_p_siaga:
        return 3
    if any_kitchen <= limits.cluster_p_waspada:
        return 2
    return int(any_kitchen <= limits.cluster_p_pantau)
