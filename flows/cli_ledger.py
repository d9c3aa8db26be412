"""`planerka disputes ledger`: what the returned leads have brought."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from flows.cli_days import DAY, day
from flows.cli_json import AsJson, print_json, shown

if TYPE_CHECKING:
    from planerka.disputes.ledger import Ledger
    from planerka.disputes.outlook import MoneyEstimate
    from tasks.company import Company

NOT_ENOUGH = "not enough data"

From = Annotated[
    datetime | None, typer.Option("--from", formats=DAY, help="Returns of this local day and later; of all by default.")
]
To = Annotated[
    datetime | None, typer.Option("--to", formats=DAY, help="As of the end of this local day; of the data by default.")
]
Sheet = Annotated[
    Path | None, typer.Option("--csv", help="Write a line a return into this .csv or .xlsx file as well.")
]


def ledger(from_on: From = None, to_on: To = None, as_json: AsJson = False, file: Sheet = None) -> None:
    """Each lead that was returned to work, followed to the contract: the money, and what it has cost."""
    from flows.wiring import wire
    from planerka.disputes.export import write_sheet
    from planerka.disputes.ledger_sheet import COLUMNS, sheet_rows

    company = wire()
    zone = company.settings.zone
    found = ledger_of(company, day(from_on), day(to_on))
    if file:
        write_sheet(file, COLUMNS, list(sheet_rows(found.rows, zone)))
    if as_json:
        print_json(found)
        return
    print("\n".join(lines(found, zone)))
    if later_n := returned_later(company):
        print(f"After the last day of the data {later_n} leads were returned: the next pull will tell of them")


def returned_later(company: "Company") -> int:
    """How many leads were returned after all that is pulled."""
    from planerka.store.database import reading
    from planerka.store.ledger import returned_since
    from planerka.store.windows import get_source

    with reading(company.engine) as connection:
        known = get_source(connection, company.crm.source)
        return returned_since(connection, company.crm.source, known.data_until) if known else 0


def ledger_of(company: "Company", from_on: date | None, to_on: date | None) -> "Ledger":
    """UsageError before the first pull, and for days between which there are none."""
    from planerka.clock import refuse_a_wrong_stretch, start_of
    from planerka.disputes.ledger import ledger as read_ledger
    from planerka.errors import UsageError
    from planerka.store.database import reading
    from planerka.store.windows import get_source

    refuse_a_wrong_stretch(from_on, to_on, "--from", "--to")
    source, settings = company.crm.source, company.settings
    with reading(company.engine) as connection:
        known = get_source(connection, source)
    if known is None:
        raise UsageError("nothing has been pulled yet: run `planerka pull`")
    since = start_of(from_on, settings.zone) if from_on else None
    until = known.data_until
    if to_on:
        until = min(until, start_of(to_on + timedelta(days=1), settings.zone))
    return read_ledger(company.engine, source, since, until, settings.zone, settings.review.analyst_cost_per_month)


def lines(found: "Ledger", zone: ZoneInfo) -> Iterator[str]:
    """What was earned first; what is expected, and what is the analyst's, apart from it."""
    totals = found.totals
    since, until = (at.astimezone(zone) for at in (found.since, found.until))
    yield f"{totals.returns_n} returns of {totals.leads_n} leads since {since:%Y-%m-%d}, as of {until:%Y-%m-%d %H:%M}:"
    if totals.returns_n:
        yield "  " + ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in totals.by_standing.items() if n)
    yield f"Earned: {money_line(totals.money_minor)}: {totals.flats_n} flats"
    yield (
        f"  terminated {totals.terminated_n}, at an unknown price {totals.unpriced_n}; parking {totals.parking_n}, "
        + (f"storage {totals.storage_n}")
    )
    yield from expected_lines(found)
    yield from payback_lines(found)
    judged = [one for one in found.again if one.is_new_evidence is not None]
    without = [one for one in judged if not one.is_new_evidence]
    yield f"Rejected again: {len(found.again)}, {len(judged)} of them judged, {len(without)} without new evidence"
    yield from shown([f"dispute {one.dispute_id} · lead {one.lead_id} · {one.manager}" for one in without])


def expected_lines(found: "Ledger") -> Iterator[str]:
    expected, seen = found.outlook, found.compared
    if expected.money:
        yield f"Expected of {expected.told_n} of {expected.open_n} open returns, within {expected.horizon_days} days:"
        yield f"  {range_line(expected.money)}"
    else:
        yield f"Expected of {expected.open_n} open returns: {NOT_ENOUGH}"
    sides = f"{seen.returned.bought_n} of {seen.returned.clients_n} returned clients bought a flat since, " + (
        f"{seen.upheld.bought_n} of {seen.upheld.clients_n} upheld ones"
    )
    if found.beyond:
        yield f"Earned beyond what comes by itself ({sides}):"
        yield f"  {range_line(found.beyond)}"
    else:
        yield f"Earned beyond what comes by itself ({sides}): {NOT_ENOUGH}"


def payback_lines(found: "Ledger") -> Iterator[str]:
    if found.payback is None:
        yield "Payback: not known, for `analyst_cost_per_month` of [review] is not set, or there is no one currency"
        return
    for paid in (found.payback, *found.quarters):
        cost, money = (money_line({paid.currency: minor}) for minor in (paid.cost_minor, paid.money_minor))
        yield f"Payback of {paid.from_on} to {paid.to_on}: {money} for {cost}, {paid.times:.1f} times"


def range_line(money: "MoneyEstimate") -> str:
    from planerka.disputes.ledger_sheet import amount

    value_minor, low_minor, high_minor, currency = money.value_minor, money.low_minor, money.high_minor, money.currency
    value, low, high = (f"{amount(minor, currency):,.0f}" for minor in (value_minor, low_minor, high_minor))
    return f"about {value}, between {low} and {high} {currency}"


def money_line(money_minor: dict[str, int]) -> str:
    """Exact; several currencies beside each other, never added."""
    from planerka.disputes.ledger_sheet import amount

    return ", ".join(f"{amount(minor, currency):,} {currency}" for currency, minor in money_minor.items()) or "0"
