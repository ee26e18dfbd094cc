"""The rule of `foodborne_cluster` for one exposure: tests, level, attack rates, evidence.

No clock is in it: full windows after the meal are tested, so the answer depends on what was reported alone, and more
people never lower it. Tests of one exposure: people known to be ill, in each window, without and with the share of the
patients who name no recipient; absence at the first roll call after the meal; both together. The least of their chances
counts, raised by their number.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.cluster_verdict import (
    AgentClass,
    Attack,
    ClusterVerdict,
    LevelGrounds,
)
from streams.core.alerts.cluster.evidence.events_behind import EventsBehind
from streams.core.alerts.cluster.evidence.exposures import Exposure
from streams.core.alerts.cluster.evidence.meal_reports import IllAfterMeal, median_lag_h
from streams.core.alerts.cluster.exceedance import fisher, of_any, tail_above
from streams.core.alerts.cluster.meals.meal_setting import MealSetting, Surroundings

_ABSENCE_TESTS: Final = 3
_FAST_H: Final = 6.0
_MIDDLE_H: Final = 24.0


class _Window(NamedTuple):
    hours: float
    observed: float
    expected: float
    p: float


class _Ill(NamedTuple):
    """People ill after a meal: by recipient, and by kecamatan those who name none."""

    named: dict[str, IllAfterMeal]
    nameless: dict[str, IllAfterMeal]


class Judgement:
    """What the tests say of one exposure. Its verdict is written once somebody asks: of a week's meals of a kitchen one
    stands for all. `tests`: exposures that are judged.
    """

    def __init__(self, setting: MealSetting, ill: _Ill, policy: ClusterPolicy, tests: int) -> None:
        self._setting = setting
        self._ill = ill
        self._policy = policy
        self.people = {recipient: found.people for recipient, found in ill.named.items()}
        self.attack = Attack(sum(self.people.values()), setting.at_risk)
        absence = setting.absence
        self._best, p_people, self.p = _tests(setting, ill)
        self.grounds = LevelGrounds(
            of_any(p_people, tests),
            of_any(self.p, tests),
            self.attack.ill,
            sum(len(found) for found in ill.nameless.values()),
            self.attack.rate,
            len(absence.calls),
            len(absence.high),
        )
        self.level = level_of(self.grounds, policy)
        self.day = setting.exposure.day
        self.events = EventsBehind(
            {f"recipient|{one}": found for one, found in ill.named.items()}
            | {f"place|{one}": found for one, found in ill.nameless.items()},
            frozenset((one.received, one.source, one.id) for one in absence.high),
        )
        self.last_news = self.events.last_received

    def over(self, as_of: int, quiet_h: float) -> bool:
        """Whether nothing new came for `quiet_h`."""
        return as_of - self.last_news >= quiet_h * 3_600_000

    @cached_property
    def verdict(self) -> ClusterVerdict:
        """The same in full."""
        exposure, absence, people = self._setting.exposure, self._setting.absence, self.people
        shown = list((self._ill.named or self._ill.nameless).values())
        lag_h = median_lag_h(shown) if shown else None
        return ClusterVerdict(
            unit=exposure.unit,
            lot=exposure.lot,
            units=tuple(sorted({one.kitchen for one in exposure.served})),
            level=self.level,
            grounds=self.grounds,
            p=self.p,
            chance=self.grounds.chance,
            meal_day=exposure.day,
            window_h=self._best.hours,
            observed=self._best.observed,
            expected=self._best.expected,
            absent_ill=sum(one.absent_ill for one in absence.calls),
            absent_expected=absence.expected,
            people=self.attack.ill,
            unplaced=sum(
                (
                    share * self._ill.nameless[place].people
                    for place, _, share in self._setting.nearby
                    if place in self._ill.nameless
                ),
                start=0.0,
            ),
            attack=self.attack,
            attack_by_recipient={
                one.recipient: Attack(people.get(one.recipient, 0), one.at_risk)
                for one in exposure.served
            },
            attack_by_batch=_by_batch(exposure, people),
            not_yet_ill=tuple(
                one.recipient for one in exposure.served if one.recipient not in people
            ),
            first_onset=min((one.first_onset for one in shown), default=None),
            last_onset=max((one.last_onset for one in shown), default=None),
            last_news=self.last_news,
            median_lag_min=None if lag_h is None else round(lag_h * 60),
            agent_class=None if lag_h is None else _agent_class(lag_h),
            events=self.events.newest(self._policy.events_named),
            all_events=self.events,
            assumed=any(one.assumed for one in exposure.served),
        )


def judge(setting: MealSetting, around: Surroundings, tests: int) -> Judgement | None:
    """On one exposure; None if nobody is known to be ill or absent after it."""
    named, nameless = {}, {}
    for one in setting.exposure.served:
        if found := _ill_after(f"recipient|{one.recipient}", one.ate, setting, around):
            named[one.recipient] = found
    for place, ate, _ in setting.nearby:
        if found := _ill_after(f"place|{place}", ate, setting, around):
            nameless[place] = found
    if not named and not nameless and not setting.absence.calls:
        return None
    return Judgement(setting, _Ill(named, nameless), around.policy, tests)


def _ill_after(
    chunk: str, ate: int, setting: MealSetting, around: Surroundings
) -> IllAfterMeal | None:
    findings = around.store.with_ill(chunk)
    if findings is None:
        return None
    reports = findings.meal_reports(setting.exposure.day, around.background.zone)
    return reports.after(ate, around.policy.reach)


def _tests(setting: MealSetting, ill: _Ill) -> tuple[_Window, float, float]:
    """The window that surprises most; the chance of the people known to be ill; that of everything."""
    windows = _windows(setting, ill)
    best = min(windows, key=lambda one: one.p)
    p_people = of_any(best.p, len(windows))
    if not setting.absence.calls:
        return best, p_people, p_people
    p_absent = setting.absence.p
    together = fisher(p_people, p_absent)
    return best, p_people, of_any(min(p_people, p_absent, together), _ABSENCE_TESTS)


def _windows(setting: MealSetting, ill: _Ill) -> list[_Window]:
    """Each window without and with patients who name no recipient."""
    nearby = [
        (one.share, ill.nameless[one.place]) for one in setting.nearby if one.place in ill.nameless
    ]
    windows = []
    for hours, span_ms, mean, variance, mean_all, variance_all in setting.expected:
        observed = float(sum(found.people_until(span_ms) for found in ill.named.values()))
        windows.append(_Window(hours, observed, mean, tail_above(observed, mean, variance)))
        for share, found in nearby:
            observed += share * found.people_until(span_ms)
        p = tail_above(observed, mean_all, variance_all)
        windows.append(_Window(hours, observed, mean_all, p))
    return windows


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


def _agent_class(hours: float) -> AgentClass:
    return "fast" if hours < _FAST_H else "middle" if hours < _MIDDLE_H else "slow"


def _by_batch(exposure: Exposure, people: dict[str, int]) -> dict[str, Attack]:
    totals: dict[str, tuple[int, int]] = {}
    for one in exposure.served:
        for batch in sorted(one.batches):
            ill, at_risk = totals.get(batch, (0, 0))
            totals[batch] = ill + people.get(one.recipient, 0), at_risk + one.at_risk
    return {batch: Attack(*total) for batch, total in sorted(totals.items())}
