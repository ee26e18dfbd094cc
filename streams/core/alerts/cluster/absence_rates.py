"""What absence to expect: each recipient's own share absent because ill, drawn to the region's, and how much it varies."""

from __future__ import annotations

from typing import Final

from streams.core.alerts.cluster.background import GAP_DAYS, days_known, verified_days
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.finding_store import FindingStore
from streams.core.alerts.cluster.evidence.population_at_risk import PopulationAtRisk

_RATE_DAYS: Final = 5
"""Days by which a recipient's absence is drawn to the region's."""


class AbsenceRates:
    """Expectations on one local day, from roll calls of the baseline. Stale once those change."""

    def __init__(
        self, store: FindingStore, population: PopulationAtRisk, policy: ClusterPolicy, day: int
    ) -> None:
        self.day = day
        self._recipients = population.recipients(day)
        last = day - GAP_DAYS
        self._days = range(last - policy.baseline_days, last)
        calls = self._roll_calls(store)
        absent = sum(x for of in calls.values() for x, _ in of)
        pupils = sum(n for of in calls.values() for _, n in of)
        missing = max(GAP_DAYS, policy.baseline_days - days_known(store, population, policy, day))
        weight = missing * sum(one.registered for one in self._recipients.values())
        self._of_region = (absent + policy.absent_ill_prior * weight) / (pupils + weight or 1)
        self._of_recipient = {
            recipient: self._rate(recipient, of) for recipient, of in calls.items()
        }
        self.spread = max(policy.absent_spread, self._measured_spread(calls))

    def share(self, recipient: str) -> float:
        """Of its pupils, absent because ill on an ordinary day."""
        return self._of_recipient.get(recipient, self._of_region)

    def _rate(self, recipient: str, calls: list[tuple[int, int]]) -> float:
        drawn = _RATE_DAYS * self._recipients[recipient].registered
        absent = sum(x for x, _ in calls) + self._of_region * drawn
        return absent / (sum(n for _, n in calls) + drawn)

    def _roll_calls(self, store: FindingStore) -> dict[str, list[tuple[int, int]]]:
        """Recipient -> (absent-ill, pupils) of the baseline's days; none where there is no report."""
        verified = verified_days(store)
        found = {}
        for recipient, fed in self._recipients.items():
            without = verified.get(fed.kitchen, ())
            calls = [
                (one.absent_ill, one.present + one.absent_ill)
                for day, one in store.chunk(f"recipient|{recipient}").roll_calls().items()
                if day in self._days and day not in without
            ]
            if calls:
                found[recipient] = calls
        return found

    def _measured_spread(self, calls: dict[str, list[tuple[int, int]]]) -> float:
        """k of variance = mean + k mean^2, from all recipients by moments."""
        excess = squares = 0.0
        for recipient, of in calls.items():
            share = self._of_recipient[recipient]
            for absent, pupils in of:
                mean = share * pupils
                excess += (absent - mean) ** 2 - mean
                squares += mean * mean
        return excess / squares if squares else 0.0
