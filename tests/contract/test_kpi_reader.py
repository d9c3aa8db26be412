"""KPIs read from stored measures, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.errors import UsageError
from planerka.kpis.kpi import State
from planerka.kpis.reader import KpiReader
from planerka.rulebook.kpis import load_catalogue
from planerka.store import measures
from planerka.store.measure_selects import SCOPES
from planerka.store.tables import contract, plan

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "rulebook/kpis.yaml")
MONDAY, SUNDAY = date(2026, 11, 9), date(2026, 11, 15)

MEASURES = """
    measure              | day_on     | project_id | channel_id | manager_id | value
    leads_n              | 2026-11-09 | P          | ads        | Иванов     | 30
    leads_n              | 2026-11-15 | Q          | walk-in    | Иванов     | 10
    leads_n              | 2026-11-16 | Q          | ads        | Иванов     | 99
    qualified_in_7d_n    | 2026-11-09 | P          | ads        | Иванов     | 12
    spend_minor          | 2026-11-10 |            | ads        |            | 300000
    judged_n             | 2026-11-10 | P          | ads        | Иванов     | 40
    unlawful_n           | 2026-11-10 | P          | ads        | Иванов     | 8
    judged_n             | 2026-11-10 | P          | ads        |            | 5
    contracts_n          | 2026-11-02 | P          | ads        | Иванов     | 3
    contracts_n          | 2026-11-12 | P          | ads        | Иванов     | 2
    contracts_n          | 2026-11-12 | Q          | ads        | Иванов     | -1
    revenue_minor        | 2026-11-12 | P          | ads        | Иванов     | 9007199254740993
"""


@pytest.fixture
def connection(connection: sa.Connection) -> sa.Connection:
    """A store that holds MEASURES."""
    measures.add(connection, "crm", rows())
    return connection


def rows() -> pd.DataFrame:
    names, *lines = ([cell.strip() for cell in line.split("|")] for line in MEASURES.strip().splitlines())
    frame = pd.DataFrame(lines, columns=names).astype({"day_on": "datetime64[us]", "value": "int64"})
    return frame.assign(**{scope: "" for scope in SCOPES if scope not in names})


def reader(
    connection: sa.Connection, lacks: tuple[str, ...] = (), data_until_on: date = date(2026, 11, 30)
) -> KpiReader:
    return KpiReader(connection, "crm", CATALOGUE, frozenset(lacks), data_until_on)


def plan_for(connection: sa.Connection, kpi: str, project_id: str, from_on: date, to_on: date, value: int) -> None:
    row = {"kpi": kpi, "project_id": project_id, "from_on": from_on, "to_on": to_on, "value": value}
    connection.execute(plan.insert(), [{"source": "crm"} | row])


def test_the_company_is_one_scope_and_both_ends_of_the_week_count(connection):
    """Monday's and Sunday's leads, and not next Monday's."""
    values = reader(connection).values(["leads_n", "qualified_share", "unlawful_share"], MONDAY, SUNDAY)
    assert {("leads_n", 40), ("qualified_share", 0.3), ("unlawful_share", 8 / 45)} == {
        (key, value.value) for key, value in values[()].items()
    }


def test_two_scopes_can_be_crossed(connection):
    """By manager and project, in the order they were asked for."""
    values = reader(connection).values(["leads_n"], MONDAY, SUNDAY, by=("manager_id", "project_id"))
    assert {("Иванов", "P"): 30, ("Иванов", "Q"): 10} == {scope: by["leads_n"].value for scope, by in values.items()}


def test_a_rejection_of_nobody_known_counts_against_nobody(connection):
    """It is a scope of its own, and part of the company."""
    values = reader(connection).values(["unlawful_share"], MONDAY, SUNDAY, by=("manager_id",))
    assert {("Иванов",): (40, State.OK), ("",): (5, State.NOT_ENOUGH)} == {
        scope: (by["unlawful_share"].denominator_n, by["unlawful_share"].state) for scope, by in values.items()
    }


