"""The ledger, on both databases: every contract is credited to one return or to none."""

from collections import defaultdict
from datetime import UTC, date, datetime

import pytest

from flows.cli_ledger import lines
from planerka.dispute_states import DisputeAction
from planerka.disputes.followed import Standing
from planerka.disputes.ledger_sheet import COLUMNS, sheet_rows
from planerka.model import Decision, DisputeOrigin, Reference
from planerka.store.dispute_steps import Act, take_step
from planerka.store.ledger import returned_since
from planerka.store.tables import lead
from tests.builders_ledger import (
    happens_on,
    keep,
    keep_lead,
    ledger_on,
    on,
    return_on,
    rule_on,
    sign_on,
)
from tests.builders_store import MOSCOW

TEN, ONE = 10_000_000_00, 1_000_000_00
RUB_TEN = {"RUB": TEN}

CREDITED = [
    # returns on days, contracts (day, what else), money a return and standing a return on day 100
    ([1], [], [({}, "at_work")]),
    ([1], [(20, {})], [(RUB_TEN, "contract")]),
    ([1], [(0.5, {})], [({}, "at_work")]),
    ([1], [(1, {})], [({}, "at_work")]),
    ([1], [(100, {})], [({}, "at_work")]),
    ([1], [(20, {}), (30, {"price_minor": ONE})], [({"RUB": TEN + ONE}, "contract")]),
    ([1], [(0.5, {}), (30, {"price_minor": ONE})], [({"RUB": ONE}, "contract")]),
    ([1, 40], [(20, {})], [(RUB_TEN, "contract"), ({}, "at_work")]),
    ([1, 40], [(60, {})], [({}, "returned_again"), (RUB_TEN, "contract")]),
    ([1, 40], [(40, {})], [(RUB_TEN, "contract"), ({}, "at_work")]),
    ([1, 40], [(20, {}), (60, {"price_minor": ONE})], [(RUB_TEN, "contract"), ({"RUB": ONE}, "contract")]),
    ([1, 1], [(20, {})], [({}, "returned_again"), (RUB_TEN, "contract")]),
    ([1], [(20, {"terminated_at": on(50).isoformat()})], [({}, "terminated")]),
    ([1], [(20, {"terminated_at": on(150).isoformat()})], [(RUB_TEN, "contract")]),
    ([1], [(20, {"terminated_at": on(50).isoformat()}), (60, {})], [(RUB_TEN, "contract")]),
    ([1], [(20, {"unit_kind": "parking"})], [({}, "at_work")]),
    ([1], [(20, {}), (20, {"unit_kind": "storage"})], [(RUB_TEN, "contract")]),
    ([1], [(20, {"price_minor": None})], [({}, "contract")]),
    ([1], [(20, {}), (30, {"currency": "USD", "price_minor": 7})], [({"RUB": TEN, "USD": 7}, "contract")]),
]


def test_a_contract_is_credited_to_the_last_return_before_it(engine):
    """Once, or to nobody: what was signed before a return, or at its very moment, is not its merit."""
    for number, (returns, contracts, _) in enumerate(CREDITED):
        keep_lead(engine, f"L{number}")
        for days in returns:
            return_on(engine, days, f"L{number}")
        for days, values in contracts:
            sign_on(engine, days, f"L{number}", **values)
    found = defaultdict(list)
    for row in reversed(ledger_on(engine, 100).rows):
        found[row.lead_id].append((row.money_minor, row.standing))
    assert {f"L{number}": expected for number, (*_, expected) in enumerate(CREDITED)} == found


WENT = [
    ([], "at_work"),
    (["call_out"], "at_work"),
    (["meeting_held"], "meeting"),
    (["meeting_held", "booked"], "booking"),
    (["booked"], "booking"),
    (["booking_paid"], "booking"),
    (["meeting_held", "rejected"], "rejected"),
    (["rejected", "reopened"], "at_work"),
    (["rejected", "reopened", "rejected"], "rejected"),
]


def test_a_return_stands_where_its_lead_came_since(engine):
    """What had happened before the return, here a meeting and a booking, does not count."""
    for number, (kinds, _) in enumerate(WENT):
        keep_lead(engine, f"L{number}")
        happens_on(engine, 0.2, "meeting_held", f"L{number}")
        happens_on(engine, 0.3, "booked", f"L{number}")
        return_on(engine, 1, f"L{number}")
        for days, kind in enumerate(kinds, start=2):
            happens_on(engine, days, kind, f"L{number}")
    found = {row.lead_id: row.standing for row in ledger_on(engine, 100).rows}
    assert {f"L{number}": standing for number, (_, standing) in enumerate(WENT)} == found


