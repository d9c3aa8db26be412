"""Plans of a stretch, and the pace needed from a day on."""

from datetime import date

import pytest

from planerka.kpis.kpi import KpiValue, State
from planerka.kpis.plan import Fulfilment, planned, planned_stretch
from planerka.store.measure_sums import Planned

NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = (date(2026, 12, 1), date(2026, 12, 31))
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
QUARTER = (date(2026, 10, 1), date(2026, 12, 31))


def plan(stretch: tuple[date, date], value: int, project_id: str = "") -> Planned:
    return Planned(project_id, *stretch, value)


def test_a_quarter_is_the_sum_of_its_months():
    """Rows that fill the stretch add up."""
    assert {"": 60} == planned([plan(OCTOBER, 10), plan(NOVEMBER, 20), plan(DECEMBER, 30)], *QUARTER)


def test_a_quarter_with_its_own_plan_is_not_planned_twice():
    """The longest row that fits is taken, and its months are not added to it."""
    assert {"": 70} == planned([plan(QUARTER, 70), plan(OCTOBER, 10), plan(NOVEMBER, 20), plan(DECEMBER, 30)], *QUARTER)


@pytest.mark.parametrize("rows", [[plan(OCTOBER, 10), plan(DECEMBER, 30)], [plan(QUARTER, 70)], []])
def test_a_stretch_that_rows_do_not_fill_has_no_plan(rows):
    """A month is not guessed from its quarter, nor a quarter from two of its months."""
    assert {} == planned(rows, *(QUARTER if len(rows) == 2 else NOVEMBER))


def test_the_company_is_planned_by_itself_or_by_all_its_projects():
    """Never by both at once, and never by some of the projects."""
    projects = [plan(NOVEMBER, 20, "P"), plan(NOVEMBER, 30, "Q")]
    assert {"P": 20, "Q": 30, "": 50} == planned(projects, *NOVEMBER)
    assert {"P": 20, "Q": 30, "": 45} == planned([*projects, plan(NOVEMBER, 45)], *NOVEMBER)
    assert {"P": 20} == planned([projects[0], plan(OCTOBER, 30, "Q")], *NOVEMBER)


@pytest.mark.parametrize(
    "rows, expected",
    [([plan(QUARTER, 1), plan(NOVEMBER, 1)], NOVEMBER), ([plan(QUARTER, 1)], QUARTER), ([plan(OCTOBER, 1)], NOVEMBER)],
)
def test_a_day_belongs_to_its_shortest_plan_and_else_to_its_month(rows, expected):
    """Whoever plans by quarters is measured by quarters."""
    assert expected == planned_stretch(rows, date(2026, 11, 15))


def test_a_december_without_a_plan_ends_on_the_31st():
    """The turn of the year is a month's end like any other."""
    assert DECEMBER == planned_stretch([], date(2026, 12, 31))


def fulfilment(until_on: date, plan: int | None, fact: float | None) -> Fulfilment:
    value = KpiValue(kpi="contracts_n", state=State.OK, value=fact)
    return Fulfilment(
        kpi="contracts_n",
        project_id="",
        from_on=NOVEMBER[0],
        to_on=NOVEMBER[1],
        until_on=until_on,
        fact=value,
        plan=plan,
    )


PACES = [
    (date(2026, 11, 15), 60, 20, 30, 1 / 3, 40 / 15 * 7),
    (date(2026, 11, 15), 60, 66, 30, 1.1, 0),
    (date(2026, 11, 30), 60, 45, 60, 0.75, None),
    (date(2026, 11, 15), None, 20, None, None, None),
    (date(2026, 11, 15), 60, None, 30, None, None),
    (date(2026, 11, 15), 0, 5, 0, None, 0),
]


@pytest.mark.parametrize("until_on, plan, fact, to_date, share, per_week", PACES)
def test_the_pace_needed_is_what_is_left_over_the_days_left(until_on, plan, fact, to_date, share, per_week):
    """Pro rata by days up to a day; nothing to divide by is None."""
    found = fulfilment(until_on, plan, fact)
    assert (to_date, share, per_week) == (found.plan_to_date, found.fulfilment, found.needed_per_week)
