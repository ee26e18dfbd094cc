"""How many people ill and absent-ill to expect on a local day without an outbreak, from the days before it.

Of the 28 days that ended a week before it, so that nothing under suspicion is among them. A rate is drawn to the region's,
and the region's to the assumed one by the days that it has not reported yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from audit.recompute.outbreaks.chances import poisson, tail
from audit.recompute.outbreaks.fed import Fed
from audit.recompute.outbreaks.reported import Call, Reported
from contracts.registry.region_rows import Thresholds

GAP: Final = 7
"""Days between the baseline and the day; also the least weight of what is assumed, days."""
_SETTLED: Final = 3
"""A wave of diarrhoea shows in the week that ended so many days before."""
_CLUMPING: Final = 1.2
"""Variance / mean of the people ill of one recipient and day, until the region has its own."""
_WEIGHT: Final = 30.0
"""People by which the region's clumping and its waves are drawn to what is assumed."""
_MOST_RAISED: Final = 3.0
"""A wave raises what is expected by no more."""
_CAP: Final = 1e-3
"""Of a day's people count no more than chance brings so seldom: an outbreak is no background ..."""
_CAP_LEAST: Final = 2
"""... but so many count anyway."""
_INHABITANTS: Final = 3.3
"""A registered one: patients without a recipient are mostly fed by no kitchen."""
_ABSENT: Final = 0.015
"""Share absent because ill, until the region has its own."""
_ABSENT_DAYS: Final = 5
"""Days by which a recipient's absence is drawn to the region's."""
_ABSENT_SPREAD: Final = 0.3
"""Least k of variance = mean + k mean^2 of absent-ill."""
HIGH: Final = 1e-3
"""Absence of one recipient is beyond chance below this."""


class Rate(NamedTuple):
    """Gamma distributed: mean shape / exposure."""

    shape: float
    exposure: float

    @property
    def mean(self) -> float:
        """People a unit of exposure."""
        return self.shape / self.exposure


def raised(seen: float, expected: float) -> float:
    """By how much to raise what is expected here, where others show `seen` and should show `expected`."""
    return min(max(1.0, (_WEIGHT + seen) / (_WEIGHT + expected)), _MOST_RAISED)


def days_reported(known: Reported, limits: Thresholds, day: int) -> int:
    """Days of the baseline since anything was reported."""
    oldest = known.oldest()
    if oldest is None:
        return 0
    return min(limits.cluster_baseline_days, max(0, day - GAP - known.day_of(oldest)))


def _verified(known: Reported) -> Mapping[str, set[int]]:
    """Kitchen -> days that the health office has verified: no background."""
    days: dict[str, set[int]] = defaultdict(set)
    for one in known.words.values():
        if one.is_verified:
            days[one.key[0]].update(range(one.first, one.last + 1))
    return days


