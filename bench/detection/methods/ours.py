"""Pantau's own statistics over the same reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from bench.detection.world.ordinary_days import HOUR_MS, SimulatedOutbreak, SimulatedReport
from bench.detection.world.regency import Regency, kitchen_id
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.cluster_rule import level_of
from streams.core.alerts.cluster.cluster_verdict import LevelGrounds
from streams.core.alerts.cluster.cluster_watch import ClusterWatch

_STEP_MS: Final = 10 * 60_000
"""Reports of one outbreak within this are judged together."""
FOLLOWED_MS: Final = 96 * HOUR_MS
"""An outbreak is missed if it is not seen so long after its first onset."""


class Standing(NamedTuple):
    """What was known of a kitchen at the end of a day."""

    day: int
    kitchen: str
    grounds: LevelGrounds


def watch_without_outbreaks(
    regency: Regency,
    days: Sequence[tuple[int, list[SimulatedReport]]],
    since: int,
    policy: ClusterPolicy,
) -> Iterator[Standing]:
    """Verdicts at the end of each day from `since` on. Within a day they only rise, so its end is its worst."""
    watch = ClusterWatch(regency.population, policy)
    for day, reports in days:
        for report in reports:
            watch.put(report.finding)
        if day >= since:
            watch.forget(_end(regency, day))
            for one in watch.verdicts(_end(regency, day)):
                yield Standing(day, one.unit, one.grounds)


def false_signals(standings: Sequence[Standing], policy: ClusterPolicy, level: int) -> int:
    """Alerts of at least this level; days of one kitchen less than four apart are one alert."""
    last: dict[str, int] = {}
    count = 0
    for one in standings:
        if level_of(one.grounds, policy) >= level:
            count += one.day - last.get(one.kitchen, one.day - 4) >= 4
            last[one.kitchen] = one.day
    return count


def tuned(standings: Sequence[Standing], allowed: float, policy: ClusterPolicy) -> ClusterPolicy:
    """The greatest chance for siaga at which there are at most so many false ones; waspada and pantau are no rarer."""
    chances = sorted(
        {of for one in standings for of in (one.grounds.chance, one.grounds.chance_people)}
    )
    low, high = 0, len(chances)
    while low < high:
        middle = (low + high + 1) // 2
        tried = with_siaga(policy, chances[middle - 1])
        if false_signals(standings, tried, 3) <= allowed:
            low = middle
        else:
            high = middle - 1
    return with_siaga(policy, chances[low - 1] if low else 0.0)


def with_siaga(policy: ClusterPolicy, chance: float) -> ClusterPolicy:
    """The policy with this chance for siaga."""
    return replace(
        policy,
        chance_siaga=chance,
        chance_waspada=max(chance, policy.chance_waspada),
        chance_pantau=max(chance, policy.chance_pantau),
    )


class Detection(NamedTuple):
    """Moment of each level, pantau first; None: not reached."""

    moments: tuple[int | None, int | None, int | None]


class Follower:
    """One district's watch, led through time; outbreaks are put on top and taken away again."""

    def __init__(
        self,
        regency: Regency,
        days: Sequence[tuple[int, list[SimulatedReport]]],
        policy: ClusterPolicy,
    ) -> None:
        self._watch = ClusterWatch(regency.population, policy)
        self._policy = policy
        self._reports = sorted((one for _, of in days for one in of), key=lambda one: one.received)
        self._at = 0

    def _advance(self, moment: int) -> None:
        """Takes the ordinary reports received before a moment."""
        while self._at < len(self._reports) and self._reports[self._at].received < moment:
            self._watch.put(self._reports[self._at].finding)
            self._at += 1

    def _go_back(self, at: int, truth: SimulatedOutbreak) -> None:
        """Takes away the outbreak, and the ordinary reports that came during it."""
        for report in (*self._reports[at : self._at], *truth.reports):
            self._watch.remove((report.finding.source, report.finding.id))
        self._at = at

    def follow(self, truth: SimulatedOutbreak) -> Detection:
        """When the kitchen of an outbreak reaches each level. The next one may begin the same day or later."""
        moments: list[int | None] = [None, None, None]
        self._advance(truth.first_onset)
        self._watch.forget(truth.first_onset)
        start = self._at
        until = truth.first_onset + FOLLOWED_MS
        reports = [one for one in truth.reports if one.received <= until]
        judged = 0
        for number, report in enumerate(reports):
            self._advance(report.received)
            self._watch.put(report.finding)
            later = reports[number + 1].received if number + 1 < len(reports) else until + _STEP_MS
            if later - judged >= _STEP_MS:
                judged = report.received
                self._note(truth, judged, moments)
            if moments[2] is not None:
                break
        self._go_back(start, truth)
        return Detection((moments[0], moments[1], moments[2]))

    def _note(self, truth: SimulatedOutbreak, moment: int, moments: list[int | None]) -> None:
        unit = kitchen_id(truth.kitchen)
        level = next((one.level for one in self._watch.verdicts(moment) if one.unit == unit), 0)
        for reached in range(level):
            if moments[reached] is None:
                moments[reached] = moment


def _end(regency: Regency, day: int) -> int:
    return regency.population.zone.day_start_ms(day + 1)
