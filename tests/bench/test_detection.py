"""The comparison of methods: those that others invented give the figures that others published, and the world is what it says."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from random import Random

import pytest

from bench.detection.detection_report import DetectionRun, page, picture
from bench.detection.figures import SeenShare, duel, quantile
from bench.detection.methods import ears
from bench.detection.methods.comparators import (
    COMPARATORS,
    OURS,
    Score,
    Watchers,
    signals,
    threshold_for,
)
from bench.detection.methods.ours import Follower
from bench.detection.methods.permutation_scan import ratio, scan, zones
from bench.detection.replays import REPLAYS, replay_all
from bench.detection.trial import TrialSize, tune, with_outbreaks, without_outbreaks
from bench.detection.world.ordinary_days import (
    DAY_MS,
    FIRST_DAY,
    HOUR_MS,
    District,
    SimulatedReport,
)
from bench.detection.world.regency import Regency, build
from bench.detection.world.variants import (
    AGENTS,
    REPORTED_ON,
    REPORTINGS,
    TUNED_ON,
    OutbreakShape,
    Reporting,
)
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.findings import PatientSeen, RollCall

SALMONELLA_NEWPORT = [4, 3, 3, 5, 3, 1, 1, 1, 3, 3, 1, 2, 1, 0, 3, 3, 3]
"""Cases a week in Germany, weeks 353 to 369 of `salmNewport` in R `surveillance` 1.26.0."""
FULL = Reporting(0.0, 0.0, 1.0)


def test_ears_has_the_bounds_of_the_test_of_r_surveillance() -> None:
    # tests/testthat/test-earsC.R: C1, alpha = 0.05, the first four weeks of 2011.
    published = [3.278854, 3.278854, 3.436517, 3.855617]
    bounds = [ears.upper_bound(SALMONELLA_NEWPORT, at, 1.6448536) for at in range(12, 16)]
    assert bounds == pytest.approx(published, abs=1e-6)


@pytest.mark.parametrize("at", range(11, 17))
def test_c1_and_c2_reach_z_where_the_count_reaches_the_bound(at: int) -> None:
    for rule, lag in ((ears.c1, 0), (ears.c2, 2)):
        z = rule(SALMONELLA_NEWPORT, at, 0.0)
        bound = ears.upper_bound(SALMONELLA_NEWPORT, at, z, lag)
        assert bound == pytest.approx(SALMONELLA_NEWPORT[at])


def test_c3_alarms_when_the_bound_of_r_surveillance_does() -> None:
    # U3 = mean + sd (z - sum of max(0, C2 - 1) of the two days before), alarm if x > U3 (man/earsC.Rd).
    counts = [2, 3, 1, 2, 4, 2, 3, 2, 1, 3, 2, 6, 7, 8]
    at, z = 13, 2.0
    before = sum(max(0.0, ears.c2(counts, at - back, 0.0) - 1) for back in (1, 2))
    bound = ears.upper_bound(counts, at, z - before, lag=2)
    assert (counts[at] > bound) == (ears.c3(counts, at, 0.0) > z)
    assert ears.c3(counts, at, 0.0) == pytest.approx(before + ears.c2(counts, at, 0.0))


def test_the_scan_is_kulldorffs_ratio_at_its_greatest() -> None:
    # The table of scanstatistics' tests/testthat/test_scan_pb_perm.R: 20 of 24 cases at one place on the last day.
    days = [[1, 0], [2, 1], [0, 20]]
    by_hand = max(
        ratio(20, 21 * 20 / 24, 24),  # the second place, one day
        ratio(21, 21 * 23 / 24, 24),  # two days
        ratio(2, 3 * 23 / 24, 24),
    )
    assert scan(days, [(0,), (1,), (0, 1)]) == pytest.approx(by_hand)
    assert ratio(3, 3, 10) == ratio(2, 3, 10) == 0.0
    assert zones(((0, 1, 2), (1, 0, 2), (2, 1, 0))) == [(0,), (1,), (2,)]


def test_signals_of_one_unit_within_three_days_are_one() -> None:
    hours = (0, 10, 80, 160, 160)
    scores = [Score("m", hour * HOUR_MS, "k", 1.0) for hour in hours]
    assert signals(scores, 1.0, 72 * HOUR_MS) == 2
    assert signals(scores, 2.0, 72 * HOUR_MS) == 0
    assert threshold_for([1.0, 3.0, 2.0], 0, lambda value: int(value < 2.5)) == 3.0
    assert threshold_for([1.0], 0, lambda _: 1) == float("inf")


def regency() -> Regency:
    return build(6, Random(3))


def days_of(made: Regency, count: int, seed: int = 4) -> list[tuple[int, list[SimulatedReport]]]:
    district = District(made, TUNED_ON, FULL, Random(seed))
    return [(day, district.day(day)) for day in range(FIRST_DAY, FIRST_DAY + count)]


def test_the_same_seed_gives_the_same_days() -> None:
    assert days_of(regency(), 5) == days_of(regency(), 5)
    assert days_of(regency(), 5) != days_of(regency(), 5, seed=5)


def test_ordinary_days_have_the_rates_of_the_variant() -> None:
    made = build(40, Random(3))
    plain = replace(TUNED_ON, diarrhoea_wave=0.0, households=0.0, school_gastro_a_year=0.0)
    district = District(made, plain, FULL, Random(9))
    found = [one.finding for day in range(70) for one in district.day(FIRST_DAY + day)]
    patients = [one for one in found if isinstance(one, PatientSeen)]
    expected = plain.rate * made.fed * 70 * (1 + 0.2 / 7)
    assert sum(bool(one.recipient) for one in patients) == pytest.approx(expected, rel=0.2)
    assert len(patients) == pytest.approx(expected * (1 + plain.unfed), rel=0.15)
    calls = [one for one in found if isinstance(one, RollCall)]
    assert len(calls) == len(made.schools) * 60


def test_an_outbreak_makes_the_share_ill_that_it_says() -> None:
    made = regency()
    district = District(made, TUNED_ON, FULL, Random(9))
    fed = sum(made.schools[one].pupils for one in made.of_kitchen[1])
    truth = district.outbreak(FIRST_DAY, 1, OutbreakShape(AGENTS[1], 0.2, 0.5), share=1.0)
    assert truth.ill == pytest.approx(0.2 * fed, rel=0.25)
    patients = [one.finding for one in truth.reports if isinstance(one.finding, PatientSeen)]
    assert len(patients) == pytest.approx(truth.ill / 2, rel=0.3)
    assert {one.recipient for one in patients} <= {
        made.schools[one].name for one in made.of_kitchen[1]
    }
    assert all(truth.first_onset <= one.onset for one in patients)


def test_a_great_outbreak_is_seen_and_leaves_nothing_behind() -> None:
    made = regency()
    days = days_of(made, 45)
    district = District(made, TUNED_ON, FULL, Random(1))
    truth = district.outbreak(FIRST_DAY + 38, 2, OutbreakShape(AGENTS[0], 0.2, 0.5))
    follower = Follower(made, days, ClusterPolicy())
    first = follower.follow(truth)
    assert first == follower.follow(truth)
    pantau, waspada, siaga = first.moments
    assert pantau is not None and waspada is not None and siaga is not None
    assert truth.first_onset < pantau <= waspada <= siaga < truth.first_onset + DAY_MS


def test_each_comparator_scores() -> None:
    made = regency()
    reports = sorted(
        (one for _, of in days_of(made, 40) for one in of), key=lambda one: one.received
    )
    since = made.population.zone.day_start_ms(FIRST_DAY + 20)
    assert {score.method for score in Watchers(made).scores(reports, since)} == set(COMPARATORS)


def test_shares_hours_and_duels() -> None:
    low, high = SeenShare(8, 10).interval()  # Wilson (1927): 0.490 .. 0.943
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert quantile([1.0, None, 3.0, 2.0], 0.5) == 3.0
    assert quantile([1.0, None], 0.9) is None
    assert duel([1.0, 5.0, None, 2.0, 4.0], [3.0, 5.2, 1.0, None, 1.0]) == (1, 1, 1, 1, 1)


@pytest.fixture(scope="module")
def run() -> DetectionRun:
    policy = ClusterPolicy()
    size = TrialSize(4, 8, 1, allowed_a_year=40.0, reportings=REPORTINGS[::9])
    found = without_outbreaks(TUNED_ON, size, 5, policy)
    tuning = tune(found, size, policy)
    reported = without_outbreaks(REPORTED_ON, size, 6, policy)
    outcomes = list(with_outbreaks(REPORTED_ON, size, 6, tuning))
    replays = replay_all(policy, 7, REPLAYS[-1:])
    return DetectionRun("", size, (5, 6), tuning, found, reported, outcomes, replays)


def test_a_trial_tunes_to_the_rate_that_is_allowed(run: DetectionRun) -> None:
    for method in (OURS, *COMPARATORS):
        assert run.tuned_false.of(method, run.tuning) <= 40.0 * run.tuned_false.years
    assert run.outcomes
    assert all(set(one.hours) == {OURS, *COMPARATORS} for one in run.outcomes)


def test_the_page_and_the_picture_say_what_was_run(run: DetectionRun) -> None:
    text = page(run, "a machine", "2026-11-29T00:00:00Z", 1.0, 36)
    assert "Tuned on variant A, seed 5:" in " ".join(text.split())
    assert REPLAYS[-1].name in text
    assert all(f"| {name} |" in text for name in COMPARATORS)
    drawn = ET.fromstring(picture(run.outcomes, "2026-11-29"))
    assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) == len(COMPARATORS) + 2
