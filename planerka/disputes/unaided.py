"""What comes of rejected clients without the analyst: of those whose rejections were upheld, some come back and buy.

Only what the returned ones buy beyond that can be called the analyst's. Both sides are counted alike: by client, by any
flat of any enquiry of theirs, signed after the ruling or the return, whose contract stands.
"""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from planerka.disputes.outlook import MoneyEstimate
from planerka.stats import ENOUGH_N, Estimate, difference, wilson


@dataclass(frozen=True, kw_only=True)
class Bought:
    """Of `clients_n` followed from a day of theirs, `bought_n` have bought; half were followed for `days_n` or longer.

    `days_n` None: nobody was followed.
    """

    clients_n: int
    bought_n: int
    days_n: int | None

    @property
    def share(self) -> Estimate:
        value = self.bought_n / self.clients_n if self.clients_n else None
        return Estimate(n=self.clients_n, value=value, interval=wilson(self.bought_n, self.clients_n))


@dataclass(frozen=True, kw_only=True)
class Compared:
    """`beyond`: the share of the returned less that of the upheld, -1..1; no value under 30 clients on either side.

    A client of both is among the returned ones alone.
    """

    returned: Bought
    upheld: Bought
    beyond: Estimate


def compared(
    returned: pd.DataFrame, upheld: pd.DataFrame, ever_returned: pd.DataFrame, buyers: pd.DataFrame, until: datetime
) -> Compared:
    """`returned`, `upheld`: lead_id, client_id and `at`, since when each is followed; the first of a client counts.

    `ever_returned` are the leads that count as returned whenever they were. `buyers` as of `store.ledger`.
    """
    untouched = upheld[~clients(upheld).isin(clients(ever_returned))]
    sides = bought(returned, buyers, until), bought(untouched, buyers, until)
    return Compared(returned=sides[0], upheld=sides[1], beyond=beyond(*sides))


def bought(followed: pd.DataFrame, buyers: pd.DataFrame, until: datetime) -> Bought:
    first = followed.assign(client=clients(followed)).sort_values("at").drop_duplicates("client")
    signed = buyers.assign(client=clients(buyers)).merge(first[["client", "at"]], on="client")
    bought_n = signed.loc[signed["signed_at"] > signed["at"], "client"].nunique()
    days_n = int((pd.Timestamp(until) - first["at"]).median().days) if len(first) else None
    return Bought(clients_n=len(first), bought_n=bought_n, days_n=days_n)


def clients(leads: pd.DataFrame) -> pd.Series:
    """Who each lead is of: a lead whose client is not known is a client of its own."""
    return leads["client_id"].fillna("lead " + leads["lead_id"])


def beyond(returned: Bought, upheld: Bought) -> Estimate:
    n = min(returned.clients_n, upheld.clients_n)
    mine, other = returned.share, upheld.share
    if n < ENOUGH_N or mine.value is None or other.value is None or not mine.interval or not other.interval:
        return Estimate(n=n)
    interval = difference(mine.value, mine.interval, other.value, other.interval)
    return Estimate(n=n, value=mine.value - other.value, interval=interval)


def money_beyond(seen: Compared, money_minor: int, currency: str) -> MoneyEstimate | None:
    """The part of the money that the returned clients bought beyond the upheld ones; None where that is not known."""
    share, found = seen.returned.share.value, seen.beyond
    if found.value is None or found.interval is None or not share:
        return None
    value, low, high = (
        part(end / share, money_minor) for end in (found.value, found.interval.low, found.interval.high)
    )
    return MoneyEstimate(value_minor=value, low_minor=low, high_minor=high, currency=currency)


def part(of_it: float, money_minor: int) -> int:
    """Never less than nothing, nor more than all of it."""
    return round(money_minor * min(max(of_it, 0.0), 1.0))
