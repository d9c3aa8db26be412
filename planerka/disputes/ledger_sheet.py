"""The ledger as a spreadsheet: a line a return, whose prices add up to the money that was earned."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from planerka.disputes.followed import Return
from planerka.words import minor_units

COLUMNS = (
    *("dispute", "lead", "origin", "ruled_by", "returned", "is_confirmed", "reason", "clauses", "manager"),
    *("meeting", "booking", "contracts", "standing", "price", "currency", "card"),
)


def sheet_rows(returns: Sequence[Return], zone: ZoneInfo) -> Iterator[list[object]]:
    """In the order of COLUMNS, times local; `price` in whole units, blank without money. A return whose flats are in
    several currencies has a line for each, so that a column of one currency can be added up."""
    for one in returns:
        for currency, amount_minor in one.money_minor.items() or [("", None)]:
            price = None if amount_minor is None else amount(amount_minor, currency)
            yield [*cells(one, zone), price, currency, one.url]


def cells(one: Return, zone: ZoneInfo) -> list[object]:
    return [
        one.dispute_id,
        one.lead_id,
        str(one.origin),
        one.author,
        local(one.returned_at, zone),
        one.is_confirmed,
        one.reason,
        " ".join(one.clauses),
        one.manager,
        local(one.met_at, zone),
        local(one.booked_at, zone),
        "; ".join(str(local(signed.signed_at, zone)) for signed in one.contracts),
        str(one.standing),
    ]


def amount(amount_minor: int, currency: str) -> Decimal:
    """Exact, in whole units: 1237600000 kopecks are 12376000.00 roubles."""
    units = minor_units(currency)
    return (Decimal(amount_minor) / units).quantize(Decimal(1) / units)


def local(at: datetime | None, zone: ZoneInfo) -> str | None:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else None