class ExpectedIll:
    """People ill, of one day. Stale once anything of the days before it changes."""

    def __init__(self, known: Reported, fed: Fed, limits: Thresholds, day: int) -> None:
        self.fed = fed.on(day)
        self._base = limits.cluster_baseline_days
        self._prior = limits.foodborne_prior_per_person_day
        self._days = days_reported(known, limits, day)
        self._assumed_days = max(GAP, self._base - self._days)
        begins, ends = day - GAP - self._base, day - GAP
        self._baseline = range(begins, ends)
        self._again: dict[str, float] = defaultdict(float)
        for word in known.words.values():
            if not word.is_verified and word.last >= begins:
                self._again[word.key[0]] += word.people
        self._count(known)
        total = self.fed.total
        people_days = total * (self._days + self._assumed_days)
        seen = sum(self._seen.values()) + self._prior * total * self._assumed_days
        self.rate = seen / people_days if total else self._prior
        week = range(day - _SETTLED - GAP + 1, day - _SETTLED + 1)
        self._week = {
            name: sum(1 for one in known.people_by_day(f"recipient/{name}") if one in week)
            for name in self._seen
        }
        self._week_ill = sum(self._week.values())
        self._near = {
            place: self._near_rate(known, place, people) for place, people in self.fed.near.items()
        }

    def _count(self, known: Reported) -> None:
        verified = _verified(known)
        self._seen: dict[str, int] = {}
        squares = total = 0
        for where in known.everywhere():
            kind, _, name = where.partition("/")
            row = self.fed.rows.get(name) if kind == "recipient" else None
            if row is None:
                continue
            most = _most(self._prior * row.registered)
            out = verified.get(row.kitchen, ())
            counts = [
                min(people, most)
                for day, people in known.people_by_day(where).items()
                if day in self._baseline and day not in out
            ]
            self._seen[name] = sum(counts)
            squares += sum(n * n for n in counts)
            total += sum(counts)
        self.clumping = (_CLUMPING * _WEIGHT + squares) / (_WEIGHT + total)

    def _near_rate(self, known: Reported, place: str, registered: int) -> Rate:
        days = known.people_by_day(f"near/{place}")
        seen = sum(people for day, people in days.items() if day in self._baseline)
        daily = self._prior * _INHABITANTS * registered
        return Rate(daily * self._assumed_days + seen, self._assumed_days + self._days)

    def at(self, kitchens: Iterable[str], at_risk: Mapping[str, int]) -> Rate:
        """A person and day, of recipients (-> people at risk) of some kitchens together."""
        people = sum(at_risk.values())
        seen = sum(self._seen.get(one, 0) for one in at_risk)
        again = sum(self._again.get(one, 0.0) for one in kitchens)
        return Rate(
            self.rate * self._base * people + seen + again, (self._base + self._days) * people
        )

    def near(self, place: str) -> Rate:
        """A day, of patients without a recipient at the clinics of a kecamatan."""
        return self._near.get(place) or Rate(self._prior, 1.0)

    def wave(self, but: Collection[str]) -> float:
        """By how much to raise what is expected of these recipients, for what all others report."""
        own = [self.fed.rows[one].registered for one in but if one in self.fed.rows]
        seen = self._week_ill - sum(self._week.get(one, 0) for one in but)
        return raised(seen, self.rate * GAP * (self.fed.total - sum(own)))


class ExpectedAbsent:
    """Absent-ill of one day's roll calls. Stale once those change, or those of the baseline."""

    def __init__(self, known: Reported, fed: Fed, limits: Thresholds, day: int) -> None:
        rows = fed.on(day).rows
        base = limits.cluster_baseline_days
        baseline = range(day - GAP - base, day - GAP)
        verified = _verified(known)
        calls: dict[str, list[Call]] = {}
        for name, row in rows.items():
            out = verified.get(row.kitchen, ())
            found = [one for one in known.calls(name, baseline) if one.day not in out]
            if found:
                calls[name] = found
        weight = max(GAP, base - days_reported(known, limits, day)) * fed.on(day).total
        absent = sum(one.absent for of in calls.values() for one in of)
        pupils = sum(one.pupils for of in calls.values() for one in of)
        region = (absent + _ABSENT * weight) / ((pupils + weight) or 1)
        shares = {
            name: (sum(one.absent for one in of) + region * _ABSENT_DAYS * rows[name].registered)
            / (sum(one.pupils for one in of) + _ABSENT_DAYS * rows[name].registered)
            for name, of in calls.items()
        }
        self.spread = max(_ABSENT_SPREAD, _spread(calls, shares))
        self._shares, self._region = shares, region

    def mean(self, call: Call) -> float:
        """Of a roll call on an ordinary day."""
        return self._shares.get(call.recipient, self._region) * call.pupils

    def chance(self, call: Call, mean: float) -> float:
        """Of so many or more absent-ill; 1 for what is no more than expected."""
        return surprise(call.absent, mean, mean + self.spread * mean * mean)


