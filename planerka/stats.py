"""Intervals and agreement of two readers: one function each, with its source. 95 % confidence throughout."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from planerka.errors import NotAShareError

Z = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""

ENOUGH_N = 30
"""Of fewer observations a figure says more about chance than about what was observed."""


@dataclass(frozen=True)
class Interval:
    """Both ends included, in the unit of what is estimated."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What `n` observations say. `value` None: nothing can be computed; `interval` None: no interval can."""

    n: int
    value: float | None = None
    interval: Interval | None = None


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


def raw_agreement(table: ArrayLike) -> Estimate:
    """The share, 0..1, of subjects that both readers put into one category, with Wilson's interval.

    `table`: counts, square; a row a category of the first reader, a column a category of the second, in one order.
    """
    counts = np.asarray(table)
    agreed_n, n = int(np.trace(counts)), int(counts.sum())
    return Estimate(n=n, value=agreed_n / n if n else None, interval=wilson(agreed_n, n))


def cohen_kappa(table: ArrayLike) -> Estimate:
    """Agreement beyond that of readers who decide independently, each as often as each does; 1 is perfect, 0 is none.

    `table` as of `raw_agreement`. No value where both readers know one category only: chance alone agrees always.

    J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960);
    the standard error is the one for an interval (equation 13) of J. L. Fleiss, J. Cohen and B. S. Everitt,
    "Large sample standard errors of kappa and weighted kappa", Psychological Bulletin 72 (1969).
    """
    counts = np.asarray(table, float)
    n = int(counts.sum())
    if not n:
        return Estimate(n=0)
    shares = counts / n
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = np.trace(shares), first @ second
    if np.isclose(expected, 1):
        return Estimate(n=n)
    kappa = (observed - expected) / (1 - expected)
    agreed = np.diag(shares) @ (1 - (first + second) * (1 - kappa)) ** 2
    split = shares * np.add.outer(second, first) ** 2
    disagreed = (1 - kappa) ** 2 * (split.sum() - np.trace(split))
    variance = (agreed + disagreed - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    return Estimate(n=n, value=float(kappa), interval=coefficient_interval(kappa, variance))


def gwet_ac1(table: ArrayLike) -> Estimate:
    """Agreement beyond chance that stays sensible where nearly all subjects are of one category, as kappa does not.

    `table` as of `raw_agreement`, of two categories or more, those that nobody chose too. K. L. Gwet, "Computing
    inter-rater reliability and its variance in the presence of high agreement", British Journal of Mathematical and
    Statistical Psychology 61 (2008), for two raters.
    """
    counts = np.asarray(table, float)
    n, others_n = int(counts.sum()), len(counts) - 1
    if not n:
        return Estimate(n=0)
    shares = counts / n
    common = (shares.sum(axis=1) + shares.sum(axis=0)) / 2
    observed, expected = np.trace(shares), (common * (1 - common)).sum() / others_n
    ac1 = (observed - expected) / (1 - expected)
    of_agreed = np.diag(shares) @ (1 - common) / others_n - observed * expected
    of_all = (shares * (1 - np.add.outer(common, common) / 2) ** 2).sum() / others_n**2 - expected**2
    spread = observed * (1 - observed) - 4 * (1 - ac1) * of_agreed + 4 * (1 - ac1) ** 2 * of_all
    variance = spread / (n * (1 - expected) ** 2)
    return Estimate(n=n, value=float(ac1), interval=coefficient_interval(ac1, variance))


def coefficient_interval(value: float, variance: float) -> Interval | None:
    """Interval of a coefficient that lies in -1..1; None where the variance vanishes, as it does when all agree: an
    interval without width would claim certainty."""
    if variance < 1e-12:
        return None
    reach = Z * sqrt(variance)
    return Interval(max(value - reach, -1.0), min(value + reach, 1.0))
