"""`illness_reported`: one recipient and day."""

from __future__ import annotations

from streams.core.alerts.cluster.evidence.findings import PupilsIll
from tests.streams.suspected_world import DAY, HOUR, MEAL, SCHOOLS, ordinary_weeks, roll_call, watch

SCHOOL = SCHOOLS[0]


def level(absent_ill: int) -> int:
    found = watch(*ordinary_weeks(), roll_call(SCHOOL, DAY, absent_ill)).illness(SCHOOL, DAY)
    assert (
        found is not None and found.absent_ill == absent_ill and 2.5 < found.absent_expected < 4.5
    )
    return found.level


def test_what_its_own_weeks_lead_one_to_expect() -> None:
    levels = [level(absent) for absent in (0, 4, 7, 15, 30, 97)]
    assert levels[:3] == [0, 0, 0]
    assert levels == sorted(levels)
    assert levels[-1] == 2


def test_without_a_history_the_prior_speaks() -> None:
    found = watch(roll_call(SCHOOL, DAY, 4)).illness(SCHOOL, DAY)
    assert found is not None and found.level == 0 and 3 < found.absent_expected < 6


def test_pupils_noticed_ill() -> None:
    noticed = PupilsIll(SCHOOL, "n", 6, MEAL + HOUR, MEAL + 2 * HOUR)
    found = watch(noticed).illness(SCHOOL, DAY)
    assert found is not None and found.level == 2 and found.ill == 6
    assert found.events == ((SCHOOL, "n"),)


def test_nothing_reported_is_no_verdict() -> None:
    assert watch(*ordinary_weeks()).illness(SCHOOL, DAY) is None
    assert watch(roll_call(SCHOOL, DAY, 4)).illness("npsn:unknown", DAY) is None


def test_a_later_report_of_the_day_counts() -> None:
    made = watch(*ordinary_weeks(), roll_call(SCHOOL, DAY, 97), roll_call(SCHOOL, DAY, 3, 11 * 60))
    found = made.illness(SCHOOL, DAY)
    assert found is not None and found.absent_ill == 3 and found.level == 0