class AbsentOn:
    """The roll calls of one day against what is expected: a wave of influenza is in all schools at once. `calls`: those that count;
    `expected`: there if there are any.
    """

    expected: ExpectedAbsent

    def __init__(
        self, calls: Collection[Call], fed: Fed, expect: Callable[[int], ExpectedAbsent], day: int
    ) -> None:
        if calls:
            self.expected = expect(day)
        self._others: dict[str, tuple[float, float]] = {}
        self.high: set[str] = set()
        """Recipients of which absence may be beyond chance: without a wave it is."""
        rows = fed.on(day).rows
        for call in calls:
            mean = self.expected.mean(call)
            if call.recipient in rows:
                most = _MOST_RAISED * mean + 1
                self._others[call.recipient] = min(call.absent, most), mean
            if self.expected.chance(call, mean) < HIGH:
                self.high.add(call.recipient)
        self._seen = sum(one for one, _ in self._others.values())
        self._mean = sum(one for _, one in self._others.values())

    def wave(self, but: Iterable[str]) -> float:
        """By how much to raise what is expected of these recipients."""
        own = [self._others[one] for one in but if one in self._others]
        return raised(self._seen - sum(a for a, _ in own), self._mean - sum(b for _, b in own))


class Outlook:
    """What to expect on each day, worked out once until something touches it."""

    def __init__(self, known: Reported, fed: Fed, limits: Thresholds) -> None:
        self._known, self._fed, self._limits = known, fed, limits
        self._oldest: int | None = None
        self._ill: dict[int, ExpectedIll] = {}
        self._rates: dict[int, ExpectedAbsent] = {}
        self._calls: dict[int, AbsentOn] = {}

    def ill(self, day: int) -> ExpectedIll:
        """People ill."""
        if day not in self._ill:
            self._ill[day] = ExpectedIll(self._known, self._fed, self._limits, day)
        return self._ill[day]

    def absent(self, day: int) -> AbsentOn:
        """Roll calls."""
        if day not in self._calls:
            calls = self._known.calls_on(day)
            self._calls[day] = AbsentOn(calls, self._fed, self._absent_rates, day)
        return self._calls[day]

    def _absent_rates(self, day: int) -> ExpectedAbsent:
        if day not in self._rates:
            self._rates[day] = ExpectedAbsent(self._known, self._fed, self._limits, day)
        return self._rates[day]

    def all_is_stale(self) -> bool:
        """Whether the first report of all is another one now, so that a day knows more of its baseline or less. Then all is dropped."""
        before, self._oldest = self._oldest, self._known.oldest()
        days = [*self._ill, *self._rates]
        if not days or before == self._oldest:
            return False
        enough = min(days) - GAP - self._limits.cluster_baseline_days
        firsts = {
            0 if one is None else max(enough, self._known.day_of(one))
            for one in (before, self._oldest)
        }
        if len(firsts) == 1:
            return False
        self.drop_all()
        return True

    def drop_all(self) -> None:
        """Of each day."""
        for of in (self._ill, self._rates, self._calls):
            of.clear()

    def bearing(self, day: int) -> range:
        """Days of which what is reported of this one is the background, the settled week among them."""
        return range(day + _SETTLED, day + GAP + self._limits.cluster_baseline_days + 1)

    def reported_ill(self, day: int) -> None:
        """People fell ill on that day."""
        drop_days(self._ill, self.bearing(day))

    def called(self, day: int) -> None:
        """There is another roll call of that day."""
        self._calls.pop(day, None)
        later = range(day + GAP + 1, day + GAP + self._limits.cluster_baseline_days + 1)
        drop_days(self._rates, later)
        drop_days(self._calls, later)


def drop_days(known: dict[int, Any], days: range) -> None:
    """Drops what is known of days."""
    for one in [one for one in known if one in days]:
        del known[one]


def surprise(observed: float, mean: float, variance: float) -> float:
    """The upper tail, and 1 for what is no more than expected."""
    return 1.0 if observed <= mean else tail(observed, mean, variance)


def _spread(calls: Mapping[str, list[Call]], shares: Mapping[str, float]) -> float:
    """k of variance = mean + k mean^2, by moments."""
    excess = squares = 0.0
    for name, of in calls.items():
        for one in of:
            mean = shares[name] * one.pupils
            excess += (one.absent - mean) ** 2 - mean
            squares += mean * mean
    return excess / squares if squares else 0.0


def _most(mean: float) -> int:
    people = _CAP_LEAST
    while mean > 0 and poisson(people + 1, mean) > _CAP:
        people += 1
    return people
