"""Absence at the first roll call of each recipient after a meal, against what to expect of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from streams.core.alerts.cluster.absence_wave import AbsenceWave
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.exposures import Exposure, ServedRecipient
from streams.core.alerts.cluster.evidence.finding_store import HOUR_MS, FindingStore
from streams.core.alerts.cluster.evidence.findings import RollCall
from streams.core.alerts.cluster.exceedance import tail_above


class Absence(NamedTuple):
    """Roll calls after the meal; `high`: those of recipients where absence alone is beyond chance."""

    calls: list[RollCall]
    high: list[RollCall]
    expected: float
    p: float


def absence_after(
    exposure: Exposure,
    store: FindingStore,
    waves: Mapping[int, AbsenceWave],
    policy: ClusterPolicy,
) -> Absence:
    """`waves`: of the exposure's day and those after on which a roll call may tell of it."""
    calls: list[RollCall] = []
    high: list[RollCall] = []
    mean = variance = 0.0
    recipients = [one.recipient for one in exposure.served]
    factors: dict[int, float] = {}
    for one in exposure.served:
        call = _first_call(one, store, waves, policy)
        if call is None:
            continue
        wave = waves[call.day]
        if call.day not in factors:
            factors[call.day] = wave.factor(recipients)
        pupils = call.present + call.absent_ill
        expected = wave.rates.share(one.recipient) * factors[call.day] * pupils
        spread = expected + wave.rates.spread * expected * expected
        calls.append(call)
        mean += expected
        variance += spread
        if tail_above(call.absent_ill, expected, spread) < policy.recipient_absent_p:
            high.append(call)
    observed = sum(call.absent_ill for call in calls)
    return Absence(calls, high, mean, tail_above(observed, mean, variance))


def _first_call(
    one: ServedRecipient,
    store: FindingStore,
    waves: Mapping[int, AbsenceWave],
    policy: ClusterPolicy,
) -> RollCall | None:
    calls = store.chunk(f"recipient|{one.recipient}").roll_calls()
    for later in waves if calls else ():
        call = calls.get(later)
        if call is not None:
            lag_h = (call.at - one.ate) / HOUR_MS
            if policy.onset_min_h <= lag_h <= policy.onset_max_h:
                return call
    return None
