"""How much more all recipients report absent-ill on a local day than their own rates: a wave of influenza is in every
kitchen's schools at once, and is no kitchen's doing.

A kitchen's own recipients are left out of its factor, so that its own cases never excuse themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.core.alerts.cluster.absence_rates import AbsenceRates
from streams.core.alerts.cluster.background import sum_pairs
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.finding_store import FindingStore


class AbsenceWave:
    """Absent-ill of one local day against `rates`. Stale once a roll call of that day changes."""

    def __init__(
        self,
        store: FindingStore,
        recipients: Iterable[str],
        rates: AbsenceRates,
        policy: ClusterPolicy,
    ) -> None:
        self.rates = rates
        self._policy = policy
        self._known: dict[str, tuple[float, float]] = {}
        for recipient in recipients:
            call = store.chunk(f"recipient|{recipient}").roll_calls().get(rates.day)
            if call is not None:
                mean = rates.share(recipient) * (call.present + call.absent_ill)
                # Capped: what one school reports in an outbreak is no wave.
                most = policy.region_factor_max * mean + 1
                self._known[recipient] = min(call.absent_ill, most), mean
        self._total = sum_pairs(self._known.values())

    def factor(self, recipients: Iterable[str]) -> float:
        """At least 1: by how much to raise what is expected of these recipients."""
        own = sum_pairs(self._known[one] for one in recipients if one in self._known)
        return self._policy.raised(self._total[0] - own[0], self._total[1] - own[1])
