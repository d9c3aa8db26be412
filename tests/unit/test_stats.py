"""Statistics against the worked examples of the papers they come from."""

import numpy as np
import pytest

from planerka.errors import NotAShareError
from planerka.stats import Interval, difference, poisson, wilson

WILSON = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize("numerator_n, denominator_n, low, high", WILSON)
def test_the_wilson_interval_is_that_of_newcombe_1998_table_i_method_3(numerator_n, denominator_n, low, high):
    """Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, 857-872."""
    interval = wilson(numerator_n, denominator_n)
    assert (low, high) == (round(interval.low, 4), round(interval.high, 4))


DIFFERENCES = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
]


@pytest.mark.parametrize("a, m, b, n, low, high", DIFFERENCES)
def test_the_interval_of_a_difference_is_that_of_newcombe_1998_table_ii_method_10(a, m, b, n, low, high):
    """Interval estimation for the difference between independent proportions, Statistics in Medicine 17, 873-890."""
    interval = difference(a / m, wilson(a, m), b / n, wilson(b, n))
    assert (low, high) == (round(interval.low, 4), round(interval.high, 4))


def test_nothing_out_of_nothing_has_no_interval():
    """An empty week is no data, not 0 %."""
    assert wilson(0, 0) is None


@pytest.mark.parametrize("numerator_n, denominator_n", [(3, 2), (-1, 2), (1, 0)])
def test_a_numerator_outside_its_denominator_is_no_share(numerator_n, denominator_n):
    """Such a pair is a fault of the counting, and says so."""
    with pytest.raises(NotAShareError, match="count the numerator inside its denominator"):
        wilson(numerator_n, denominator_n)


@pytest.mark.parametrize("numerator_n", [0, 1, 999_999, 1_000_000])
def test_a_wilson_interval_holds_its_share_and_stays_within_0_and_1(numerator_n):
    """Also at the ends, where rounding errors live."""
    interval = wilson(numerator_n, 1_000_000)
    assert 0 <= interval.low <= numerator_n / 1_000_000 <= interval.high <= 1


@pytest.mark.parametrize("count_n", [0, 1, 10, 400])
def test_the_bounds_of_a_count_solve_the_score_equation(count_n):
    """(count - mean)^2 = z^2 mean at either end, by definition."""
    interval = poisson(count_n)
    ends = np.array([interval.low, interval.high])
    assert np.allclose((count_n - ends) ** 2, 1.959964**2 * ends)


@pytest.mark.parametrize(
    "low, high, expected", [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (0, 1, False)]
)
def test_an_interval_excludes_zero_only_when_zero_lies_outside(low, high, expected):
    """An end at zero includes it."""
    assert expected == Interval(low, high).excludes_zero
