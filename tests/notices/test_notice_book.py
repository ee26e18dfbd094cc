"""Who is told of what, and when."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.time.instant import rfc3339
from notices.core.notice_policy import NoticePolicy
from tests.notices.alert_rows import NIGHT, at, book, news, person, row

_NIGHT_MIN = 15 * 60
"""23:00."""
_MORNING_MIN = 21 * 60 + 1
"""05:01."""


def test_a_life_is_told_once_to_who_wants_it() -> None:
    one = book(person(), person("far", kecamatan=("32.11.01",)), person("siaga", least=3))
    one.take(row(1, 0))
    assert news(one, 0) == [("desk-1", [("a", "new")])]
    assert news(one, 30) == []
    one.take(row(2, 31, state="acknowledged", raised=0, acknowledged_by="rina"))
    assert news(one, 31) == [("desk-1", [("a", "acknowledged")])]
    one.take(row(3, 50, state="resolved", raised=0))
    assert news(one, 60) == [("desk-1", [("a", "resolved")])]
    assert news(one, 200) == []
    assert one.drain()["alert/a"] is None, "nothing is left to remember"


def test_what_comes_and_goes_between_two_messages_is_told_to_nobody() -> None:
    one = book()
    one.take(row(1, 0))
    one.take(row(2, 1, state="resolved", raised=0))
    assert news(one, 1) == []
    one.take(row(1, 0))  # The log again, from its beginning.
    one.take(row(2, 1, state="resolved", raised=0))
    assert news(one, 2) == []


def test_an_older_change_changes_nothing() -> None:
    one = book()
    one.take(row(5, 1, state="acknowledged", raised=0))
    one.take(row(4, 0))
    assert news(one, 1) == []


def test_many_at_once_are_one_message_and_later_ones_wait() -> None:
    one = book(policy=NoticePolicy(settle_ms=5_000))
    for number in range(20):
        one.take(row(number + 1, 0, f"a{number}"))
    assert news(one, 0) == []
    [(_, items)] = news(one, 0.1)
    assert len(items) == 20
    one.take(row(21, 1, "b"))
    one.take(row(22, 9, "c"))
    assert news(one, 10) == []
    assert news(one, 15.1) == [("desk-1", [("b", "new"), ("c", "new")])]


def test_an_hour_has_a_limit_that_siaga_passes() -> None:
    one = book(policy=NoticePolicy(settle_ms=0, fold_ms=60_000, per_hour=3))
    told = []
    for minute in range(30):
        one.take(row(minute + 1, minute, f"a{minute}"))
        told += news(one, minute)
    assert len(told) == 3
    one.take(row(40, 30, "s", severity=3, kind="old_food"))
    [(_, items)] = news(one, 30)
    assert items[0] == ("s", "new")
    assert len(items) == 28, "what waited comes along"
    one.take(row(41, 31, "s2", severity=3, kind="old_food"))
    assert news(one, 31) == []
    assert news(one, 32) == [("desk-1", [("s2", "new")])]


def test_quiet_hours_hold_back_all_but_siaga() -> None:
    one = book(person(quiet=NIGHT), person("awake"))
    one.take(row(1, _NIGHT_MIN))
    assert news(one, _NIGHT_MIN) == [("awake", [("a", "new")])]
    assert news(one, _MORNING_MIN) == [("desk-1", [("a", "new")])]
    one = book(person(quiet=NIGHT))
    one.take(row(1, _NIGHT_MIN))
    one.take(row(2, _NIGHT_MIN, "s", severity=3))
    assert news(one, _NIGHT_MIN) == [("desk-1", [("s", "new"), ("a", "new")])]


def test_nobody_acknowledges_so_the_next_step_hears_of_it_and_then_of_its_end() -> None:
    one = book(person(), person("head", step=2), person("regent", step=3))
    one.take(row(1, 0, severity=3))
    assert news(one, 0) == [("desk-1", [("a", "new")])]
    assert news(one, 14) == []
    assert news(one, 15) == [("head", [("a", "escalated")])]
    one.take(row(2, 20, severity=3, state="acknowledged", raised=0, acknowledged_by="rina"))
    assert [who for who, _ in news(one, 20)] == ["desk-1", "head"]
    assert news(one, 90) == [], "somebody takes care"
    one.take(row(3, 91, severity=3, state="resolved", raised=0))
    assert [who for who, _ in news(one, 91)] == ["desk-1", "head"], "the regent never knew"


@pytest.mark.parametrize(
    ("confirmed", "escalated"), [(8, [("head", [("a", "escalated")])]), (9, [])]
)
def test_a_hold_is_escalated_until_all_have_stopped(confirmed: int, escalated: list[Any]) -> None:
    one = book(person(), person("head", step=2))
    hold: dict[str, Any] = {"raised": 0, "kind": "hold", "severity": 3}
    one.take(row(1, 0, evidence={"confirmed_count": 0, "recipient_count": 9}, **hold))
    assert news(one, 0) == [("desk-1", [("a", "new")])]
    one.take(row(2, 5, evidence={"confirmed_count": confirmed, "recipient_count": 9}, **hold))
    assert news(one, 15) == escalated


@pytest.mark.parametrize("says_so", [True, False])
def test_an_acknowledgement_runs_out(says_so: bool) -> None:
    """The same whether the stream has said so yet or not."""
    one = book(person(), person("head", step=2))
    until: dict[str, Any] = {"ack_until": rfc3339(at(60)), "acknowledged_by": "rina"}
    one.take(row(1, 0))
    news(one, 0)
    one.take(row(2, 1, state="acknowledged", raised=0, **until))
    news(one, 20)
    assert news(one, 59) == []
    if says_so:
        one.take(row(3, 60, raised=0, **until))
    assert news(one, 60) == [("desk-1", [("a", "ran_out")]), ("head", [("a", "escalated")])]
    one.take(row(4, 61, raised=0, **until))
    assert news(one, 100) == []


def test_it_grows_worse_although_somebody_takes_care() -> None:
    one = book()
    one.take(row(1, 0))
    news(one, 0)
    one.take(row(2, 1, state="acknowledged", raised=0))
    news(one, 15)
    one.take(row(3, 16, severity=3, raised=0))
    assert news(one, 17) == [("desk-1", [("a", "worse")])]


def test_it_comes_back() -> None:
    one = book()
    one.take(row(1, 0))
    news(one, 0)
    one.take(row(2, 1, state="resolved", raised=0))
    one.take(row(3, 2))
    assert news(one, 20) == [("desk-1", [("a", "again")])]


def test_one_cause_is_one_line_for_who_hears_of_the_cause() -> None:
    one = book(person(), person("late", kinds=("delivery_late",)))
    one.take(row(1, 0, "root", kind="unit_silent", subject=""))
    for number in range(5):
        one.take(row(number + 2, 0, f"a{number}", evidence={"part_of": "root"}))
    first, second = one.due(at(0))
    assert [(item.alert.row.id, item.followers) for item in first.items] == [("root", 5)]
    assert len(second.items) == 5
    one.take(row(10, 20, "root", kind="unit_silent", subject="", state="resolved", raised=0))
    [(_, items)] = news(one, 20)
    assert [what for _, what in items] == ["new"] * 5 + ["resolved"]


def test_an_assessment_is_told_to_who_was_told() -> None:
    one = book()
    one.take(row(1, 0, kind="foodborne_cluster"))
    news(one, 0)
    one.take(row(2, 1, kind="foodborne_cluster", raised=0, assessment="discarded"))
    assert news(one, 15) == [("desk-1", [("a", "assessed")])]


def test_who_is_left_out_of_the_list_stops_nothing() -> None:
    one = book(person(), person("leaves"))
    one.take(row(1, 0))
    news(one, 0)
    one.use([person()], one._places)
    one.take(row(2, 1, state="resolved", raised=0))
    assert news(one, 15) == [("desk-1", [("a", "resolved")])]
    assert one.drain()["alert/a"] is None
