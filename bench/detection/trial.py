"""One trial: all ways of reporting under one variant and family of seeds: false alarms, then outbreaks."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from bench.detection.methods.comparators import (
    COMPARATORS,
    OURS,
    Score,
    Watchers,
    signals,
    threshold_for,
)
from bench.detection.methods.ours import (
    FOLLOWED_MS,
    Follower,
    Standing,
    false_signals,
    tuned,
    watch_without_outbreaks,
)
from bench.detection.world.ordinary_days import (
    DAY_MS,
    FIRST_DAY,
    HOUR_MS,
    District,
    SimulatedOutbreak,
    SimulatedReport,
)
from bench.detection.world.regency import Regency, build
from bench.detection.world.variants import REPORTINGS, SHAPES, Reporting, Variant
from contracts.time.days import weekday
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy

WARM_UP_DAYS: Final = 36
_BETWEEN_DAYS: Final = 5
_QUIET_MS: Final = 72 * HOUR_MS
_STUDY_DAYS: Final = 31


class TrialSize(NamedTuple):
    """`days`: judged without an outbreak, for each way of reporting; `outbreaks`: at each fifth of them."""

    kitchens: int
    days: int
    outbreaks: int
    allowed_a_year: float = 2.0
    reportings: tuple[Reporting, ...] = REPORTINGS

    @property
    def regency_days(self) -> int:
        """Judged days of all ways of reporting."""
        return len(self.reportings) * self.days


class Tuning(NamedTuple):
    """Thresholds of the comparators, and our policy."""

    thresholds: dict[str, float]
    policy: ClusterPolicy


class FalseAlarms(NamedTuple):
    """What came up where there was no outbreak, by way of reporting."""

    years: float
    standings: list[list[Standing]]
    scores: list[dict[str, list[Score]]]

    def of(self, method: str, tuning: Tuning, level: int = 3) -> int:
        """Signals of a method; `level` of ours."""
        if method == OURS:
            return sum(false_signals(one, tuning.policy, level) for one in self.standings)
        threshold = tuning.thresholds[method]
        return sum(signals(one[method], threshold, _QUIET_MS) for one in self.scores)


class Outcome(NamedTuple):
    """One outbreak; `hours`: from its first onset to each method's signal, None: missed. Ours by level."""

    truth: SimulatedOutbreak
    hours: dict[str, float | None]
    levels: tuple[float | None, float | None, float | None]


def _district(
    variant: Variant, reporting: Reporting, size: TrialSize, seed: int
) -> tuple[Regency, District, list[tuple[int, list[SimulatedReport]]]]:
    dice = Random(f"{seed} {reporting}")
    regency = build(size.kitchens, dice)
    district = District(regency, variant, reporting, dice)
    last = FIRST_DAY + WARM_UP_DAYS + size.days
    return regency, district, [(day, district.day(day)) for day in range(FIRST_DAY, last)]


def without_outbreaks(
    variant: Variant, size: TrialSize, seed: int, policy: ClusterPolicy
) -> FalseAlarms:
    """Judges ordinary days by all methods."""
    found = FalseAlarms(size.regency_days / 365, [], [])
    since = FIRST_DAY + WARM_UP_DAYS
    for reporting in size.reportings:
        regency, _, days = _district(variant, reporting, size, seed)
        known = [(day, _known_by_end(regency, days, day)) for day, _ in days]
        found.standings.append(list(watch_without_outbreaks(regency, known, since, policy)))
        by_method: dict[str, list[Score]] = defaultdict(list)
        first = regency.population.zone.day_start_ms(since)
        last = regency.population.zone.day_start_ms(since + size.days)
        reports = [one for one in _in_order(days) if one.received < last]
        for score in Watchers(regency).scores(reports, first):
            by_method[score.method].append(score)
        found.scores.append(by_method)
        sys.stderr.write(f"{variant.name} without outbreaks: {reporting}\n")
    return found


