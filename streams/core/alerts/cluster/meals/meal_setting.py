"""What one meal's people ill are compared with. No report of people ill near the meal is in it: a new one leaves it as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from streams.core.alerts.cluster.absence_wave import AbsenceWave
from streams.core.alerts.cluster.background import Background
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.exposures import Exposure
from streams.core.alerts.cluster.evidence.finding_store import FindingStore
from streams.core.alerts.cluster.evidence.meal_reports import most_ms
from streams.core.alerts.cluster.meals.meal_absence import absence_after


class Surroundings(NamedTuple):
    """What the exposures of a day are judged against. `registered`: by kecamatan, '' for the region; `waves`: of the
    day and those after on which a roll call may tell of its meals.
    """

    store: FindingStore
    registered: Mapping[str, int]
    background: Background
    waves: Mapping[int, AbsenceWave]
    policy: ClusterPolicy


class Nearby(NamedTuple):
    """A kecamatan ('': the region): when people there first ate, and the share of its registered who got the meal."""

    place: str
    ate: int
    share: float


class ExpectedWindow(NamedTuple):
    """People ill in one window after the meal. `all`: with the share of those who name no recipient."""

    hours: float
    span_ms: int
    mean: float
    variance: float
    mean_all: float
    variance_all: float


class MealSetting:
    """Of one exposure. Stale once its surroundings are."""

    def __init__(self, exposure: Exposure, around: Surroundings) -> None:
        self.exposure = exposure
        self._background = around.background
        self._policy = around.policy
        self.absence = absence_after(exposure, around.store, around.waves, around.policy)
        self.nearby = _nearby(exposure, around.registered)
        self.at_risk = sum(one.at_risk for one in exposure.served)

    @cached_property
    def expected(self) -> list[ExpectedWindow]:
        """One a window; worked out once anybody is ill."""
        background = self._background
        at_risk = {one.recipient: one.at_risk for one in self.exposure.served}
        rate = background.patients({one.kitchen for one in self.exposure.served}, at_risk)
        wave = background.wave(at_risk)
        daily = wave * rate.mean * sum(at_risk.values())
        windows = []
        for hours in self._policy.windows_h:
            days = self._policy.days_of(hours)
            mean = daily * days
            variance = mean * background.clumping + mean * mean / rate.shape
            mean_all, variance_all = mean, variance
            for place, _, share in self.nearby:
                of_place = background.unplaced(place)
                here = wave * of_place.mean * days
                spread = here * background.clumping + here * here / of_place.shape
                mean_all += share * here
                variance_all += share * share * spread
            windows.append(
                ExpectedWindow(hours, most_ms(hours), mean, variance, mean_all, variance_all)
            )
        return windows


def _nearby(exposure: Exposure, registered: Mapping[str, int]) -> list[Nearby]:
    first: dict[str, int] = {}
    got: dict[str, int] = defaultdict(int)
    for one in exposure.served:
        for place in (one.place, "") if one.place else ("",):
            first[place] = min(one.ate, first.get(place, one.ate))
            got[place] += one.at_risk
    return [
        Nearby(place, ate, min(1.0, got[place] / max(1, registered.get(place, 0))))
        for place, ate in first.items()
    ]
