"""The sum of what recipients report, beside a naive one: in any order, added and taken away."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.core.metrics.reception import Attendance, ReceptionSum

REPORTS = st.tuples(
    st.sampled_from(("S1", "S2")),
    st.integers(0, 1),
    st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9)),
)
GROUPS = st.tuples(
    st.sampled_from(("S1", "S2")), st.integers(0, 1), st.sampled_from(("sd", "guru"))
)


@given(st.lists(REPORTS, max_size=8), st.integers(0, 8), st.randoms(use_true_random=False))
def test_of_a_recipient_and_day_the_greatest_report_counts(
    reports: list[tuple[str, int, Attendance]], taken_away: int, chance: Random
) -> None:
    total, gone = ReceptionSum(), reports[:taken_away]
    steps = [(one, 1) for one in reports]
    chance.shuffle(steps)
    for (recipient, day, report), sign in [*steps, *((one, -1) for one in gone)]:
        total.attend((recipient, day), {report: 1}, sign)
    greatest: dict[tuple[str, int], Attendance] = {}
    for recipient, day, report in reports[taken_away:]:
        greatest[recipient, day] = max(report, greatest.get((recipient, day), report))
    assert total.present == sum(one[2] for one in greatest.values())
    assert total.absent_ill == sum(one[3] for one in greatest.values())


@given(st.lists(GROUPS, max_size=8), st.integers(0, 8))
def test_a_group_declined_twice_counts_once(
    groups: list[tuple[str, int, str]], taken_away: int
) -> None:
    registered = {"sd": 100, "guru": 5}
    total, less = ReceptionSum(), ReceptionSum()
    for one in groups:
        total.decline(one, registered[one[2]], 1)
    for one in groups[:taken_away]:
        less.decline(one, registered[one[2]], 1)
    total.add(less, -1)
    assert total.declined_registered == sum(registered[g] for _, _, g in set(groups[taken_away:]))
