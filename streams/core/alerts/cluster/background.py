"""What to expect without an outbreak: each recipient's and each kecamatan's own trailing rate, with a prior.

The baseline of a day ends a week before it, so that nothing still under suspicion is part of it. Rates are gamma
distributed: shape = prior people + people seen, in person-days of both. The prior of a recipient is the region's rate
with the weight of a full baseline; the prior of the region is `prior_per_person_day` for the days that it has not
reported yet. A wave of diarrhoea is seen by the week that ended three days before: what is later belongs to the meals
that are tested.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.finding_store import FindingStore
from streams.core.alerts.cluster.evidence.findings import ClusterAssessed
from streams.core.alerts.cluster.evidence.population_at_risk import PopulationAtRisk
from streams.core.alerts.cluster.exceedance import poisson_tail

GAP_DAYS: Final = 7
SETTLED_DAYS: Final = 3
"""Nothing of the last days before the day is read: a new event seldom changes an expectation."""
_CAP_CHANCE: Final = 1e-3
"""A day with more people than chance brings so seldom is counted as the most it brings: an outbreak is no background."""


class GammaRate(NamedTuple):
    """A rate a unit of exposure: mean shape / exposure."""

    shape: float
    exposure: float

    @property
    def mean(self) -> float:
        """People a unit of exposure."""
        return self.shape / self.exposure


class Background:
    """Expectations on one local day, from what the store holds of the days before. Stale once those days change."""

    def __init__(
        self, store: FindingStore, population: PopulationAtRisk, policy: ClusterPolicy, day: int
    ) -> None:
        self.day = day
        self._policy = policy
        self.recipients = population.recipients(day)
        self._last = day - GAP_DAYS
        self.zone = population.zone
        self._days = days_known(store, population, policy, day)
        self._assessed(store)
        self._seen = self._people(store)
        registered = sum(one.registered for one in self.recipients.values())
        # The assumed rate never goes entirely: a region without a case would else expect none for ever.
        self._prior_days = max(GAP_DAYS, policy.baseline_days - self._days)
        prior = policy.prior_per_person_day
        seen = sum(self._seen.values()) + prior * registered * self._prior_days
        self.rate = seen / (registered * (self._days + self._prior_days)) if registered else prior
        self._week = self._last_week(store)
        self._week_total = sum_pairs(self._week.values())
        self._places = self._place_rates(store, population)

    def _in_baseline(self, day: int) -> bool:
        return self._last - self._policy.baseline_days <= day < self._last

    def _assessed(self, store: FindingStore) -> None:
        self._verified = verified_days(store)
        self._again: dict[str, float] = defaultdict(float)
        for kitchen, chunk in store.of_kind("kitchen"):
            for one in chunk.findings.values():
                if (
                    isinstance(one, ClusterAssessed)
                    and one.outcome == "discarded"
                    and one.last_day >= self._last - self._policy.baseline_days
                ):
                    self._again[kitchen] += one.people

    def _people(self, store: FindingStore) -> dict[str, int]:
        """Recipient -> people ill in the baseline. Sets `clumping`: variance / mean of one recipient's day."""
        seen = {}
        squares = total = 0
        prior = self._policy.prior_per_person_day
        for recipient, fed in self.recipients.items():
            days = store.chunk(f"recipient|{recipient}").people_by_day(self.zone.local_day)
            if days:
                cap = _most_by_chance(prior * fed.registered)
                counts = [
                    min(people, cap)
                    for day, people in days.items()
                    if self._in_baseline(day) and day not in self._verified[fed.kitchen]
                ]
                seen[recipient] = sum(counts)
                squares += sum(n * n for n in counts)
                total += seen[recipient]
        weight = self._policy.region_weight
        self.clumping = (self._policy.clumping_prior * weight + squares) / (weight + total)
        return seen

    def _place_rates(
        self, store: FindingStore, population: PopulationAtRisk
    ) -> dict[str, GammaRate]:
        """Patients without a recipient, a day."""
        rates = {}
        for place, registered in population.registered_at(self.day).items():
            days = store.chunk(f"place|{place}").people_by_day(self.zone.local_day)
            seen = sum(people for day, people in days.items() if self._in_baseline(day))
            daily = (
                self._policy.prior_per_person_day * self._policy.people_a_registered * registered
            )
            days_seen = self._prior_days + self._days
            rates[place] = GammaRate(daily * self._prior_days + seen, days_seen)
        return rates

    def _last_week(self, store: FindingStore) -> dict[str, tuple[float, float]]:
        """Recipient -> (days with people ill, people to expect) in the last settled week."""
        last = self.day - SETTLED_DAYS
        week = {}
        for recipient, fed in self.recipients.items():
            days = store.chunk(f"recipient|{recipient}").people_by_day(self.zone.local_day)
            seen = sum(1 for day in days if last - GAP_DAYS < day <= last)
            week[recipient] = float(seen), self.rate * fed.registered * GAP_DAYS
        return week

    def patients(self, kitchens: Iterable[str], recipients: dict[str, int]) -> GammaRate:
        """Known people ill a person and day at these recipients (id -> people at risk) of these kitchens together."""
        people = sum(recipients.values())
        seen = sum(self._seen.get(one, 0) for one in recipients)
        again = sum(self._again[kitchen] for kitchen in kitchens if kitchen in self._again)
        shape = self.rate * self._policy.baseline_days * people + seen + again
        return GammaRate(shape, (self._policy.baseline_days + self._days) * people)

    def wave(self, recipients: Iterable[str]) -> float:
        """At least 1: by how much the other areas of the region reported more in the last settled week than before."""
        own = sum_pairs(self._week[one] for one in recipients if one in self._week)
        return self._policy.raised(self._week_total[0] - own[0], self._week_total[1] - own[1])

    def unplaced(self, place: str) -> GammaRate:
        """Patients without a recipient at the clinics of a kecamatan, a day."""
        return self._places.get(place) or GammaRate(self._policy.prior_per_person_day, 1.0)


def days_known(
    store: FindingStore, population: PopulationAtRisk, policy: ClusterPolicy, day: int
) -> int:
    """Days of the baseline of a local day since anything was reported."""
    first = store.first_moment()
    if first is None:
        return 0
    known = day - GAP_DAYS - population.zone.local_day(first)
    return min(policy.baseline_days, max(0, known))


def verified_days(store: FindingStore) -> dict[str, set[int]]:
    """Kitchen -> local days of clusters that the health office has verified: no background."""
    days: dict[str, set[int]] = defaultdict(set)
    for kitchen, chunk in store.of_kind("kitchen"):
        for one in chunk.findings.values():
            if isinstance(one, ClusterAssessed) and one.outcome == "verified":
                days[kitchen].update(range(one.first_day, one.last_day + 1))
    return days


def sum_pairs(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """The sum of the firsts and that of the seconds."""
    first = second = 0.0
    for one, other in pairs:
        first += one
        second += other
    return first, second


def _most_by_chance(mean: float) -> int:
    people = 2
    while poisson_tail(people + 1, mean) > _CAP_CHANCE:
        people += 1
    return people
