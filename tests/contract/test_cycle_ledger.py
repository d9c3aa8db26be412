"""Two months of the sample company with an analyst: the ledger adds up, by a second hand, to the kopeck."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from flows.cli_json import plain
from flows.cli_ledger import lines
from planerka.crm.sample.company import MANAGERS
from planerka.crm.sample.story import ANALYST_ID, EARLY_REJECTER_ID
from planerka.dispute_states import WAITING
from planerka.disputes.applying import apply_commands
from planerka.disputes.ledger import Ledger, ledger
from planerka.disputes.ledger_sheet import COLUMNS, sheet_rows
from planerka.disputes.ruling import rule
from planerka.model import Decision, DisputeOrigin
from planerka.store import disputes
from tasks.company import Company
from tests.builders_cycle import AS_OF, company_after_a_cycle, on_day, run_cycle

COST = 180_000


def return_all(company: Company) -> None:
    with company.engine.begin() as connection:
        queue = disputes.listing(connection, company.crm.source, WAITING)
    for dispute in queue:
        rule(company.docket, dispute.id, Decision.RETURN_TO_WORK, "Ирина Соколова", "Звонили один раз", company.now)
    apply_commands(company.engine, company.crm, "this test", company.now)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Everything is returned on the first day and three weeks later, and what follows is pulled."""
    with company_after_a_cycle(request, tmp_path_factory.mktemp("ledger"), request.param) as company:
        return_all(company)
        for days in (21, 42, 63):
            later = on_day(company, AS_OF + timedelta(days=days))
            run_cycle(later)
            if days < 42:
                return_all(later)
        yield later


@pytest.fixture(scope="module")
def found(company: Company) -> Ledger:
    return ledger(company.engine, company.crm.source, None, company.now, company.settings.zone, COST)


FLATS = "SELECT lead_id, signed_at, price_minor FROM contract WHERE unit_kind = 'flat' AND terminated_at IS NULL"
RETURNED = """
    SELECT d.lead_id, r.handed_over_at FROM dispute d JOIN dispute_step s ON s.id = d.ruling_id
    JOIN command c ON c.ruling_id = s.id JOIN receipt r ON r.marker = c.marker WHERE s.action = 'return_to_work'
"""
REOPENED = f"SELECT lead_id, at FROM event WHERE kind = 'reopened' AND actor_id = '{ANALYST_ID}'"


def money_after(engine: sa.Engine, moments: str, leads: set[str]) -> int:
    """The prices of the flats of these leads that were signed after any of the moments, by plain Python."""
    times = defaultdict(list)
    with engine.connect() as connection:
        for lead_id, at in connection.exec_driver_sql(moments):
            times[lead_id].append(at)
        flats = connection.exec_driver_sql(FLATS).all()
    return sum(price for lead_id, at, price in flats if lead_id in leads and any(at > then for then in times[lead_id]))


def test_the_ledger_adds_up_to_the_kopeck(company, found):
    """The totals, the rows and a second hand agree, and there is money in them."""
    money_minor = money_after(company.engine, RETURNED, {row.lead_id for row in found.rows})
    assert money_minor > 0
    assert {"RUB": money_minor} == found.totals.money_minor
    assert money_minor == sum(row.money_minor.get("RUB", 0) for row in found.rows)
    assert len(found.rows) == sum(found.totals.by_standing.values())
    assert found.payback is not None
    assert money_minor == found.payback.money_minor == sum(quarter.money_minor for quarter in found.quarters)


def test_the_kpi_says_the_same_of_the_same_leads(company, found):
    """`returned_revenue` goes by what the analyst reopened in the CRM: of planerka's returns all but silences."""
    rejected = [row for row in found.rows if row.origin != DisputeOrigin.NEGLECT]
    money_minor = sum(row.money_minor.get("RUB", 0) for row in rejected)
    assert money_minor == money_after(company.engine, REOPENED, {row.lead_id for row in rejected})


def test_a_manager_who_does_not_call_is_shown(found):
    """Half of what is returned to him he rejects again without one call."""
    names = dict(MANAGERS)
    without = {one.manager: one.without_n for one in found.again_by_manager if one.without_n}
    assert {names[EARLY_REJECTER_ID]} == without.keys()


def test_the_shell_the_sheet_and_the_json_say_the_same(company, found):
    """To the kopeck, whichever of them somebody opens."""
    money_minor = found.totals.money_minor["RUB"]
    said = list(lines(found, company.settings.zone))
    assert f"Earned: {Decimal(money_minor) / 100:,.2f} RUB: {found.totals.flats_n} flats" in said
    prices = [row[COLUMNS.index("price")] for row in sheet_rows(found.rows, company.settings.zone)]
    assert Decimal(money_minor) / 100 == sum(price for price in prices if price is not None)
    assert money_minor == json.loads(json.dumps(found, default=plain))["totals"]["money_minor"]["RUB"]