def test_days_make_a_series(connection):
    """For the chart of a plan: each day on which something happened."""
    values = reader(connection).values(["contracts_n"], date(2026, 11, 1), SUNDAY, by=("day_on",))
    assert {(date(2026, 11, 2),): 3, (date(2026, 11, 12),): 1} == {
        s: by["contracts_n"].value for s, by in values.items()
    }


def test_money_beyond_2_to_the_53_stays_exact(connection):
    """Kopecks are whole numbers all the way."""
    value = reader(connection).values(["revenue"], MONDAY, SUNDAY)[()]["revenue"]
    assert 9007199254740993 == value.value == value.numerator_n


def test_a_cost_counts_only_the_leads_of_channels_whose_spend_is_known(connection):
    """3000 roubles bought the 30 leads of ads; the walk-ins cost nobody knows what."""
    value = reader(connection).values(["cost_per_lead"], MONDAY, SUNDAY)[()]["cost_per_lead"]
    assert (10_000.0, 30, State.OK) == (value.value, value.denominator_n, value.state)


@pytest.mark.parametrize(
    "by, scope, lacks, missing",
    [
        ("channel_id", "walk-in", (), "spend.spent_on"),
        ("project_id", "P", (), "spend.spent_on"),
        ("project_id", "P", ("spend.project_id",), "spend"),
        ("project_id", "", (), "spend"),
        ("manager_id", "Иванов", (), "spend"),
    ],
)
def test_a_cost_of_a_scope_without_its_own_spend_is_not_computable(connection, by, scope, lacks, missing):
    """Spend that was not split by project or manager belongs to none of them, nor to the blank one."""
    found = reader(connection, lacks).values(["cost_per_lead"], MONDAY, SUNDAY, by=(by,))
    value = found[(scope,)]["cost_per_lead"]
    assert (State.NOT_COMPUTABLE, (missing,), None) == (value.state, value.missing, value.value)


@pytest.mark.parametrize("lacks, missing", [((), "spend.spent_on"), (("spend",), "spend")])
def test_days_without_spend_are_told_from_a_source_without_any(connection, lacks, missing):
    """The cohort that is final today came a year ago, when nobody kept the spend: nothing is missing from the file."""
    before = date(2025, 11, 3), date(2025, 11, 9)
    value = reader(connection, lacks).values(["cost_per_contract"], *before)[()]["cost_per_contract"]
    assert (State.NOT_COMPUTABLE, (missing,)) == (value.state, value.missing)


@pytest.mark.parametrize(
    "data_from_on, state", [(MONDAY, State.OK), (MONDAY + timedelta(days=1), State.NOT_COMPUTABLE)]
)
def test_days_whose_history_is_not_pulled_yet_have_no_figures(connection, data_from_on, state):
    """Some of their leads are known by what happened to them later, and would pass for all."""
    value = replace(reader(connection), data_from_on=data_from_on).values(["leads_n"], MONDAY, SUNDAY)[()]["leads_n"]
    assert state == value.state


def test_a_young_cohort_is_immature_and_says_when_it_is_not(connection):
    """Leads of the week to 15 November are followed to the 22nd."""
    early = reader(connection, data_until_on=SUNDAY).values(["qualified_share"], MONDAY, SUNDAY)[()]["qualified_share"]
    assert (State.IMMATURE, date(2026, 11, 23), 0.3) == (early.state, early.mature_on, early.value)


def test_what_the_source_lacks_is_named_and_not_guessed(connection):
    """No figure at all, though there are measures."""
    value = reader(connection, ("event.call_out",)).values(["unlawful_share"], MONDAY, SUNDAY)[()]["unlawful_share"]
    assert (State.NOT_COMPUTABLE, ("event.call_out",), None) == (value.state, value.missing, value.value)


def test_a_week_without_anything_is_zero_leads_and_no_share(connection):
    """The company is there even when nothing happened."""
    values = reader(connection).values(["leads_n", "qualified_share"], date(2020, 1, 6), date(2020, 1, 12))[()]
    assert (0, State.NO_DATA) == (values["leads_n"].value, values["qualified_share"].state)