def test_what_a_row_tells(engine):
    """Who ruled, over what, and the first of each step after the return."""
    keep_lead(engine, url="https://crm.example/L1")
    keep(engine, Reference, {"kind": "manager", "id": "M1", "title": "Ольга", "code": None}, {})
    dispute_id = return_on(engine, 1)
    for days in (5, 3):
        happens_on(engine, days, "meeting_held")
    happens_on(engine, 7, "booked")
    sign_on(engine, 9)
    (row,) = ledger_on(engine, 100).rows
    said = (row.dispute_id, row.lead_id, row.url, row.author, row.reason, row.manager)
    assert (dispute_id, "L1", "https://crm.example/L1", "Анна", "Недозвон", "Ольга") == said
    assert (on(1), on(3), on(7), on(9)) == (row.returned_at, row.met_at, row.booked_at, row.bought_at)


def test_only_what_was_handed_over_under_a_ruling_that_stands_is_a_return(engine):
    """A return that waits, and one that the director took back, are none; an appeal in vain leaves it as it was."""
    for number in range(4):
        keep_lead(engine, f"L{number}")
    rule_on(engine, Decision.RETURN_TO_WORK, 1, "L0")
    rule_on(engine, Decision.UPHOLD, 1, "L1")
    decisions = {"L2": DisputeAction.UPHOLD, "L3": DisputeAction.RETURN_TO_WORK}
    for lead_id, decision in decisions.items():
        dispute_id = return_on(engine, 1, lead_id)
        with engine.begin() as connection:
            for action in (DisputeAction.APPEAL, decision):
                take_step(connection, "crm", dispute_id, Act(action=action, at=on(2), author="Директор", comment="да"))
    (row,) = ledger_on(engine, 100).rows
    assert ("L3", on(1), "Директор") == (row.lead_id, row.returned_at, row.author)


def test_a_lead_that_vanished_is_shown_and_counts_for_nothing(engine):
    """As in the KPIs: it may have been merged into another card, which the contract stands on as well."""
    keep_lead(engine)
    return_on(engine, 1)
    sign_on(engine, 20)
    with engine.begin() as connection:
        connection.execute(lead.update().values(vanished_at=on(30)))
    found = ledger_on(engine, 100)
    assert [(Standing.VANISHED, {})] == [(row.standing, row.money_minor) for row in found.rows]
    totals = found.totals
    assert (1, 0, 0, {}) == (totals.returns_n, totals.flats_n, totals.booked_n, totals.money_minor)


def test_two_returned_leads_of_one_client_share_no_contract(engine):
    """The contract stands on one of them, and is that one's."""
    for lead_id in ("L1", "L2"):
        keep_lead(engine, lead_id, client_id="C1")
        return_on(engine, 1, lead_id)
    sign_on(engine, 20, "L2")
    found = ledger_on(engine, 100)
    assert {"L1": {}, "L2": RUB_TEN} == {row.lead_id: row.money_minor for row in found.rows}
    assert (RUB_TEN, 1) == (found.totals.money_minor, found.compared.returned.clients_n)


def test_the_totals_add_up_to_the_rows(engine):
    """Flats, what was given back, parking and storage apart, currency by currency."""
    for number in range(5):
        keep_lead(engine, f"L{number}")
        return_on(engine, number, f"L{number}")
    sign_on(engine, 20, "L0", price_minor=123_45)
    sign_on(engine, 20, "L0", unit_kind="parking")
    sign_on(engine, 20, "L1", price_minor=None)
    sign_on(engine, 20, "L2", terminated_at=on(30).isoformat())
    sign_on(engine, 20, "L3", currency="USD", price_minor=1)
    sign_on(engine, 20, "L3", unit_kind="storage", currency="USD")
    totals = ledger_on(engine, 100).totals
    assert {"RUB": 123_45, "USD": 1} == totals.money_minor
    assert (5, 5, 5) == (totals.returns_n, totals.leads_n, sum(totals.by_standing.values()))
    assert (3, 1, 1, 1, 1) == (
        totals.flats_n,
        totals.unpriced_n,
        totals.terminated_n,
        totals.parking_n,
        totals.storage_n,
    )


