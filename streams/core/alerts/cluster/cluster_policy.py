"""The figures of the rule, from the region's thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from contracts.registry.entities import Thresholds
from streams.core.alerts.cluster.evidence.meal_reports import MealReach, most_ms

_FIRST_WINDOWS_H = (2.0, 6.0, 24.0)


@dataclass(frozen=True)
class ClusterPolicy:
    """`foodborne_cluster` and `illness_reported` as figures. Hours are of onset after the meal."""

    onset_min_h: float = 0.5
    onset_max_h: float = 72.0
    windows_h: tuple[float, ...] = (*_FIRST_WINDOWS_H, 72.0)
    """Onsets up to so many hours after the meal are tested together: the first hours, fast, middle and slow agents."""
    quiet_h: float = 72.0
    """A suspicion ends when nothing new was received for so long."""
    baseline_days: int = 28
    prior_per_person_day: float = 7.4e-5
    """People a clinic sees a person and day without an outbreak; stands for the days of baseline not there yet."""
    absent_ill_prior: float = 0.015
    """Share absent because ill, until the region has its own."""
    absent_spread: float = 0.3
    """Least k of variance = mean + k mean^2 of one recipient's absent-ill: illness comes in classes, not one by one."""
    people_a_registered: float = 3.3
    """Inhabitants a registered one: patients without a recipient are mostly not fed by any kitchen."""
    clumping_prior: float = 1.2
    """Variance / mean of the people ill of one recipient and day, until the region has its own: children of one house."""
    daytime: float = 3.0
    """A window shorter than a day is taken to hold so many times its share: schools notice, and people remember, by day."""
    region_weight: float = 30.0
    """People by which what the other areas of the region report these days is drawn to what it reported before."""
    region_factor_max: float = 3.0
    least_people: int = 2
    chance_pantau: float = 0.8
    chance_waspada: float = 0.3
    chance_siaga: float = 0.06
    """Levels by the chance that any kitchen of the region shows so much without an outbreak: below this.

    Bounds, not rates: the tests of one meal overlap. What they come to in false signals a year: docs/bench/detection.md.
    """
    attack_rate_siaga: float = 0.01
    """People ill a meal served from which waspada is siaga."""
    unplaced_only_level: int = 1
    """Highest level where no patient names a recipient of the kitchen: its neighbours share the same evidence."""
    one_recipient_absent_level: int = 2
    """Highest level by absence alone, if it is high at one recipient: that may be influenza."""
    recipient_absent_p: float = 1e-3
    """Absence of one recipient counts as high below this chance."""
    illness_chance_pantau: float = 0.1
    illness_chance_waspada: float = 0.01
    """`illness_reported`: levels by the chance that any recipient of the region shows so much on a day."""
    illness_least_people: int = 3
    events_named: int = 500
    """Events named as evidence, the latest; all are counted."""

    @cached_property
    def reach(self) -> MealReach:
        """Onsets that a meal may be the cause of."""
        return MealReach(self.onset_min_h * 3_600_000, most_ms(self.onset_max_h))

    def days_of(self, hours: float) -> float:
        """Days of ordinary illness that the window up to `hours` after a meal stands for."""
        days = (hours - self.onset_min_h) / 24
        return max(days, min(1.0, self.daytime * days))

    def raised(self, seen: float, expected: float) -> float:
        """The factor by which to raise an expectation where others show `seen` and should show `expected`; at least 1."""
        factor = (self.region_weight + seen) / (self.region_weight + expected)
        return min(max(1.0, factor), self.region_factor_max)

    @staticmethod
    def of(thresholds: Thresholds) -> ClusterPolicy:
        """The rule of a region."""
        return ClusterPolicy(
            onset_min_h=thresholds.cluster_onset_min_h,
            onset_max_h=thresholds.cluster_onset_max_h,
            windows_h=(
                *(h for h in _FIRST_WINDOWS_H if h < thresholds.cluster_onset_max_h),
                thresholds.cluster_onset_max_h,
            ),
            quiet_h=thresholds.cluster_quiet_h,
            baseline_days=thresholds.cluster_baseline_days,
            prior_per_person_day=thresholds.foodborne_prior_per_person_day,
            least_people=thresholds.cluster_min_cases,
            chance_pantau=thresholds.cluster_p_pantau,
            chance_waspada=thresholds.cluster_p_waspada,
            chance_siaga=thresholds.cluster_p_siaga,
            attack_rate_siaga=thresholds.cluster_attack_rate_siaga,
        )
