"""The rule of `foodborne_cluster` for one exposure: tests, level, attack rates, evidence.

No clock is in it: full windows after the meal are tested, so the answer depends on what was reported alone, and more
people never lower it. Tests of one exposure: people known to be ill, in each window, without and with the share of the
patients who name no recipient; absence at the first roll call after the meal; both together. The least of their chances
counts, raised by their number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from statistics import median
from typing import Final, NamedTuple

from streams.core.alerts.cluster.absence_wave import AbsenceWave
from streams.core.alerts.cluster.background import Background
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.cluster_verdict import (
    AgentClass,
    Attack,
    ClusterVerdict,
    LevelGrounds,
)
from streams.core.alerts.cluster.evidence.exposures import Exposure, ServedRecipient
from streams.core.alerts.cluster.evidence.finding_store import HOUR_MS, FindingStore
from streams.core.alerts.cluster.evidence.findings import PatientSeen, RollCall
from streams.core.alerts.cluster.evidence.population_at_risk import PopulationAtRisk
from streams.core.alerts.cluster.evidence.recipient_findings import IllReport, began, people_of
from streams.core.alerts.cluster.exceedance import count_tail, fisher, of_any

_ABSENCE_TESTS: Final = 3
_FAST_H: Final = 6.0
_MIDDLE_H: Final = 24.0


class _Linked(NamedTuple):
    """A report and the hours from the meal to its onset."""

    lag_h: float
    report: IllReport


class _Window(NamedTuple):
    hours: float
    observed: float
    expected: float
    p: float


class _Absence(NamedTuple):
    """Roll calls after the meal; `high`: those of recipients where absence alone is beyond chance."""

    calls: list[RollCall]
    high: list[RollCall]
    expected: float
    p: float


class Surroundings(NamedTuple):
    """What an exposure is judged against. `waves`: of its day and those after on which a roll call may tell of it."""

    store: FindingStore
    population: PopulationAtRisk
    background: Background
    waves: dict[int, AbsenceWave]
    policy: ClusterPolicy
    tests: int


def judge(exposure: Exposure, around: Surroundings) -> ClusterVerdict | None:
    """The verdict on one exposure; None if nobody is known to be ill or absent after it."""
    linked = {
        one.recipient: found for one in exposure.served if (found := _after_meal(one, around))
    }
    unplaced = _unplaced(exposure, around)
    absence = _absence(exposure, around)
    others = [one for _, found in unplaced.values() for one in found]
    if not linked and not others and not absence.calls:
        return None
    people = {
        recipient: people_of([one.report for one in found]) for recipient, found in linked.items()
    }
    attack = Attack(sum(people.values()), sum(one.at_risk for one in exposure.served))
    best, p_people, p = _tests(exposure, linked, unplaced, absence, around)
    grounds = LevelGrounds(
        of_any(p_people, around.tests),
        of_any(p, around.tests),
        attack.ill,
        len(others),
        attack.rate,
        len(absence.calls),
        len(absence.high),
    )
    shown = [one for found in linked.values() for one in found] or others
    events = _events(linked, others, absence)
    lag_h = median(_lags(shown)) if shown else None
    return ClusterVerdict(
        unit=exposure.unit,
        lot=exposure.lot,
        units=tuple(sorted({one.kitchen for one in exposure.served})),
        level=level_of(grounds, around.policy),
        grounds=grounds,
        p=p,
        chance=grounds.chance,
        meal_day=exposure.day,
        window_h=best.hours,
        observed=best.observed,
        expected=best.expected,
        absent_ill=sum(one.absent_ill for one in absence.calls),
        absent_expected=absence.expected,
        people=attack.ill,
        unplaced=sum(
            share * people_of([one.report for one in found]) for share, found in unplaced.values()
        ),
        attack=attack,
        attack_by_recipient={
            one.recipient: Attack(people.get(one.recipient, 0), one.at_risk)
            for one in exposure.served
        },
        attack_by_batch=_by_batch(exposure, people),
        not_yet_ill=tuple(one.recipient for one in exposure.served if one.recipient not in people),
        first_onset=min((began(one.report) for one in shown), default=None),
        last_onset=max((began(one.report) for one in shown), default=None),
        last_news=events[-1][0] if events else 0,
        median_lag_min=None if lag_h is None else round(lag_h * 60),
        agent_class=None if lag_h is None else _agent_class(lag_h),
        events=tuple((source, event) for _, source, event in events[-around.policy.events_named :]),
        all_events=frozenset((source, event) for _, source, event in events),
        assumed=any(one.assumed for one in exposure.served),
    )


def _tests(
    exposure: Exposure,
    linked: dict[str, list[_Linked]],
    unplaced: dict[str, tuple[float, list[_Linked]]],
    absence: _Absence,
    around: Surroundings,
) -> tuple[_Window, float, float]:
    """The window that surprises most; the chance of the people known to be ill; that of everything."""
    windows = [
        window
        for hours in around.policy.windows_h
        for window in _windows(hours, exposure, linked, unplaced, around)
    ]
    best = min(windows, key=lambda one: one.p)
    p_people = of_any(best.p, len(windows))
    if not absence.calls:
        return best, p_people, p_people
    together = fisher(p_people, absence.p)
    return best, p_people, of_any(min(p_people, absence.p, together), _ABSENCE_TESTS)


def _events(
    linked: dict[str, list[_Linked]], others: list[_Linked], absence: _Absence
) -> list[tuple[int, str, str]]:
    """(received, source, id) of the evidence, in that order."""
    own = (one for found in linked.values() for one in found)
    reports = {(one.report.received, one.report.source, one.report.id) for one in (*own, *others)}
    return sorted(reports | {(one.received, one.source, one.id) for one in absence.high})


def _after_meal(one: ServedRecipient, around: Surroundings) -> list[_Linked]:
    found = around.store.chunk(f"recipient|{one.recipient}").reports()
    return list(_linked(found, one.ate, around)) if found else []


def _linked(reports: list[IllReport], ate: int, around: Surroundings) -> Iterator[_Linked]:
    policy = around.policy
    first = bisect_left(reports, ate + policy.onset_min_h * HOUR_MS, key=began)
    for report in islice(reports, first, None):
        lag_h = (began(report) - ate) / HOUR_MS
        if lag_h > policy.onset_max_h:
            return
        if isinstance(report, PatientSeen) and report.ate_at is not None:
            day_of = around.population.zone.local_day
            if day_of(report.ate_at) != day_of(ate):
                continue
        yield _Linked(lag_h, report)


def _unplaced(exposure: Exposure, around: Surroundings) -> dict[str, tuple[float, list[_Linked]]]:
    """Kecamatan -> (share of its registered who got the meal, patients there without a recipient)."""
    first: dict[str, int] = {}
    got: dict[str, int] = defaultdict(int)
    for one in exposure.served:
        for place in {one.place, ""}:
            first[place] = min(one.ate, first.get(place, one.ate))
            got[place] += one.at_risk
    registered = around.population.registered_at(exposure.day)
    found = {}
    for place, ate in first.items():
        linked = list(_linked(around.store.chunk(f"place|{place}").reports(), ate, around))
        found[place] = min(1.0, got[place] / max(1, registered.get(place, 0))), linked
    return found


def _windows(
    hours: float,
    exposure: Exposure,
    linked: dict[str, list[_Linked]],
    unplaced: dict[str, tuple[float, list[_Linked]]],
    around: Surroundings,
) -> tuple[_Window, _Window]:
    """The window without and with patients who name no recipient."""
    days = around.policy.days_of(hours)
    at_risk = {one.recipient: one.at_risk for one in exposure.served}
    rate = around.background.patients({one.kitchen for one in exposure.served}, at_risk)
    wave = around.background.wave(at_risk)
    observed = float(sum(_people_within(found, hours) for found in linked.values()))
    mean = wave * rate.mean * sum(at_risk.values()) * days
    variance = mean * around.background.clumping + mean * mean / rate.shape
    placed = _Window(hours, observed, mean, _tail(observed, mean, variance))
    for place, (share, found) in unplaced.items():
        daily = around.background.unplaced(place)
        here = wave * daily.mean * days
        observed += share * _people_within(found, hours)
        mean += share * here
        variance += share * share * (here * around.background.clumping + here * here / daily.shape)
    return placed, _Window(hours, observed, mean, _tail(observed, mean, variance))


def _tail(observed: float, mean: float, variance: float) -> float:
    """`count_tail`, and 1 for what is no more than expected: most of what is asked, at no cost."""
    return 1.0 if observed <= mean else count_tail(observed, mean, variance)


def _people_within(found: list[_Linked], hours: float) -> int:
    return people_of([one.report for one in found if one.lag_h <= hours])


def _absence(exposure: Exposure, around: Surroundings) -> _Absence:
    policy = around.policy
    calls: list[RollCall] = []
    high: list[RollCall] = []
    mean = variance = 0.0
    recipients = [one.recipient for one in exposure.served]
    factors: dict[int, float] = {}
    for one in exposure.served:
        call = _first_call(one, around)
        if call is None:
            continue
        wave = around.waves[call.day]
        if call.day not in factors:
            factors[call.day] = wave.factor(recipients)
        pupils = call.present + call.absent_ill
        expected = wave.rates.share(one.recipient) * factors[call.day] * pupils
        spread = expected + wave.rates.spread * expected * expected
        calls.append(call)
        mean += expected
        variance += spread
        if _tail(call.absent_ill, expected, spread) < policy.recipient_absent_p:
            high.append(call)
    observed = sum(call.absent_ill for call in calls)
    return _Absence(calls, high, mean, _tail(observed, mean, variance))


def _first_call(one: ServedRecipient, around: Surroundings) -> RollCall | None:
    calls = around.store.chunk(f"recipient|{one.recipient}").roll_calls()
    for later in around.waves if calls else ():
        call = calls.get(later)
        if call is not None:
            lag_h = (call.at - one.ate) / HOUR_MS
            if around.policy.onset_min_h <= lag_h <= around.policy.onset_max_h:
                return call
    return None


def level_of(grounds: LevelGrounds, policy: ClusterPolicy) -> int:
    """0 none, 1 pantau, 2 waspada, 3 siaga."""
    by_people = 0
    if grounds.named + grounds.nameless >= policy.least_people:
        by_people = _by_chance(grounds.chance_people, policy)
    if grounds.named == 0:
        by_people = min(by_people, policy.unplaced_only_level)
    if by_people == 2 and grounds.attack_rate >= policy.attack_rate_siaga:
        by_people = 3
    if not grounds.roll_calls:
        return by_people
    if grounds.high:
        alone = by_people == 0 and grounds.high == 1
        most = policy.one_recipient_absent_level if alone else 3
    else:
        # Absence that is ordinary at each recipient accuses nobody; beside patients it weighs one level.
        most = by_people + 1 if by_people and grounds.named else 0
    return max(by_people, min(most, _by_chance(grounds.chance, policy)))


def _by_chance(chance: float, policy: ClusterPolicy) -> int:
    limits = (policy.chance_siaga, policy.chance_waspada, policy.chance_pantau)
    return next(
        (level for level, limit in zip((3, 2, 1), limits, strict=True) if chance <= limit), 0
    )


def _lags(found: list[_Linked]) -> list[float]:
    """Of patients seen one by one; of tallies, which begin with the first, only where there is nothing else."""
    seen = [one.lag_h for one in found if isinstance(one.report, PatientSeen)]
    return seen or [one.lag_h for one in found]


def _agent_class(hours: float) -> AgentClass:
    return "fast" if hours < _FAST_H else "middle" if hours < _MIDDLE_H else "slow"


def _by_batch(exposure: Exposure, people: dict[str, int]) -> dict[str, Attack]:
    totals: dict[str, tuple[int, int]] = {}
    for one in exposure.served:
        for batch in sorted(one.batches):
            ill, at_risk = totals.get(batch, (0, 0))
            totals[batch] = ill + people.get(one.recipient, 0), at_risk + one.at_risk
    return {batch: Attack(*total) for batch, total in sorted(totals.items())}
