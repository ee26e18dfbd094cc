"""From when until when events count, as their corrections come."""

from __future__ import annotations

from audit.recompute.outbreaks.lives import RETRACTED, Arrival, steps

_DAY = 86_400_000
_CALL = "recipient.attendance.reported"


def arrival(identity: str, received: int, **more: object) -> Arrival:
    given: dict[str, object] = {"type": _CALL, "supersedes": "", "recorded": received} | more
    rank = (int(str(given["recorded"])), identity)
    return Arrival(
        1, "npsn:1", identity, str(given["type"]), str(given["supersedes"]), 0, received, rank
    )


def lives(*arrivals: Arrival) -> list[tuple[int, str, bool]]:
    return [(at, arrivals[place].id, counts) for at, place, counts in steps(arrivals)]


def test_a_correction_takes_the_place_of_what_it_names_when_it_comes() -> None:
    found = lives(arrival("a", 10), arrival("b", 20, supersedes="a"))
    assert found == [(10, "a", True), (20, "a", False), (20, "b", True)]


def test_of_two_corrections_the_later_recorded_wins_whichever_comes_first() -> None:
    late = arrival("c", 30, supersedes="a", recorded=5)
    found = lives(arrival("a", 10), arrival("b", 20, supersedes="a"), late)
    assert found == [(10, "a", True), (20, "a", False), (20, "b", True)]


def test_a_retraction_is_final() -> None:
    ended = arrival("b", 20, supersedes="a", type=RETRACTED)
    found = lives(arrival("a", 10), ended, arrival("c", 30, supersedes="b"))
    assert found == [(10, "a", True), (20, "a", False)]


def test_a_correction_counts_until_a_target_of_another_type_arrives() -> None:
    other = arrival("a", 20, type="recipient.illness.noticed")
    found = lives(arrival("b", 10, supersedes="a"), other)
    assert found == [(10, "b", True), (20, "b", False), (20, "a", True)]


def test_what_is_received_earlier_than_what_came_before_it_counts_with_that() -> None:
    assert lives(arrival("a", 10), arrival("b", 8, supersedes="x")) == [
        (10, "a", True),
        (10, "b", True),
    ]


def test_what_comes_30_days_later_changes_nothing() -> None:
    late = arrival("b", 31 * _DAY, supersedes="a")
    assert lives(arrival("a", 10), late) == [(10, "a", True), (31 * _DAY, "b", True)]