def test_the_sheet_has_a_line_a_currency_and_adds_up(engine):
    """So that a column of one currency can be added up in a spreadsheet."""
    for number in range(3):
        keep_lead(engine, f"L{number}")
        return_on(engine, number, f"L{number}")
    sign_on(engine, 20, "L0", price_minor=123_45)
    sign_on(engine, 21, "L0", currency="JPY", price_minor=500)
    sign_on(engine, 20, "L1", price_minor=1)
    found = ledger_on(engine, 100)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in sheet_rows(found.rows, MOSCOW)]
    assert [("L2", "", None), ("L1", "RUB", "0.01"), ("L0", "RUB", "123.45"), ("L0", "JPY", "500")] == [
        (row["lead"], row["currency"], row["price"] and str(row["price"])) for row in rows
    ]


def test_a_period_has_the_returns_of_its_days_and_no_knowledge_of_later(engine):
    """A contract after its end is not known yet, nor is a return."""
    for number, days in enumerate((1, 50, 99)):
        keep_lead(engine, f"L{number}")
        return_on(engine, days, f"L{number}")
        sign_on(engine, days + 10, f"L{number}")
    assert {"L1": RUB_TEN} == {row.lead_id: row.money_minor for row in ledger_on(engine, 80, since=40).rows}
    assert {"L1": {}} == {row.lead_id: row.money_minor for row in ledger_on(engine, 55, since=40).rows}


def test_an_empty_ledger_says_so_and_guesses_nothing(engine):
    found = ledger_on(engine, 100, cost=180_000)
    assert ((), {}, None, None, None) == (
        found.rows,
        found.totals.money_minor,
        found.outlook.money,
        found.beyond,
        found.payback,
    )


def test_the_payback_is_the_money_over_the_cost_of_the_same_months(engine):
    """July to September 2026: 2 months and 9 of 30 days; by quarter of the return."""
    keep_lead(engine)
    return_on(engine, 0)
    sign_on(engine, 20)
    keep_lead(engine, "L2")
    return_on(engine, 95, "L2")
    found = ledger_on(engine, (datetime(2026, 10, 9, 21, tzinfo=UTC) - on(0)).total_seconds() / 86400, cost=310_000)
    assert found.payback is not None
    assert (date(2026, 7, 1), date(2026, 10, 9)) == (found.payback.from_on, found.payback.to_on)
    assert (TEN, round(310_000_00 * (3 + 9 / 31))) == (found.payback.money_minor, found.payback.cost_minor)
    quarters = [
        (paid.from_on, paid.to_on, paid.returns_n, paid.money_minor, paid.cost_minor) for paid in found.quarters
    ]
    assert [
        (date(2026, 7, 1), date(2026, 9, 30), 1, TEN, 930_000_00),
        (date(2026, 10, 1), date(2026, 10, 9), 1, 0, 90_000_00),
    ] == quarters


@pytest.mark.parametrize("cost, currency", [(None, "RUB"), (310_000, "USD")])
def test_no_payback_without_a_cost_or_of_several_currencies(engine, cost, currency):
    """A rate of exchange would be a guess."""
    keep_lead(engine)
    return_on(engine, 0)
    sign_on(engine, 20)
    sign_on(engine, 20, currency=currency)
    found = ledger_on(engine, 100, cost=cost)
    assert (None, ()) == (found.payback, found.quarters)


def test_a_neglected_lead_that_was_returned_is_followed_like_any_other(engine):
    keep_lead(engine)
    return_on(engine, 1, origin=DisputeOrigin.NEGLECT)
    sign_on(engine, 20)
    (row,) = ledger_on(engine, 100).rows
    assert (DisputeOrigin.NEGLECT, None, "M1", RUB_TEN) == (row.origin, row.reason, row.manager, row.money_minor)


def test_a_rejection_without_a_known_owner_is_nobodys_whoever_has_the_lead_now(engine):
    keep_lead(engine, manager_id="M2")
    return_on(engine, 1, manager_id=None)
    (row,) = ledger_on(engine, 100).rows
    assert row.manager is None


def test_of_no_returns_the_shell_prints_no_blank_line(engine):
    assert "" not in [line.strip() for line in lines(ledger_on(engine, 100), MOSCOW)]


def test_what_was_returned_after_the_data_is_counted_apart(engine):
    """The ledger knows the first of them only."""
    for number, days in ((1, 99), (2, 100), (3, 101)):
        keep_lead(engine, f"L{number}")
        return_on(engine, days, f"L{number}")
    with engine.connect() as connection:
        assert (1, 2) == (ledger_on(engine, 100).totals.returns_n, returned_since(connection, "crm", on(100)))
