"""Tails against sums of the textbook's terms, and against figures that others published."""

from __future__ import annotations

from math import comb, exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.alerts.cluster.exceedance import (
    count_tail,
    fisher,
    negative_binomial_tail,
    of_any,
    poisson_tail,
)

MEANS = st.floats(0.001, 80)


def poisson_sum(x: int, mean: float) -> float:
    return sum(exp(-mean) * mean**k / factorial(k) for k in range(x, x + 140))


@given(st.integers(1, 25), st.floats(0.001, 20))
def test_poisson_is_the_sum_of_its_terms(x: int, mean: float) -> None:
    assert poisson_tail(x, mean) == pytest.approx(poisson_sum(x, mean), rel=1e-8)


@given(st.integers(1, 12), st.floats(0.01, 10), st.integers(1, 20))
def test_negative_binomial_is_the_sum_of_its_terms(x: int, mean: float, shape: int) -> None:
    q = mean / (mean + shape)
    terms = [comb(k + shape - 1, k) * q**k * (1 - q) ** shape for k in range(x, x + 1500)]
    assert negative_binomial_tail(x, mean, shape) == pytest.approx(sum(terms), rel=1e-6)


@pytest.mark.parametrize(
    ("x", "mean", "published"),
    [
        # Upper critical values of chi-squared, NIST/SEMATECH e-Handbook 1.3.6.7.4: P(X >= x) = 1 - alpha of 2x degrees.
        (1, 5.991 / 2, 0.95),
        (1, 13.816 / 2, 0.999),
        (5, 18.307 / 2, 0.95),
        (10, 37.566 / 2, 0.99),
    ],
)
def test_poisson_and_chi_squared_tables(x: float, mean: float, published: float) -> None:
    assert poisson_tail(x, mean) == pytest.approx(published, abs=1e-4)


@given(st.floats(0.01, 40), st.floats(0.01, 5), MEANS, st.floats(0.1, 5))
def test_more_people_are_never_likelier(x: float, more: float, mean: float, spread: float) -> None:
    variance = mean * spread
    assert count_tail(x + more, mean, variance) <= count_tail(x, mean, variance) + 1e-9
    assert count_tail(x, mean + more, (mean + more) * spread) >= 0.0


def test_a_wide_rate_makes_many_people_less_surprising() -> None:
    assert count_tail(6, 1.0, 1.0) < count_tail(6, 1.0, 1.3) < count_tail(6, 1.0, 3.0)


def test_shared_patients_are_no_rarer_than_the_tail_says() -> None:
    # Of 4 expected patients a quarter each: the sum is 2 or more if there are 8 or more of them.
    assert poisson_tail(8, 4.0) < count_tail(2.0, 1.0, 0.25) == poisson_tail(2, 1.0)


def test_tests_together() -> None:
    assert fisher(0.01, 0.01) == pytest.approx(1e-4 * (1 - -9.210340371976182))
    assert fisher(0.0, 0.5) == 0.0
    assert of_any(0.01, 3) == pytest.approx(1 - 0.99**3)
    assert of_any(1.0, 3) == 1.0
