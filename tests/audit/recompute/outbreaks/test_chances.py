"""Tails against plain sums."""

from __future__ import annotations

from math import exp, lgamma, log

import pytest

from audit.recompute.outbreaks.chances import any_of, both, tail


@pytest.mark.parametrize("count", [1, 2, 5, 12, 40])
@pytest.mark.parametrize("mean", [0.01, 0.7, 4.0, 38.0])
@pytest.mark.parametrize("more", [0.0, 0.3, 5.0])
def test_a_tail_is_the_sum_of_all_that_is_as_much(count: int, mean: float, more: float) -> None:
    variance = mean + more * mean * mean
    below = sum(_probability(n, mean, variance) for n in range(count))
    assert tail(count, mean, variance) == pytest.approx(1 - below, rel=1e-6, abs=1e-12)


def _probability(n: int, mean: float, variance: float) -> float:
    if variance <= mean:
        return exp(n * log(mean) - mean - lgamma(n + 1))
    shape = mean * mean / (variance - mean)
    share = mean / (mean + shape)
    ways = lgamma(n + shape) - lgamma(shape) - lgamma(n + 1)
    return exp(ways + shape * log(1 - share) + n * log(share))


def test_a_fraction_of_a_patient_lies_between_whole_ones() -> None:
    assert tail(2, 0.5, 0.6) > tail(2.5, 0.5, 0.6) > tail(3, 0.5, 0.6)
    assert (tail(0, 1, 1), tail(1, 0, 0)) == (1.0, 0.0)


def test_many_tests_and_two_together() -> None:
    assert any_of(0.01, 10) == pytest.approx(1 - 0.99**10)
    assert both(0.05, 1.0) == pytest.approx(0.05 * (1 - log(0.05)))