def _known_by_end(
    regency: Regency, days: Sequence[tuple[int, list[SimulatedReport]]], day: int
) -> list[SimulatedReport]:
    """Reports received on a local day, whichever day they are about."""
    start, end = (regency.population.zone.day_start_ms(one) for one in (day, day + 1))
    # What comes more than two weeks late is left out: the mean is a day at most.
    near = (of for other, of in days if day - 14 <= other <= day)
    return [one for of in near for one in of if start <= one.received < end]


def tune(found: FalseAlarms, size: TrialSize, policy: ClusterPolicy) -> Tuning:
    """Each method at its most sensitive with at most the allowed signals a year; ours by its siaga."""
    allowed = size.allowed_a_year * found.years
    thresholds = {}
    for method in COMPARATORS:
        values = [score.value for one in found.scores for score in one[method]]

        def count(threshold: float, method: str = method) -> int:
            return sum(signals(one[method], threshold, _QUIET_MS) for one in found.scores)

        thresholds[method] = threshold_for(values, allowed, count)
    every = [
        one._replace(kitchen=f"{number} {one.kitchen}")
        for number, standings in enumerate(found.standings)
        for one in standings
    ]
    return Tuning(thresholds, tuned(every, allowed, policy))


def with_outbreaks(
    variant: Variant, size: TrialSize, seed: int, tuning: Tuning
) -> Iterator[Outcome]:
    """Outbreaks of every shape in turn, spread over ways of reporting, kitchens and days."""
    number = 0
    for reporting in size.reportings:
        regency, district, days = _district(variant, reporting, size, seed)
        follower = Follower(regency, days, tuning.policy)
        reports = _in_order(days)
        for day in range(FIRST_DAY + WARM_UP_DAYS, days[-1][0] - 4, _BETWEEN_DAYS):
            on = day + (weekday(day) == 7)
            truths = []
            for _ in range(size.outbreaks):
                # 7 has no factor in common with the number of shapes: each way of reporting meets all of them.
                shape = SHAPES[number * 7 % len(SHAPES)]
                truths.append(district.outbreak(on, number * 5 % size.kitchens, shape))
                number += 1
            for truth in sorted(truths, key=lambda one: one.first_onset):
                if truth.ill:
                    yield _outcome(regency, reports, follower, truth, tuning)
        sys.stderr.write(f"{variant.name} with outbreaks: {reporting}\n")


def _outcome(
    regency: Regency,
    reports: list[SimulatedReport],
    follower: Follower,
    truth: SimulatedOutbreak,
    tuning: Tuning,
) -> Outcome:
    hours: dict[str, float | None] = dict.fromkeys(COMPARATORS)
    for score in _near(regency, reports, truth):
        if hours[score.method] is None and score.value >= tuning.thresholds[score.method]:
            hours[score.method] = _hours(truth, score.at)
    levels = tuple(
        None if one is None else _hours(truth, one) for one in follower.follow(truth).moments
    )
    return Outcome(truth, hours | {OURS: levels[2]}, (levels[0], levels[1], levels[2]))


def _near(
    regency: Regency, reports: list[SimulatedReport], truth: SimulatedOutbreak
) -> Iterator[Score]:
    """Scores from the first onset on of what the outbreak touches: its kitchen, its clinics, the region."""
    until = truth.first_onset + FOLLOWED_MS
    since = truth.first_onset - _STUDY_DAYS * DAY_MS
    touched = {one.clinic for one in truth.reports} | {f"kitchen {truth.kitchen}", "region"}
    during = [one for one in reports if since <= one.received <= until] + truth.reports
    merged = sorted((one for one in during if one.received <= until), key=lambda one: one.received)
    if truth.reports:
        # A signal before the outbreak's first report cannot be of it.
        for score in Watchers(regency).scores(merged, truth.reports[0].received):
            if score.key in touched:
                yield score


def _hours(truth: SimulatedOutbreak, moment: int) -> float:
    return (moment - truth.first_onset) / HOUR_MS


def _in_order(days: Sequence[tuple[int, list[SimulatedReport]]]) -> list[SimulatedReport]:
    return sorted((one for _, of in days for one in of), key=lambda one: one.received)
