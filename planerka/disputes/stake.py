"""The money at stake in a dispute: the share of such leads that bought a flat, times what a flat sells for.

By the company's own history. "Such leads" came by the same channel and reached at least the same step; where there are
too few of them, all leads that reached the step. The latest three months are left out, for their leads have hardly had
time to buy; what is younger than a year may still grow, so that the share is rather too low than too high.
"""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.stats import ENOUGH_N
from planerka.store.measure_sums import Scope, Sums, sums
from planerka.store.stakes import flat_prices, put_stakes, waiting_leads
from planerka.store.windows import get_source

STEPS = {0: "leads_n", 1: "qualified_in_21d_n", 2: "meeting_in_60d_n", 3: "booking_in_365d_n"}
"""The leads of a cohort that reached a step, by the step."""

CONTRACTS = "contract_in_365d_n"
HISTORY, TOO_YOUNG, PRICES_OF = timedelta(days=730), timedelta(days=90), timedelta(days=365)


def weigh_disputes(engine: sa.Engine, source: str, zone: ZoneInfo) -> None:
    """Count what is at stake in every waiting dispute anew: the measures that it is counted from have changed."""
    with engine.begin() as connection:
        known = get_source(connection, source)
        if known:
            weigh(connection, source, known.data_until, zone)


def weigh(connection: sa.Connection, source: str, until: datetime, zone: ZoneInfo) -> None:
    """Count what is at stake in every waiting dispute anew, by what had happened until then."""
    until_on = until.astimezone(zone).date()
    history = histories(connection, source, until_on)
    price = median_price(connection, source, until)
    waiting = waiting_leads(connection, source)
    put_stakes(
        connection,
        {
            int(row.dispute_id): price and stake_of(history, str(row.channel_id), int(row.step), price)
            for row in waiting.itertuples()
        },
    )


def median_price(connection: sa.Connection, source: str, until: datetime) -> dict[str, Any] | None:
    """price_minor and currency of what a flat sold for in the last year; None where too few sold, or in several
    currencies."""
    prices = flat_prices(connection, source, until - PRICES_OF)
    if len(prices) < ENOUGH_N or prices["currency"].nunique() != 1:
        return None
    return {"price_minor": int(prices["price_minor"].median()), "currency": str(prices["currency"].iloc[0])}


def histories(connection: sa.Connection, source: str, until_on: date) -> dict[Scope, Sums]:
    """How many leads reached each step and bought, by channel, and of the company as ()."""
    stretch = until_on - HISTORY, until_on - TOO_YOUNG
    names = {*STEPS.values(), CONTRACTS}
    return sums(connection, source, names, *stretch, ("channel_id",)) | sums(connection, source, names, *stretch)


def stake_of(history: dict[Scope, Sums], channel_id: str, step: int, price: dict[str, Any]) -> dict[str, Any] | None:
    """amount_minor and all that it is made of; None where too few such leads are known.

    `is_by_channel`: whether `leads_n` and `contracts_n` are of the channel alone.
    """
    for scope in ((channel_id,), ()):
        found = history.get(scope, Sums({}, {})).all
        leads_n = found.get(STEPS[step], 0)
        if leads_n >= ENOUGH_N:
            contracts_n = min(found.get(CONTRACTS, 0), leads_n)
            amount_minor = price["price_minor"] * contracts_n // leads_n
            counted = {"leads_n": leads_n, "contracts_n": contracts_n, "is_by_channel": scope != ()}
            return {"amount_minor": amount_minor, "step": step} | counted | price
    return None
