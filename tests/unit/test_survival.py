"""Incidence under censoring: published tables, and the remission times of Freireich (1963) and Gehan (1965)."""

from math import prod

import pytest

from planerka.stats import Estimate
from planerka.survival import incidence

RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_WELL = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
WEEKS, IS_RELAPSE = [*RELAPSED, *STILL_WELL], [True] * len(RELAPSED) + [False] * len(STILL_WELL)
"""Weeks in remission of the 21 children on 6-MP; the second list is censored."""

CONTROL_WEEKS = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


BEWICK_DAYS, IS_DEATH = [1, 1, 4, 5, 6, 9, 9, 22], [True, True, True, True, False, True, False, True]


@pytest.mark.parametrize("days, surviving", [(1, 0.750), (4, 0.625), (5, 0.500), (8, 0.500), (9, 0.333), (22, 0.000)])
def test_incidence_is_what_a_published_table_leaves(days, surviving):
    """V. Bewick, L. Cheek and J. Ball, "Statistics review 12: survival analysis", Critical Care 8 (2004), table 2."""
    assert surviving == round(1 - incidence(BEWICK_DAYS, IS_DEATH, days).value, 3)


@pytest.mark.parametrize(
    "weeks, at_risk_n, relapsed_n",
    [
        (6, [21], [3]),
        (9.5, [21, 17], [3, 1]),
        (10, [21, 17, 15], [3, 1, 1]),
        (16, [21, 17, 15, 12, 11], [3, 1, 1, 1, 1]),
        (35, [21, 17, 15, 12, 11, 7, 6], [3, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_survival_is_the_product_of_what_each_relapse_left(weeks, at_risk_n, relapsed_n):
    """Counted by hand: the children at risk in the week of each relapse, and how many relapsed then."""
    left = prod(1 - lost_n / n for n, lost_n in zip(at_risk_n, relapsed_n, strict=True))
    assert left == pytest.approx(1 - incidence(WEEKS, IS_RELAPSE, weeks).value)


@pytest.mark.parametrize("weeks, surviving, low, high", [(1, 0.9048, 0.6700, 0.9753), (2, 0.8095, 0.5689, 0.9239)])
def test_the_interval_is_that_of_stata(weeks, surviving, low, high):
    """G. Rodríguez, Princeton, http://data.princeton.edu/eco572/KaplanMeier.html: `sts list` of the control group."""
    found = incidence(CONTROL_WEEKS, [True] * 21, weeks)
    expected = round(1 - found.value, 4), round(1 - found.interval.high, 4), round(1 - found.interval.low, 4)
    assert (surviving, low, high) == expected


def test_one_who_has_been_open_for_long_has_the_rest_of_the_curve_ahead():
    """1 - S(22) / S(10), of the 13 children who were watched for more than ten weeks."""
    found = incidence(WEEKS, IS_RELAPSE, 22, open_days=10)
    assert (13, pytest.approx(1 - 11 / 12 * 10 / 11 * 6 / 7)) == (found.n, found.value)
    assert found.interval.low < found.value < found.interval.high


@pytest.mark.parametrize(
    "weeks, expected",
    [(5, Estimate(n=21, value=0.0)), (36, Estimate(n=21))],
    ids=["before the first event", "longer than anybody was watched"],
)
def test_where_nothing_is_known_nothing_is_said(weeks, expected):
    assert expected == incidence(WEEKS, IS_RELAPSE, weeks)


def test_when_all_have_had_the_event_it_stays_so():
    assert Estimate(n=21, value=1.0) == incidence(CONTROL_WEEKS, [True] * 21, 400)


@pytest.mark.parametrize("open_days, n", [(None, 0), (35, 0)])
def test_nobody_is_no_share(open_days, n):
    durations = [] if open_days is None else WEEKS
    assert Estimate(n=n) == incidence(durations, [False] * len(durations), 40, open_days)
