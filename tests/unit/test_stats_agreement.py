"""Agreement of two readers against published worked examples.

scikit-learn and irrCAC are not installed here: what irrCAC and Stata print of a table is taken from their pages.
"""

import numpy as np
import pytest

from planerka.stats import Estimate, cohen_kappa, gwet_ac1, raw_agreement, wilson

ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
"""`cont3x3abstractors` of Gwet's R package irrCAC, https://github.com/kgwet/irrCAC (README)."""

DUAL_USERS = [[1395, 118], [261, 158]]
"""Statalist, December 2009, https://www.stata.com/statalist/archive/2009-12/msg00320.html: `kapci` and its r()."""

STATPSYCH = [[31, 12], [4, 58]]
"""The example of `ci.kappa` in the R package statpsych, https://dgbonett.github.io/statpsych/reference/ci.kappa.html"""

BALANCED, LOPSIDED = [[40, 9], [6, 45]], [[80, 10], [5, 5]]
"""The paradox of A. R. Feinstein and D. V. Cicchetti, "High agreement but low kappa: I", Journal of Clinical
Epidemiology 43 (1990), as B. B. Gerstman, "Epidemiology Kept Simple", prints it in table 10.6."""


def half_width(found: Estimate) -> float:
    assert found.interval
    return (found.interval.high - found.interval.low) / 2


@pytest.mark.parametrize(
    "table, kappa, standard_error",
    [
        (ABSTRACTORS, 0.7964094, 0.05891072),
        (DUAL_USERS, 0.3411969207847029, 0.0262913719660408),
        (STATPSYCH, 0.6756757, 0.07344761),
    ],
)
def test_kappa_and_its_standard_error_are_the_published_ones(table, kappa, standard_error):
    """All digits that were printed."""
    found = cohen_kappa(table)
    assert (kappa, standard_error) == pytest.approx((found.value, half_width(found) / 1.959964), abs=5e-8)


@pytest.mark.parametrize("table, low, high", [(DUAL_USERS, 0.2896668, 0.3927271), (STATPSYCH, 0.5317210, 0.8196303)])
def test_the_interval_of_kappa_is_the_published_one(table, low, high):
    interval = cohen_kappa(table).interval
    assert (low, high) == pytest.approx((interval.low, interval.high), abs=5e-8)


def test_ac1_and_its_standard_error_are_those_of_its_author():
    """irrCAC prints 0.8493305 and 0.04321747; its interval goes by Student's distribution, ours by the normal."""
    found = gwet_ac1(ABSTRACTORS)
    assert (0.8493305, 0.04321747) == pytest.approx((found.value, half_width(found) / 1.959964), abs=5e-8)


def test_raw_agreement_is_the_share_that_was_decided_alike():
    assert Estimate(n=100, value=0.89, interval=wilson(89, 100)) == raw_agreement(ABSTRACTORS)


@pytest.mark.parametrize("table, kappa", [(BALANCED, 0.70), (LOPSIDED, 0.32)])
def test_kappa_falls_where_nearly_all_cases_are_of_one_kind_and_ac1_does_not(table, kappa):
    """85 of 100 agree in both tables of Feinstein and Cicchetti."""
    assert (0.85, kappa) == (raw_agreement(table).value, round(cohen_kappa(table).value, 2))
    assert cohen_kappa(table).value <= gwet_ac1(table).value


def jackknife_error(coefficient, table):
    """The standard error by leaving each subject out in turn: independent of any formula for it."""
    counts, n = np.array(table), np.sum(table)
    left_out = [
        (coefficient(counts - np.eye(len(counts))[[row]].T * np.eye(len(counts))[column]).value, counts[row, column])
        for row, column in zip(*np.nonzero(counts), strict=True)
    ]
    values, weights = np.array(left_out).T
    mean = np.average(values, weights=weights)
    return np.sqrt((n - 1) / n * (weights * (values - mean) ** 2).sum())


@pytest.mark.parametrize("coefficient", [cohen_kappa, gwet_ac1])
@pytest.mark.parametrize("table", [ABSTRACTORS, DUAL_USERS, BALANCED, LOPSIDED])
def test_a_standard_error_is_near_that_of_the_jackknife(coefficient, table):
    """Which holds for any table, not only for the published ones."""
    found = half_width(coefficient(table)) / 1.959964
    assert found == pytest.approx(jackknife_error(coefficient, table), rel=0.08)


@pytest.mark.parametrize("coefficient", [raw_agreement, cohen_kappa, gwet_ac1])
def test_nothing_read_is_no_agreement_and_no_disagreement(coefficient):
    assert Estimate(n=0) == coefficient([[0, 0], [0, 0]])


def test_kappa_is_silent_where_both_readers_know_one_answer():
    """They agree always, and so would two who do not look; AC1 calls that perfect, without an interval."""
    assert (Estimate(n=40), Estimate(n=40, value=1.0)) == (cohen_kappa([[40, 0], [0, 0]]), gwet_ac1([[40, 0], [0, 0]]))


@pytest.mark.parametrize("coefficient", [cohen_kappa, gwet_ac1])
def test_perfect_agreement_has_no_interval_without_width(coefficient):
    """Three readings alike prove little, and an interval from 1 to 1 would say otherwise."""
    assert Estimate(n=3, value=1.0) == coefficient([[2, 0], [0, 1]])


@pytest.mark.parametrize("coefficient", [cohen_kappa, gwet_ac1])
def test_an_interval_stays_within_what_a_coefficient_can_be(coefficient):
    interval = coefficient([[4, 1], [0, 1]]).interval
    assert -1 <= interval.low < interval.high <= 1
