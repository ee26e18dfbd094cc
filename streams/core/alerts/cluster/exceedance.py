"""How likely so many people are without an outbreak: tails of the Poisson and negative binomial distributions.

Counts may be fractions (a patient without a recipient is shared out over kitchens): the tails are the continuous
functions that agree with the sums at whole numbers. P(X >= x) = P(x, m) for Poisson, I_q(x, r) for negative binomial
(Abramowitz and Stegun 26.4.21 and 26.5.24), both computed by series or continued fraction (Lentz).
"""

from __future__ import annotations

from math import exp, expm1, lgamma, log, log1p

_TINY = 1e-300
_PRECISE = 1e-13
_MOST_STEPS = 2000


def poisson_tail(x: float, mean: float) -> float:
    """P(X >= x) of a Poisson variable: the regularised lower incomplete gamma function P(x, mean)."""
    if x <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    scale = exp(x * log(mean) - mean - lgamma(x))
    if mean < x + 1:
        term = total = 1.0 / x
        step = x
        while term > total * _PRECISE:
            step += 1
            term *= mean / step
            total += term
        return min(1.0, scale * total)
    return max(0.0, 1.0 - scale * _upper_fraction(x, mean))


def _upper_fraction(x: float, mean: float) -> float:
    b = mean + 1 - x
    c = 1 / _TINY
    d = 1 / b
    value = d
    for i in range(1, _MOST_STEPS):
        a = i * (x - i)
        b += 2
        d = 1 / _away_from_zero(a * d + b)
        c = _away_from_zero(b + a / c)
        value *= d * c
        if abs(d * c - 1) < _PRECISE:
            break
    return value


def negative_binomial_tail(x: float, mean: float, shape: float) -> float:
    """P(X >= x), with variance mean + mean^2 / shape."""
    if x <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    return _incomplete_beta(x, shape, mean / (mean + shape))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _beta_fraction(a, b, x) / a)
    return max(0.0, 1.0 - front * _beta_fraction(b, a, 1 - x) / b)


def _beta_fraction(a: float, b: float, x: float) -> float:
    c = 1.0
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + numerator * d)
            c = _away_from_zero(1 + numerator / c)
            value *= d * c
        if abs(d * c - 1) < _PRECISE:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def count_tail(x: float, mean: float, variance: float) -> float:
    """P(X >= x) of a count with this mean and variance: negative binomial, Poisson where it varies no more than that.

    A sum of patients of whom each counts in part varies less than Poisson; its upper tail is then below this one.
    """
    if mean <= 0 or x <= 0:
        return 1.0 if x <= 0 else 0.0
    if variance > mean * (1 + 1e-9):
        return negative_binomial_tail(x, mean, mean * mean / (variance - mean))
    return poisson_tail(x, mean)


def tail_above(observed: float, mean: float, variance: float) -> float:
    """`count_tail`, and 1 for what is no more than expected: most of what is asked, at no cost."""
    return 1.0 if observed <= mean else count_tail(observed, mean, variance)


def fisher(first: float, second: float) -> float:
    """The chance of two independent tails together (Fisher's method): q (1 - ln q) of their product q."""
    product = first * second
    return product * (1 - log(product)) if product > 0 else 0.0


def of_any(p: float, tests: int) -> float:
    """The chance that at least one of so many tests shows `p` or less (Sidak)."""
    return 1.0 if p >= 1 else -expm1(tests * log1p(-p))
