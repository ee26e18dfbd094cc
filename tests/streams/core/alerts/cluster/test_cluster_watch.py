"""Suspected clusters: laws that hold for any findings, and the cases that an officer would ask about."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.registry.entities import Thresholds
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.findings import (
    BatchCooked,
    ClusterAssessed,
    Finding,
    PatientsCounted,
    PatientSeen,
    PupilsIll,
)
from tests.streams.suspected_world import (
    AS_OF,
    DAY,
    HOUR,
    KITCHENS,
    MEAL,
    PLACES,
    PUPILS,
    SCHOOLS,
    kitchen_of,
    level_of,
    meal,
    ordinary_weeks,
    patient,
    patients,
    roll_call,
    verdict_on,
    watch,
)

LAWS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCHOOL = SCHOOLS[0]


def _seen(number: int, school: str, hours: int, person: int) -> PatientSeen:
    place = PLACES[number % 2]
    onset = MEAL + hours * HOUR
    return PatientSeen(
        f"K{number % 3}", f"p{number}", f"{person:032x}", school, place, onset, onset + HOUR
    )


NUMBERS = st.integers(0, 30)
OFTEN_NO_SCHOOL = st.sampled_from((*SCHOOLS, "", ""))
SEEN = st.builds(_seen, NUMBERS, OFTEN_NO_SCHOOL, st.integers(-240, 69), st.integers(0, 12))
FINDINGS = st.one_of(
    SEEN,
    st.builds(
        lambda n, school, people, hours: PatientsCounted(
            f"K{n % 3}", f"c{n}", school, PLACES[0], people, MEAL + hours * HOUR, MEAL + hours * HOUR + HOUR
        ),
        *(NUMBERS, OFTEN_NO_SCHOOL, st.integers(1, 9), st.integers(-100, 69)),
    ),
    st.builds(
        lambda n, school, people, hours: PupilsIll(
            school, f"i{n}", people, MEAL + hours * HOUR, MEAL + hours * HOUR + HOUR
        ),
        *(NUMBERS, st.sampled_from(SCHOOLS), st.integers(1, 9), st.integers(-100, 69)),
    ),
    st.builds(roll_call, st.sampled_from(SCHOOLS), st.integers(DAY - 30, DAY + 2), st.integers(0, 60)),
    st.builds(
        lambda school, batch, day: meal(school, batch=f"b{batch}", day=day),
        *(st.sampled_from(SCHOOLS), st.integers(0, 2), st.integers(DAY - 5, DAY + 2)),
    ),
    st.builds(
        lambda kitchen, batch, day: BatchCooked(
            kitchen, f"k{batch}-{day}", f"b{batch}", MEAL - 6 * HOUR + day * 24 * HOUR, ("lot-1",)
        ),
        *(st.sampled_from(KITCHENS), st.integers(0, 2), st.integers(-2, 2)),
    ),
)  # fmt: skip


def unlike(findings: list[Finding]) -> list[Finding]:
    """The last of each identity."""
    return list({(one.source, one.id): one for one in findings}.values())


LISTS = st.lists(FINDINGS, max_size=25).map(unlike)


@LAWS
@given(LISTS, st.randoms())
def test_the_order_and_the_moments_of_asking_change_nothing(
    findings: list[Finding], chance: object
) -> None:
    mixed = list(findings)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    asked = watch()
    for one in mixed:
        asked.put(one)
        asked.verdicts(AS_OF)
        asked.illness(SCHOOL, DAY + 1)
    fresh = watch(*findings)
    assert asked.verdicts(AS_OF) == fresh.verdicts(AS_OF)
    assert asked.illness(SCHOOL, DAY + 1) == fresh.illness(SCHOOL, DAY + 1)


@LAWS
@given(LISTS, LISTS)
def test_what_is_retracted_was_never_there(findings: list[Finding], more: list[Finding]) -> None:
    known = {(one.source, one.id) for one in findings}
    added = [one for one in more if (one.source, one.id) not in known]
    made = watch(*findings)
    before = made.verdicts(AS_OF)
    for one in added:
        made.put(one)
    made.verdicts(AS_OF)
    for one in added:
        made.remove((one.source, one.id))
    assert made.verdicts(AS_OF) == before


@LAWS
@given(LISTS)
def test_state_brings_everything_back(findings: list[Finding]) -> None:
    made = watch(*findings)
    records = made.changed()
    assert not made.changed()
    other = watch()
    other.restore(value for value in records.values() if value is not None)
    assert other.verdicts(AS_OF) == made.verdicts(AS_OF)
    assert not other.changed()


@LAWS
@given(LISTS, st.sampled_from(SCHOOLS), st.integers(1, 69))
def test_one_more_patient_never_lowers_a_level(
    findings: list[Finding], school: str, hours: int
) -> None:
    before = watch(*findings)
    after = watch(*findings, patient(999, school, hours))
    for kitchen in KITCHENS:
        assert level_of(after, kitchen) >= level_of(before, kitchen)


def test_the_policy_of_a_region_without_thresholds_is_the_default() -> None:
    assert ClusterPolicy.of(Thresholds()) == ClusterPolicy()


def test_levels_rise_with_the_patients() -> None:
    noted = [level_of(watch(*patients(n, SCHOOL, 3)), kitchen_of(SCHOOL)) for n in range(6)]
    assert noted[:2] == [0, 0]
    assert noted == sorted(noted)
    assert noted[-1] == 3


def test_patients_of_several_clinics_are_one_cluster() -> None:
    seen = [patient(n, SCHOOL, 3 + n / 4, clinic=f"K{n}", place=PLACES[n % 2]) for n in range(4)]
    found = verdict_on(watch(*seen), kitchen_of(SCHOOL))
    assert found is not None and found.level == 3
    assert (found.people, found.attack.at_risk, found.agent_class) == (4, 2 * PUPILS, "fast")
    assert {one for _, _, one in found.events} == {one.id for one in seen}
    assert found.not_yet_ill == (SCHOOLS[1],)
    assert level_of(watch(*seen), KITCHENS[1]) == 0


def test_onset_before_the_meal_is_not_of_it() -> None:
    early = [_seen(n, SCHOOL, -80, n) for n in range(5)]
    found = verdict_on(watch(*early), kitchen_of(SCHOOL))
    assert found is None or found.meal_day < DAY


def test_patients_who_name_no_school_are_shared_out() -> None:
    nameless: list[Finding] = [patient(50 + n, "", 4 + n / 10) for n in range(12)]
    named = patients(1, SCHOOL, 3)
    alone, both = watch(*named), watch(*named, *nameless)
    found = verdict_on(both, kitchen_of(SCHOOL))
    assert found is not None and found.unplaced > 5
    assert level_of(both, kitchen_of(SCHOOL)) > level_of(alone, kitchen_of(SCHOOL))
    # Nobody names a school: every kitchen there shares the evidence, none is accused.
    assert max(one.level for one in watch(*nameless).verdicts(AS_OF)) == 1


def test_puskesmas_and_hospital_report_one_patient_once() -> None:
    first = patient(1, SCHOOL, 4)
    sent = PatientSeen("RS", "r1", first.patient, "", "", first.onset + HOUR, first.received + HOUR)
    found = verdict_on(watch(first, sent), kitchen_of(SCHOOL))
    assert found is not None and (found.people, repr(found.unplaced)) == (1, "0.0")


def test_a_tally_counts_like_patients_but_not_on_top_of_them() -> None:
    tally = PatientsCounted("K1", "t", SCHOOL, PLACES[0], 5, MEAL + 3 * HOUR, MEAL + 5 * HOUR)
    found = verdict_on(watch(tally, *patients(3, SCHOOL, 3)), kitchen_of(SCHOOL))
    assert found is not None and found.people == 5 and found.level == 3


def test_absence_next_morning_is_seen_without_any_patient() -> None:
    quiet = watch(*ordinary_weeks(), *(roll_call(school, DAY + 1, 4) for school in SCHOOLS))
    assert all(one.level == 0 for one in quiet.verdicts(AS_OF))
    absent = [roll_call(school, DAY + 1, 97 if school in SCHOOLS[:2] else 4) for school in SCHOOLS]
    found = verdict_on(watch(*ordinary_weeks(), *absent), KITCHENS[0])
    assert found is not None and found.level == 3 and found.absent_ill == 194
    assert level_of(watch(*ordinary_weeks(), *absent), KITCHENS[1]) == 0


def test_a_late_roll_call_of_last_week_is_in_what_absence_is_expected() -> None:
    findings = [*ordinary_weeks(), *(roll_call(school, DAY + 2, 60) for school in SCHOOLS[:2])]
    late = roll_call(SCHOOL, DAY - 6, 60, minute=600)
    asked = watch(*findings)
    asked.verdicts(AS_OF)
    asked.put(late)
    assert asked.verdicts(AS_OF) == watch(*findings, late).verdicts(AS_OF)


def test_one_school_by_absence_alone_may_be_influenza() -> None:
    absent = [roll_call(school, DAY + 1, 97 if school == SCHOOL else 4) for school in SCHOOLS]
    assert level_of(watch(*ordinary_weeks(), *absent), KITCHENS[0]) == 2


def test_a_wave_in_all_schools_is_no_kitchens_doing() -> None:
    wave = [roll_call(school, DAY + 1, 10) for school in SCHOOLS]
    assert all(one.level == 0 for one in watch(*ordinary_weeks(), *wave).verdicts(AS_OF))


def test_one_lot_over_two_kitchens() -> None:
    cooked = [BatchCooked(KITCHENS[n], "k", "b", MEAL - 5 * HOUR, ("TB|ayam-7",)) for n in (0, 1)]
    meals = [meal(school, batch="b") for school in SCHOOLS[:4]]
    seen = [patient(1, SCHOOLS[0], 8), patient(2, SCHOOLS[2], 9), patient(3, SCHOOLS[3], 9)]
    lots = [one for one in watch(*cooked, *meals, *seen).verdicts(AS_OF) if one.lot]
    assert [(one.lot, one.units, one.people) for one in lots] == [("TB|ayam-7", KITCHENS[:2], 3)]
    assert lots[0].level > 0
    again = [BatchCooked(KITCHENS[0], "k", "b", MEAL - 5 * HOUR, ("TB|ayam-7",))]
    assert not [one for one in watch(*again, *meals, *seen).verdicts(AS_OF) if one.lot]


def test_attack_rate_by_batch_and_who_else_got_it() -> None:
    meals = [meal(SCHOOLS[0], batch="b1"), meal(SCHOOLS[1], batch="b2")]
    found = verdict_on(watch(*meals, *patients(6, SCHOOL, 8)), KITCHENS[0])
    assert found is not None
    assert {batch: one.ill for batch, one in found.attack_by_batch.items()} == {"b1": 6, "b2": 0}
    assert found.not_yet_ill == (SCHOOLS[1],) and not found.assumed
    assert found.agent_class == "middle"


def test_a_meal_of_another_kitchen_links_to_that_kitchen() -> None:
    days = range(DAY - 3, DAY + 3)
    meals = [meal(SCHOOL, batch="b", kitchen=KITCHENS[2], day=day) for day in days]
    made = watch(*meals, *patients(5, SCHOOL, 3))
    assert level_of(made, KITCHENS[2]) == 3
    assert level_of(made, KITCHENS[0]) == 0


def test_it_is_over_when_nothing_new_comes_for_three_days() -> None:
    made = watch(*patients(5, SCHOOL, 3))
    last = MEAL + round(5.4 * HOUR)
    assert level_of(made, KITCHENS[0], last + 71 * HOUR) == 3
    assert verdict_on(made, KITCHENS[0], last + 72 * HOUR) is None


def test_history_raises_what_is_expected_and_a_verified_cluster_does_not() -> None:
    weeks = [_seen(1000 + n, SCHOOL, -24 * (9 + n), 1000 + n) for n in range(25)]
    plain = verdict_on(watch(*patients(2, SCHOOL, 3)), KITCHENS[0])
    used = verdict_on(watch(*weeks, *patients(2, SCHOOL, 3)), KITCHENS[0])
    assert plain is not None and used is not None and used.p > 10 * plain.p
    word = ClusterAssessed(KITCHENS[0], "a", "verified", DAY - 40, DAY - 8, 25)
    cleared = verdict_on(watch(*weeks, word, *patients(2, SCHOOL, 3)), KITCHENS[0])
    assert cleared is not None and cleared.p < used.p / 10


def test_a_discarded_suspicion_makes_the_next_less_surprising() -> None:
    word = ClusterAssessed(KITCHENS[0], "a", "discarded", DAY - 3, DAY - 2, 6)
    before = verdict_on(watch(*patients(2, SCHOOL, 3)), KITCHENS[0])
    after = verdict_on(watch(word, *patients(2, SCHOOL, 3)), KITCHENS[0])
    assert before is not None and after is not None and after.chance > 2 * before.chance


def test_what_is_too_old_is_forgotten_and_its_state_deleted() -> None:
    made = watch(*ordinary_weeks(), *patients(3, SCHOOL, 3), meal(SCHOOLS[1], batch="b"))
    made.changed()
    made.forget(AS_OF + 60 * 24 * HOUR)
    assert set(made.changed().values()) == {None}
    assert not made.verdicts(AS_OF)
