"""Intervals: one function each, with its source. 95 % confidence throughout."""

from dataclasses import dataclass
from math import sqrt

from planerka.errors import NotAShareError

Z = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


@dataclass(frozen=True)
class Interval:
    """Both ends included, in the unit of what is estimated."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def wilson(numerator_n: int, denominator_n: int) -> Interval | None:
    """Interval of a share, 0..1; None for nothing out of nothing. NotAShareError unless 0 <= numerator <= denominator.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927): the score
    interval, without continuity correction.
    """
    if not 0 <= numerator_n <= denominator_n:
        raise NotAShareError(numerator_n, denominator_n)
    if denominator_n == 0:
        return None
    centre = numerator_n + Z**2 / 2
    reach = Z * sqrt(numerator_n * (denominator_n - numerator_n) / denominator_n + Z**2 / 4)
    whole = denominator_n + Z**2
    low, high = (centre - reach) / whole, (centre + reach) / whole
    # Exact at the ends, where rounding would leave 1e-17 outside the range of a share.
    return Interval(low if numerator_n else 0.0, high if numerator_n < denominator_n else 1.0)


def poisson(count_n: int) -> Interval:
    """Interval of the mean that gave a count: the roots of (count - mean)^2 = z^2 mean, as Wilson's for shares."""
    centre, reach = count_n + Z**2 / 2, Z * sqrt(count_n + Z**2 / 4)
    return Interval(max(centre - reach, 0.0), centre + reach)


def difference(value: float, interval: Interval, other: float, other_interval: Interval) -> Interval:
    """Interval of `value - other` from the intervals of two independent estimates.

    R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
    methods", Statistics in Medicine 17 (1998), method 10, when the intervals are Wilson's. The same composition
    holds for other estimates: G. Y. Zou and A. Donner, Statistics in Medicine 27 (2008).
    """
    down = sqrt((value - interval.low) ** 2 + (other_interval.high - other) ** 2)
    up = sqrt((interval.high - value) ** 2 + (other - other_interval.low) ** 2)
    return Interval(value - other - down, value - other + up)
