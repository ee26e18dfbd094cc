"""How likely so many people are by chance: upper tails, by power series (Abramowitz and Stegun 6.5.29, 26.5.4)."""

from __future__ import annotations

from math import exp, expm1, lgamma, log, log1p
from typing import Final

_PRECISE: Final = 1e-16


def tail(count: float, mean: float, variance: float) -> float:
    """P(X >= count): negative binomial with this mean and variance, Poisson where it varies no more than that.

    `count` may be a fraction: the continuous functions that agree with the sums at the integers.
    """
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if variance <= mean * (1 + 1e-9):
        return poisson(count, mean)
    shape = mean * mean / (variance - mean)
    share = mean / (mean + shape)
    if share < (count + 1) / (count + shape + 2):
        return min(1.0, _beta(count, shape, share))
    return max(0.0, 1.0 - _beta(shape, count, 1 - share))


def poisson(count: float, mean: float) -> float:
    """P(X >= count), for a count and a mean above 0: the lower incomplete gamma function."""
    term = total = 1.0
    step = count
    while term > total * _PRECISE:
        step += 1
        term *= mean / step
        total += term
    return min(1.0, exp(count * log(mean) - mean - lgamma(count + 1)) * total)


def _beta(a: float, b: float, x: float) -> float:
    """The incomplete beta function I_x(a, b), for x where its series is short."""
    term = total = 1.0
    step = 0.0
    while term > total * _PRECISE:
        term *= x * (a + b + step) / (a + 1 + step)
        total += term
        step += 1
    front = lgamma(a + b) - lgamma(a + 1) - lgamma(b) + a * log(x) + b * log1p(-x)
    return exp(front) * total


def any_of(chance: float, tests: float) -> float:
    """The chance that one of so many tests shows it (Sidak)."""
    return 1.0 if chance >= 1 else -expm1(tests * log1p(-chance))


def both(one: float, other: float) -> float:
    """The chance of two tails together (Fisher)."""
    product = one * other
    return product * (1 - log(product)) if product > 0 else 0.0
