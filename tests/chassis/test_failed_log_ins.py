"""Who guesses passwords is slowed, and nobody else."""

from __future__ import annotations

from chassis.http.failed_log_ins import FailedLogIns, GuessPolicy


def test_an_address_that_guesses_is_slowed_alone() -> None:
    failed = FailedLogIns(GuessPolicy(at_once=3, seconds_each=5, addresses=2))
    for _ in range(3):
        assert failed.wait_s("a", 0.0) == 0
        failed.begun("a", 0.0)
    assert failed.wait_s("a", 4.0) == 5
    assert failed.wait_s("a", 6.0) == 0
    assert failed.wait_s("b", 0.0) == 0


def test_tries_at_once_are_bounded_and_the_right_ones_forgiven() -> None:
    failed = FailedLogIns(GuessPolicy(at_once=2, seconds_each=5))
    failed.begun("a", 0.0)
    failed.begun("a", 0.0)
    assert failed.wait_s("a", 0.0) == 5
    failed.passed("a")
    assert failed.wait_s("a", 0.0) == 0
