"""Which reports stand as returned: by source and event, bounded, the newest reason."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import AnswerReturn, ReturnReport
from contracts.time.days import DAY_MS
from producers.ingest.returned.standing_returns import ReturnLimits, StandingReturns
from tests.examples import KITCHEN, REGION, SCHOOL


def returned(event: str, note: str = "periksa", unit: str = SCHOOL) -> ReturnReport:
    return ReturnReport(
        id=f"c-{event}", region=REGION, by="ratna", note=note, unit=unit, event=event,
        type="recipient.meal.eaten",
    )  # fmt: skip


def answered(event: str, unit: str = SCHOOL) -> AnswerReturn:
    return AnswerReturn(
        id=f"a-{event}", region=REGION, by=unit, note="", unit=unit, event=event, answer="new"
    )


def test_each_source_has_its_own_the_newest_first() -> None:
    standing = StandingReturns()
    for at, one in enumerate([returned("a"), returned("b"), returned("k", unit=KITCHEN)]):
        standing.take(one, at)
    assert list(standing.of(SCHOOL, 5)) == ["b", "a"]
    assert list(standing.of(KITCHEN, 5)) == ["k"]
    assert standing.of("npsn:9", 5) == {}


def test_an_answer_ends_it_and_a_later_return_has_its_own_reason() -> None:
    standing = StandingReturns()
    standing.take(returned("a", "first"), 1)
    standing.take(answered("a", KITCHEN), 2)
    assert list(standing.of(SCHOOL, 5)) == ["a"], "another source answers nothing"
    standing.take(answered("a"), 3)
    standing.take(answered("a"), 4)
    assert standing.of(SCHOOL, 5) == {}
    standing.take(returned("a", "second"), 5)
    standing.take(returned("a", "third"), 6)
    [one] = standing.of(SCHOOL, 7).values()
    assert (one.order.note, one.at_ms) == ("third", 6)


def test_it_stands_no_longer_than_a_correction_would_be_taken() -> None:
    standing = StandingReturns()
    standing.take(returned("a"), 0)
    assert list(standing.of(SCHOOL, 30 * DAY_MS)) == ["a"]
    assert standing.of(SCHOOL, 30 * DAY_MS + 1) == {}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=20))
def test_the_newest_that_nothing_has_answered_since(said: list[tuple[str, bool]]) -> None:
    standing = StandingReturns(ReturnLimits(of_source=3))
    expected: list[str] = []
    for event, is_answer in said:
        standing.take(answered(event) if is_answer else returned(event), 0)
        expected = [one for one in expected if one != event]
        expected = expected if is_answer else [*expected, event][-3:]
    assert list(standing.of(SCHOOL, 0)) == expected[::-1]
