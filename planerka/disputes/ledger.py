"""The ledger: what the returned leads have brought, what they may still bring, and what of it is the analyst's.

Three kinds of money that are never added: earned (contracts that stand), expected (of the open ones, an estimate), and
beyond (the part of the earned that such clients would not have brought by themselves).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from planerka.disputes.again import ManagerAgain, RejectedAgain, by_manager, last_rejections, rejected_again
from planerka.disputes.followed import Return, Standing, follow, watched, windows
from planerka.disputes.outlook import MoneyEstimate, Outlook, outlook
from planerka.disputes.payback import Payback, paybacks
from planerka.disputes.stake import median_price
from planerka.disputes.unaided import Compared, compared, money_beyond
from planerka.model import UnitKind
from planerka.regulation.signed import signed_editions
from planerka.store import ledger as stored
from planerka.store import verdicts
from planerka.store.database import reading
from planerka.store.references import references


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over the rows. `by_standing` adds up to `returns_n`, which are of `leads_n` leads; `met_n` and `booked_n`
    went that far, whatever became of them. `unconfirmed_n` were handed over and not seen in the source yet.

    Of contracts: `flats_n` stand, `unpriced_n` of them at a price that is not known; `terminated_n` flats are given
    back. Vanished leads are in the counts of returns alone. `money_minor` by currency.
    """

    returns_n: int
    leads_n: int
    unconfirmed_n: int
    by_standing: dict[Standing, int]
    met_n: int
    booked_n: int
    flats_n: int
    unpriced_n: int
    terminated_n: int
    parking_n: int
    storage_n: int
    money_minor: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The returns of `[since, until)`, the newest first, as they stood at `until`.

    `beyond`: what of the earned money exceeds the upheld; None where that is not known, or the money is in several
    currencies. `payback` None: the analyst's cost is not set, or the money is in several currencies; `quarters` are
    empty then. `again` are the returned leads that were rejected once more, the newest first.
    """

    since: datetime
    until: datetime
    rows: tuple[Return, ...]
    totals: Totals
    outlook: Outlook
    compared: Compared
    beyond: MoneyEstimate | None
    payback: Payback | None
    quarters: tuple[Payback, ...]
    again: tuple[RejectedAgain, ...]
    again_by_manager: tuple[ManagerAgain, ...]

    @cached_property
    def again_of(self) -> dict[int, RejectedAgain]:
        """`again` by dispute."""
        return {one.dispute_id: one for one in self.again}


def ledger(
    engine: sa.Engine,
    source: str,
    since: datetime | None,
    until: datetime,
    zone: ZoneInfo,
    cost_per_month: int | None = None,
) -> Ledger:
    """The ledger of the returns since then (None: since the first), by what was known `until` then.

    `cost_per_month` of the analyst, in whole units of the currency that the contracts are in; None: not known.
    """
    with reading(engine) as connection:
        returns = windows(stored.returns(connection, source, until), until)
        contracts = stored.contracts_of_returned(connection, source, until)
        begin = since or (until if returns.empty else returns["returned_at"].min().to_pydatetime())
        own = returns[returns["returned_at"] >= pd.Timestamp(begin)]
        rows, again = read_rows(connection, source, own, contracts, begin, until)
        seen = read_compared(connection, source, own, begin, until)
        price = median_price(connection, source, until)
        expected = outlook(watched(returns, contracts), rows, price, until)
    totals = totals_of(rows)
    currency = currency_of(totals, price)
    whole, quarters = paybacks(rows, begin, until, zone, cost_per_month, currency)
    return Ledger(
        since=begin,
        until=until,
        rows=tuple(reversed(rows)),
        totals=totals,
        outlook=expected,
        compared=seen,
        beyond=money_beyond(seen, totals.money_minor.get(currency, 0), currency) if currency else None,
        payback=whole,
        quarters=tuple(quarters),
        again=tuple(again),
        again_by_manager=tuple(by_manager(again)),
    )


def read_rows(
    connection: sa.Connection,
    source: str,
    returns: pd.DataFrame,
    contracts: pd.DataFrame,
    since: datetime,
    until: datetime,
) -> tuple[list[Return], list[RejectedAgain]]:
    """A row for each of the returns, and those of them that were rejected again."""
    steps = stored.steps_of_returned(connection, source, since, until)
    rejections = last_rejections(steps, returns)
    judged = verdicts.newest(connection, source, pd.concat([returns["subject_id"], rejections["id"]]))
    names = references(connection, source)
    editions = {edition.name: edition for edition in signed_editions(connection)}
    rows = follow(returns, steps, contracts, judged, names)
    return rows, rejected_again(rejections, rows, judged, editions, names)


def read_compared(
    connection: sa.Connection, source: str, returns: pd.DataFrame, since: datetime, until: datetime
) -> Compared:
    returned = returns.rename(columns={"returned_at": "at"})
    upheld = stored.upheld(connection, source, since, until).rename(columns={"ruled_at": "at"})
    ever, buyers = stored.ever_returned(connection, source), stored.buyers(connection, source, since, until)
    return compared(returned, upheld, ever, buyers, until)


def totals_of(rows: Sequence[Return]) -> Totals:
    there = [one for one in rows if one.standing != Standing.VANISHED]
    contracts = [signed for one in there for signed in one.contracts]
    flats = [signed for signed in contracts if signed.is_standing_flat]
    kinds = Counter(signed.unit_kind for signed in contracts if signed.terminated_at is None)
    money: Counter[str] = Counter()
    for one in rows:
        money.update(one.money_minor)
    standings = Counter(one.standing for one in rows)
    return Totals(
        returns_n=len(rows),
        leads_n=len({one.lead_id for one in rows}),
        unconfirmed_n=sum(not one.is_confirmed for one in rows),
        by_standing={standing: standings[standing] for standing in Standing},
        met_n=sum(one.met_at is not None for one in there),
        booked_n=sum(one.booked_at is not None for one in there),
        flats_n=len(flats),
        unpriced_n=sum(signed.price_minor is None for signed in flats),
        terminated_n=sum(s.unit_kind == UnitKind.FLAT and s.terminated_at is not None for s in contracts),
        parking_n=kinds[UnitKind.PARKING],
        storage_n=kinds[UnitKind.STORAGE],
        money_minor=dict(money),
    )


def currency_of(totals: Totals, price: Mapping[str, Any] | None) -> str | None:
    """The one that all the money is in: of nothing earned yet, that of the flats sold last year; None for several."""
    if not totals.money_minor:
        return price["currency"] if price else None
    return next(iter(totals.money_minor)) if len(totals.money_minor) == 1 else None