def test_amounts_in_two_currencies_are_not_added(connection):
    """Contracts in roubles and in dollars have no common revenue; their number they have."""
    for number, currency in enumerate(["RUB", "USD"]):
        row = {"source": "crm", "id": str(number), "lead_id": "1", "unit_kind": "flat", "currency": currency}
        connection.execute(
            contract.insert(), [row | {"signed_at": datetime(2026, 11, 9, tzinfo=UTC), "signed_on": MONDAY}]
        )
    values = reader(connection).values(["revenue", "contracts_n", "cost_per_lead"], MONDAY, SUNDAY)[()]
    assert ("contract.currency",) == values["revenue"].missing
    assert (State.OK, State.OK) == (values["contracts_n"].state, values["cost_per_lead"].state)


def test_a_plan_is_fulfilled_by_the_company_and_by_each_project(connection):
    """Up to Sunday, against the whole month; a project without a contract has fulfilled nothing of its plan."""
    month = (date(2026, 11, 1), date(2026, 11, 30))
    for project_id, value in (("P", 10), ("Q", 5), ("R", 5)):
        plan_for(connection, "contracts_n", project_id, *month, value)
    found = reader(connection).fulfilments("contracts_n", SUNDAY)
    expected = [("", 20, 4, 0.2), ("P", 10, 5, 0.5), ("Q", 5, -1, -0.2), ("R", 5, 0, 0.0)]
    assert expected == [(f.project_id, f.plan, f.fact.value, f.fulfilment) for f in found]
    assert {month} == {(f.from_on, f.to_on) for f in found}


def test_a_plan_made_for_the_measure_is_the_plan_of_its_kpi(connection):
    """`revenue_minor` is what is planned of `revenue`."""
    plan_for(connection, "revenue_minor", "", date(2026, 10, 1), date(2026, 12, 31), 10**16)
    company = reader(connection).fulfilments("revenue", SUNDAY)[0]
    assert (10**16, date(2026, 12, 31)) == (company.plan, company.to_on)


def test_without_a_plan_the_month_is_counted_all_the_same(connection):
    """No plan is no fulfilment, and still a fact."""
    company = reader(connection).fulfilments("contracts_n", SUNDAY)[0]
    assert (None, None, 4, date(2026, 11, 30)) == (company.plan, company.fulfilment, company.fact.value, company.to_on)


def test_plan_fulfilment_is_a_kpi_of_a_planned_stretch(connection):
    """Of the whole month and its projects; a manager has no plan."""
    month = (date(2026, 11, 1), date(2026, 11, 30))
    for project_id, value in (("P", 10), ("Q", 10)):
        plan_for(connection, "contracts_n", project_id, *month, value)
    company = reader(connection).values(["plan_fulfilment"], *month)[()]["plan_fulfilment"]
    projects = reader(connection).values(["plan_fulfilment"], *month, by=("project_id",))
    manager = reader(connection).values(["plan_fulfilment"], *month, by=("manager_id",))[("Иванов",)]["plan_fulfilment"]
    assert (0.2, 0.5) == (company.value, projects[("P",)]["plan_fulfilment"].value)
    assert ("plan.manager_id",) == manager.missing
    assert State.NO_DATA == reader(connection).values(["plan_fulfilment"], MONDAY, SUNDAY)[()]["plan_fulfilment"].state


@pytest.mark.parametrize(
    "ask", [lambda r: r.values(["lead_n"], MONDAY, SUNDAY), lambda r: r.fulfilments("leads", SUNDAY)]
)
def test_an_unknown_kpi_is_refused_with_the_nearest_name(connection, ask):
    """A misspelt key is a wrong use, not an empty answer."""
    with pytest.raises(UsageError, match="is not a KPI of the catalogue: did you mean 'leads_n'"):
        ask(reader(connection))


def test_a_ratio_has_no_plan_of_its_own(connection):
    """Only what adds up can be planned by days."""
    with pytest.raises(UsageError, match="only counts and sums are planned"):
        reader(connection).fulfilments("qualified_share", SUNDAY)
