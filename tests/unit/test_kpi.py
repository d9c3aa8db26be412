"""Values of KPIs from summed measures, and what may be said of a change."""

from datetime import date
from pathlib import Path

import pytest

from planerka.clock import Week
from planerka.errors import NotAShareError
from planerka.kpis.kpi import Change, State, change, evaluate, not_computable
from planerka.kpis.maturity import mature_on, newest_mature_week
from planerka.rulebook.kpis import load_catalogue

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT / "rulebook/kpis.yaml")


def cases() -> list[tuple[str, str, str]]:
    """(kpi, measures, expected) of every line of the table."""
    found, key = [], ""
    for line in (ROOT / "tests/cases/kpi_values.txt").read_text("utf-8").split("\n\n", 1)[1].splitlines():
        if line.startswith(" "):
            given, expected = line.split("->")
            found.append((key, given.strip(), expected.strip()))
        else:
            key = line.strip()
    return found


@pytest.mark.parametrize("key, given, expected", cases())
def test_a_kpi_is_what_its_table_of_cases_says(key, given, expected):
    """Value, interval and state from measures."""
    words = dict(word.split("=") for word in given.split() if "=" in word)
    ripe_on = date.fromisoformat(words.pop("mature_on")) if "mature_on" in words else None
    counts = {name: int(number) for name, number in words.items()}
    value = evaluate(CATALOGUE[key], counts, plan=counts.pop("plan", None), mature_on=ripe_on)
    numbers = [f"{number:.4f}" for number in (value.value, value.low, value.high) if number is not None]
    state, *wanted = expected.split()
    assert (state, [f"{float(number):.4f}" for number in wanted]) == (value.state, numbers)


def test_every_kpi_of_the_catalogue_has_a_case():
    """A KPI without a case is a KPI that nobody has counted by hand."""
    assert list(CATALOGUE) == list(dict.fromkeys(key for key, _, _ in cases()))


def test_a_share_whose_numerator_leaves_its_denominator_is_refused():
    """It would be a fault of the measures, not a figure."""
    with pytest.raises(NotAShareError):
        evaluate(CATALOGUE["qualified_share"], {"qualified_in_7d_n": 2, "leads_n": 1})


def share(numerator_n: int, denominator_n: int):
    return evaluate(CATALOGUE["unlawful_share"], {"unlawful_n": numerator_n, "judged_n": denominator_n})


def leads(count_n: int):
    return evaluate(CATALOGUE["leads_n"], {"leads_n": count_n})


def test_a_share_has_changed_when_newcombes_interval_excludes_zero():
    """56/70 against 48/80 has; 56/70 against 160/200 is the same share."""
    kpi = CATALOGUE["unlawful_share"]
    found = change(kpi, share(56, 70), share(48, 80))
    rounded = tuple(round(number, 4) for number in (found.difference, found.low, found.high))
    assert (0.2, 0.0524, 0.3339, False) == (*rounded, found.is_noise)
    assert change(kpi, share(56, 70), share(160, 200), times=4).is_noise


@pytest.mark.parametrize(
    "now, before, times, difference, is_noise",
    [
        (100, 400, 4, 0, True),
        (130, 400, 4, 30, False),
        (110, 400, 4, 10, True),
        (0, 40, 4, -10, False),
        (0, 0, 1, 0, True),
    ],
)
def test_a_count_is_compared_with_the_mean_of_the_weeks_before(now, before, times, difference, is_noise):
    """Four weeks of 400 leads are 100 a week, known better than one week is."""
    found = change(CATALOGUE["leads_n"], leads(now), leads(before), times)
    assert (difference, is_noise) == (found.difference, found.is_noise)


def test_money_changes_without_an_interval():
    """The spread of a sum of prices is not in the measures, so nothing is said of noise."""
    kpi = CATALOGUE["revenue"]
    values = [evaluate(kpi, {"revenue_minor": minor}) for minor in (500, 800)]
    assert Change(difference=300.0, low=None, high=None, is_noise=None) == change(kpi, values[0], values[1], 4)


def test_a_median_is_not_divided_by_weeks():
    """Five minutes this week against five minutes over four weeks is no change."""
    kpi = CATALOGUE["first_response_min"]
    value = evaluate(kpi, {"needed_response_n": 40, "responded_in_5_min_n": 40})
    assert 0 == change(kpi, value, value, 4).difference


def test_more_terminations_than_contracts_have_no_interval():
    """A negative net count is no Poisson count."""
    kpi = CATALOGUE["contracts_n"]
    values = [evaluate(kpi, {"contracts_n": n}) for n in (-2, 3)]
    assert change(kpi, values[0], values[1]).is_noise is None


@pytest.mark.parametrize("state", [State.NO_DATA, State.IMMATURE, State.NOT_ENOUGH, State.NOT_COMPUTABLE])
def test_only_values_that_may_be_shown_are_compared(state):
    """An immature cohort is never set against a mature one."""
    kpi = CATALOGUE["qualified_share"]
    counts = {State.NO_DATA: {}, State.NOT_ENOUGH: {"leads_n": 2}}.get(state, {"leads_n": 40})
    ripe_on = date(2026, 12, 1) if state == State.IMMATURE else None
    other = evaluate(kpi, counts, mature_on=ripe_on) if state != State.NOT_COMPUTABLE else not_computable(kpi, ("x",))
    assert (state, None) == (other.state, change(kpi, other, evaluate(kpi, {"leads_n": 40})))


def test_a_cohort_is_mature_when_its_last_lead_has_had_its_days():
    """Leads of Sunday the 8th are followed for 7 days: all of Sunday the 15th must be known."""
    assert date(2026, 11, 16) == mature_on(CATALOGUE["qualified_share"], date(2026, 11, 8))
    assert mature_on(CATALOGUE["leads_n"], date(2026, 11, 8)) is None


@pytest.mark.parametrize(
    "data_until_on, expected",
    [(date(2026, 11, 16), "2026-W45"), (date(2026, 11, 15), "2026-W44"), (date(2027, 3, 1), "2026-W46")],
)
def test_the_newest_mature_week_is_the_last_that_is_final(data_until_on, expected):
    """Never later than the week of the pack."""
    week = newest_mature_week(CATALOGUE["qualified_share"], Week(2026, 46), data_until_on)
    assert expected == str(week)
    assert mature_on(CATALOGUE["qualified_share"], week.sunday) <= data_until_on
