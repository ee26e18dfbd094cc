"""The rule of `foodborne_cluster` for everybody who got one meal: people ill within four spans of time after it, absence at the
first roll call after it, and both together, against what to expect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final, NamedTuple

from audit.recompute.outbreaks.chances import any_of, both
from audit.recompute.outbreaks.expected import (
    HIGH,
    AbsentOn,
    ExpectedIll,
    Outlook,
    drop_days,
    surprise,
)
from audit.recompute.outbreaks.exposed import Eater, Group, Served, served_on
from audit.recompute.outbreaks.fed import Fed
from audit.recompute.outbreaks.reported import Call, Ill, Reported, people_of
from contracts.registry.region_rows import Thresholds
from contracts.time.days import Zone

BACK_DAYS: Final = 3
"""Local days after a meal on which a roll call may tell of it."""
_SPANS_H: Final = (2.0, 6.0, 24.0)
"""After the meal, beside the longest: people with onset by then are counted together."""
_DAYTIME: Final = 3.0
"""A span shorter than a day stands for so many times its share: people notice by day."""
_ABSENCE_TESTS: Final = 3
_HOUR_MS: Final = 3_600_000


class PeopleFound(NamedTuple):
    """What people known to be ill say of a meal. `named`: who names a recipient; `nameless`: reports of patients who name none;
    `unplaced`: the share of these; `first_onset`: 0 where nobody is ill.
    """

    level: int = 0
    chance: float = 1.0
    named: int = 0
    nameless: int = 0
    unplaced: float = 0.0
    first_onset: int = 0
    reports: tuple[Ill, ...] = ()


class MealFound(NamedTuple):
    """`level` 0 to 3; `chance`: of so much at this exposure; `events`: ids."""

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


_Reports = list[tuple[float, Ill]]
"""Reports after a meal, with the hours from it."""


def people_after(eaters: Sequence[Eater], around: Around, in_full: bool) -> PeopleFound:
    """`in_full`: also where so few people raise nothing by themselves."""
    named = {
        one.recipient: found
        for one in eaters
        if (found := _ill_after(f"recipient/{one.recipient}", one.ate, around))
    }
    nameless = _nameless(eaters, around)
    others = [one for _, of in nameless.values() for _, one in of]
    ill = sum(people_of(one for _, one in of) for of in named.values())
    is_enough = ill + len(others) >= around.limits.cluster_min_cases
    if not (named or others) or not (is_enough or in_full):
        return PeopleFound()
    evidence = [one for of in named.values() for _, one in of]
    chance = _chance_ill(eaters, named, nameless, around)
    level = _by_chance(chance, around) if is_enough else 0
    if not ill:
        # Neighbours share patients who name no recipient.
        level = min(level, 1)
    rate = ill / sum(one.at_risk for one in eaters)
    if level == 2 and rate >= around.limits.cluster_attack_rate_siaga:
        level = 3
    unplaced = sum(share * people_of(one for _, one in of) for share, of in nameless.values())
    onset = min(one.began for one in evidence or others)
    return PeopleFound(level, chance, ill, len(others), unplaced, onset, (*evidence, *others))


def judge_meal(eaters: Sequence[Eater], people: PeopleFound, around: Around) -> MealFound | None:
    """With absence after it; None: nobody is known to be ill or absent. `people`: of `people_after`, in full."""
    calls = [one for eater in eaters if (one := _first_call(eater, around))]
    if not people.reports and not calls:
        return None
    level, chance = people.level, people.chance
    high: list[Call] = []
    if calls:
        high, chance_absent = _absence(eaters, calls, around)
        together = both(people.chance, chance_absent)
        chance = any_of(min(people.chance, chance_absent, together), _ABSENCE_TESTS)
        most = level + 1 if level and people.named else 0
        if high:
            # Absence alone, at one recipient: that may be influenza.
            most = 2 if level == 0 and len(high) == 1 else 3
        level = max(level, min(most, _by_chance(chance, around)))
    reports: list[Ill | Call] = [*people.reports, *high]
    return MealFound(
        level,
        chance,
        around.day,
        people.named,
        people.unplaced,
        people.first_onset,
        max((one.received for one in reports), default=0),
        frozenset(one.key[1] for one in reports),
    )


def _ill_after(where: str, ate: int, around: Around) -> _Reports:
    known, limits = around.known, around.limits
    found = []
    for one in known.ill(where):
        hours = (one.began - ate) / _HOUR_MS
        if limits.cluster_onset_min_h <= hours <= limits.cluster_onset_max_h and (
            not one.ate_day or one.ate_day == known.day_of(ate)
        ):
            found.append((hours, one))
    return found


def _nameless(eaters: Sequence[Eater], around: Around) -> dict[str, tuple[float, _Reports]]:
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


def _chance_ill(
    eaters: Sequence[Eater],
    named: Mapping[str, _Reports],
    nameless: Mapping[str, tuple[float, _Reports]],
    around: Around,
) -> float:
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
        seen = float(sum(_people_by(of, hours) for of in named.values()))
        mean = wave * rate.mean * sum(at_risk.values()) * days
        variance = mean * ill.clumping + mean * mean / rate.shape
        least = min(least, surprise(seen, mean, variance))
        for place, (share, of) in nameless.items():
            near = ill.near(place)
            here = wave * near.mean * days
            seen += share * _people_by(of, hours)
            mean += share * here
            variance += share * share * (here * ill.clumping + here * here / near.shape)
        least = min(least, surprise(seen, mean, variance))
    return any_of(least, 2 * len(spans))


def _people_by(found: _Reports, hours: float) -> int:
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


def _by_chance(chance: float, around: Around) -> int:
    """By the chance that any kitchen shows so much."""
    limits = around.limits
    any_kitchen = any_of(chance, max(1, around.kitchens))
    if any_kitchen <= limits.cluster_p_siaga:
        return 3
    if any_kitchen <= limits.cluster_p_waspada:
        return 2
    return int(any_kitchen <= limits.cluster_p_pantau)


class MealsJudged:
    """The meals of each day as they were judged last, until something touches them."""

    def __init__(
        self, zone: Zone, limits: Thresholds, fed: Fed, known: Reported, outlook: Outlook
    ) -> None:
        self._zone, self._limits, self._fed = zone, limits, fed
        self._known, self._outlook = known, outlook
        self._quiet_ms = round(limits.cluster_quiet_h * _HOUR_MS)
        self._served: dict[int, Served] = {}
        self._meals: dict[int, dict[Group, MealFound | None]] = {}
        self._people: dict[int, dict[Group, tuple[bool, PeopleFound]]] = defaultdict(dict)

    def worst(self, now: int, must: Set[Group]) -> dict[Group, MealFound]:
        """Of each kitchen and lot the worst of the meals of which anything new was received within 72 hours, then the earlier.
        `must`: those that an alert is open of, whatever is found.
        """
        today = self._zone.local_day(now)
        first = today - BACK_DAYS - -(-int(self._limits.cluster_quiet_h) // 24)
        best: dict[Group, MealFound] = {}
        for day in range(first, today + 1):
            for group, found in self._found_on(day, must).items():
                if found is None or now - found.last_news >= self._quiet_ms:
                    continue
                before = best.get(group)
                if before is None or _weight(found) < _weight(before):
                    best[group] = found
        return best

    def _found_on(self, day: int, must: Set[Group]) -> dict[Group, MealFound | None]:
        """Of the meals of a day all of which something may come, and those that an alert is open of."""
        found = self._meals.get(day)
        if found is not None and must <= found.keys():
            return found
        if day not in self._served:
            midnight = self._zone.day_start_ms(day)
            self._served[day] = served_on(day, self._known, self._fed, midnight)
        served = self._served[day]
        absent = {one: self._outlook.absent(one) for one in range(day, day + BACK_DAYS + 1)}
        around = Around(
            self._known, self._limits, day, self._outlook.ill(day), absent, served.kitchens
        )
        high = {name for one in absent.values() for name in one.high}
        asked = must & served.groups.keys()
        if found is None:
            found = self._meals[day] = {}
            asked.update(*(served.by_recipient.get(name, ()) for name in high), *self._near(day))
        found.update(dict.fromkeys(must))
        for group in asked:
            eaters = served.groups[group]
            in_full = group in must or any(one.recipient in high for one in eaters)
            people = self._people_after(group, eaters, around, in_full)
            if people.level or in_full:
                found[group] = judge_meal(eaters, people, around)
        return found

    def _near(self, day: int) -> Iterator[set[Group]]:
        """Groups of which anybody fell ill in the days from a day on."""
        for later in range(day, day + BACK_DAYS + 1):
            for where in self._known.ill_on.get(later, ()):
                yield self._groups_at(day, where)

    def _groups_at(self, day: int, where: str) -> set[Group]:
        """Groups of a day's meals to which people ill somewhere may belong."""
        served = self._served.get(day)
        if served is None:
            return set()
        kind, _, name = where.partition("/")
        return (served.by_recipient if kind == "recipient" else served.by_place).get(name, set())

    def _people_after(
        self, group: Group, eaters: Sequence[Eater], around: Around, in_full: bool
    ) -> PeopleFound:
        known = self._people[around.day].get(group)
        if known is None or (in_full and not known[0]):
            known = self._people[around.day][group] = (
                in_full,
                people_after(eaters, around, in_full),
            )
        return known[1]

    def drop_all(self) -> None:
        """What is expected changed on each day."""
        self._meals.clear()
        self._people.clear()

    def served(self, day: int) -> None:
        """A meal of the day, or who is present on it, changed."""
        for of in (self._served, self._meals, self._people):
            of.pop(day, None)

    def called(self, day: int) -> None:
        """There is another roll call of the day."""
        self.served(day)
        drop_days(self._meals, range(day - BACK_DAYS, day))
        drop_days(self._meals, self._outlook.bearing(day))

    def reported_ill(self, day: int, where: str) -> None:
        """People fell ill somewhere on the day."""
        for one in range(day - BACK_DAYS, day + 1):
            self._meals.pop(one, None)
            for group in self._groups_at(one, where):
                self._people[one].pop(group, None)
        for known in (self._meals, self._people):
            drop_days(known, self._outlook.bearing(day))


def _weight(found: MealFound) -> tuple[int, float, int]:
    """Of two meals the lesser is the worse."""
    return -found.level, found.chance, found.day
