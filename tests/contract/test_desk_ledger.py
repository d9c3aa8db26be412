"""The page of the ledger, on both databases: it can be checked row by row, and nothing estimated is added to it."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.desk.kept import FRESH
from planerka.model import Decision
from planerka.people import Role
from planerka.store import windows
from planerka.store.windows import Source
from tests.builders_desk import DeskSite, MovedClock, desk_site
from tests.builders_ledger import happens_on, keep_lead, on, return_on, rule_on, sign_on


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    pulled_until(engine, 100)
    return desk_site(engine, tmp_path, source="crm")


def pulled_until(engine: sa.Engine, days: float) -> None:
    with engine.begin() as connection:
        windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=on(days)))


def page_of(site: DeskSite, path: str = "/ledger") -> str:
    return " ".join(site.entered(Role.SALES).get(path).text.split())


def sheet_of(site: DeskSite) -> list[dict[str, str]]:
    answer = site.entered(Role.SALES).get("/ledger.csv")
    assert ("text/csv; charset=utf-8", 'attachment; filename="ledger.csv"') == (
        answer.headers["content-type"],
        answer.headers["content-disposition"],
    )
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_return_is_followed_to_the_contract(site: DeskSite, engine: sa.Engine) -> None:
    """Each step with its date, the money to the kopeck, a link to the dispute and one to the card."""
    keep_lead(engine, url="https://crm.example/L1")
    number = return_on(engine, 1)
    happens_on(engine, 3, "meeting_held")
    happens_on(engine, 5, "booked")
    sign_on(engine, 20, price_minor=10_000_000_50)
    page = page_of(site)
    expected = (
        f'href="/disputes/{number}"',
        'href="https://crm.example/L1"',
        "Meeting: 4 Jul 2026",
        "Booking: 6 Jul 2026",
        "Contract: flat, 21 Jul 2026, RUB 10,000,000.50",
        "<dt>Money</dt><dd><strong>RUB 10,000,000.50</strong>",
        "<dt>Contracts for flats</dt><dd><strong>1</strong>",
    )
    assert [] == [words for words in expected if words not in page.replace("\u00a0", " ")]


def test_a_return_after_the_day_of_the_data_is_told_of_at_once(site: DeskSite, engine: sa.Engine) -> None:
    """Also while the ledger is kept: else the page would deny what was done today."""
    keep_lead(engine)
    assert "Nothing was returned to work yet." in page_of(site)
    return_on(engine, 101)
    page = page_of(site)
    assert (True, False) == (
        "1 return was handed over since then; the next pull will tell of it." in page,
        "Nothing was returned to work yet." in page,
    )


def test_the_sheet_adds_up_to_the_money_of_the_page(site: DeskSite, engine: sa.Engine) -> None:
    """Over all pages: a terminated contract and a parking place are no money."""
    for number in range(60):
        keep_lead(engine, f"L{number}")
        return_on(engine, 1, f"L{number}")
    for number in range(5):
        sign_on(engine, 20, f"L{number}", price_minor=7_000_000_01 + number)
    sign_on(engine, 20, "L7", terminated_at=on(30).isoformat())
    sign_on(engine, 20, "L8", unit_kind="parking")
    total = sum(Decimal(row["price"] or 0) for row in sheet_of(site))
    assert Decimal("35000000.15") == total
    page = page_of(site).replace("\u00a0", " ")
    assert ("RUB 35,000,000.15" in page, "1 terminated" in page, "and 1 parking place" in page) == (True, True, True)
    rows_n = [page_of(site, f"/ledger?page={number}").count('scope="row"') for number in (1, 2, 3)]
    assert ([50, 10, 0], 60) == (rows_n, len(sheet_of(site)))


def test_a_cell_that_looks_like_a_formula_is_a_text(site: DeskSite, engine: sa.Engine) -> None:
    keep_lead(engine, "=cmd|' /C calc'!A0")
    return_on(engine, 1, "=cmd|' /C calc'!A0", author="@SUM(A1)")
    (row,) = sheet_of(site)
    assert ("'=cmd|' /C calc'!A0", "'@SUM(A1)") == (row["lead"], row["ruled_by"])


@pytest.mark.parametrize("card", ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "//thief.example"])
def test_only_a_page_of_the_web_is_a_link_to_a_card(site: DeskSite, engine: sa.Engine, card: str) -> None:
    """An export may hold anything in that column."""
    keep_lead(engine, url=card)
    return_on(engine, 1)
    page = page_of(site)
    assert (True, False) == ("lead L1" in page, any(word in page for word in ("alert(1)", "thief.example")))


def test_an_estimate_is_no_money(site: DeskSite, engine: sa.Engine) -> None:
    """An open lead has brought nothing, and of few returns nothing is estimated."""
    keep_lead(engine)
    return_on(engine, 90)
    page = page_of(site)
    assert ("<dt>Money</dt><dd><strong>0</strong>" in page, "Not enough data: 1 returned leads are open" in page) == (
        True,
        True,
    )


def test_clients_of_upheld_rejections_stand_beside(site: DeskSite, engine: sa.Engine) -> None:
    keep_lead(engine, "L1")
    return_on(engine, 1, "L1")
    keep_lead(engine, "L2")
    rule_on(engine, Decision.UPHOLD, 1, "L2")
    sign_on(engine, 20, "L2")
    page = page_of(site)
    assert (
        "0 of 1 clients whose leads were returned have bought since; of 1 whose rejections were upheld, 1 came" in page
    )
    assert "From 30 clients on each side it can be told." in page


@pytest.mark.parametrize("cost, told", [(100_000, "<dt>Payback</dt><dd><strong>"), (None, "is not set")])
def test_payback_is_told_where_the_cost_is_known(
    site: DeskSite, engine: sa.Engine, cost: int | None, told: str
) -> None:
    keep_lead(engine)
    return_on(engine, 1)
    sign_on(engine, 20)
    review = site.desk.settings.review.model_copy(update={"analyst_cost_per_month": cost})
    desk = replace(site.desk, settings=site.desk.settings.model_copy(update={"review": review}))
    page = page_of(DeskSite(desk=desk, clock=MovedClock()))
    assert (True, cost is not None) == (told in page, "the analyst cost" in page)


def test_before_the_first_pull_there_is_a_page_and_an_empty_sheet(engine: sa.Engine, tmp_path: Path) -> None:
    site = desk_site(engine, tmp_path, source="crm")
    assert "Nothing has been pulled from the CRM yet." in page_of(site)
    assert [] == sheet_of(site)


def test_the_ledger_is_counted_anew_after_a_while_and_nobody_waits_for_it(site: DeskSite, engine: sa.Engine) -> None:
    """Who asks when it is stale sees the last one; the newer one is there soon after."""
    keep_lead(engine)
    return_on(engine, 1)
    assert 1 == len(sheet_of(site))
    keep_lead(engine, "L2")
    return_on(engine, 2, "L2")
    assert 1 == len(sheet_of(site))
    site.clock.now += FRESH + timedelta(seconds=1)
    assert 1 == len(sheet_of(site))
    site.app.state.ledger.making.result()
    assert 2 == len(sheet_of(site))


def test_nobody_waits_for_a_ledger_that_takes_long(site: DeskSite, engine: sa.Engine) -> None:
    """The page says so and asks again by itself; the sheet is waited for."""
    site.app.state.ledger.patience_s = 0
    browser = site.entered(Role.SALES)
    first = browser.get("/ledger")
    assert (202, "3", "The ledger is being worked out" in first.text) == (
        first.status_code,
        first.headers["refresh"],
        True,
    )
    assert 200 == browser.get("/ledger.csv").status_code
    assert (200, None) == ((then := browser.get("/ledger")).status_code, then.headers.get("refresh"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_ledger_that_failed_is_worked_out_anew(site: DeskSite, engine: sa.Engine) -> None:
    """Who waited for it is told that something is broken."""
    browser = site.entered(Role.SALES, raise_server_exceptions=False)
    rename(engine, "receipt", "gone")
    assert browser.get("/ledger").is_server_error
    rename(engine, "gone", "receipt")
    assert 200 == browser.get("/ledger").status_code


def rename(engine: sa.Engine, table: str, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE {table} RENAME TO {name}"))


@pytest.mark.parametrize("path", ["/ledger", "/ledger.csv"])
@pytest.mark.parametrize("role", Role)
def test_both_departments_the_analyst_and_the_director_may_look(site: DeskSite, role: Role, path: str) -> None:
    may = role not in (Role.SECOND_READER, Role.OPS)
    assert (200 if may else 403) == site.entered(role).get(path).status_code
