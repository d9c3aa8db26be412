"""What may still come of the open returns: what has come of such leads so far, times what a flat sells for.

By the company's own history of returns, whoever is still open in it watched until today (Kaplan and Meier). The end of
the watch is a purchase or today, not a second rejection: a lead that was lost again counts as one that has not bought,
so that the chance is rather too low than too high. It is an estimate, and never added to money that was earned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from planerka.disputes.followed import Return
from planerka.stats import ENOUGH_N, Estimate
from planerka.survival import incidence

LONGEST_DAYS = 365
"""A return is given a year to become a contract."""


@dataclass(frozen=True, kw_only=True)
class MoneyEstimate:
    """An amount that is estimated, in minor units, with the interval that its mean lies in 19 times out of 20."""

    value_minor: int
    low_minor: int
    high_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """`history_n` returns are known, of which `bought_n` became a contract that stands; `horizon_days` after its return
    a lead is given up, which is a year or the longest time that one was watched.

    `chances`: of each open return, by dispute, that it becomes a contract by then; no value where nothing is known of
    leads that were open so long. `told_n` of the `open_n` have one, and are what `money` is made of. `money` None: not
    enough data, be it returns, contracts among them, flats sold in a year, or one currency.
    """

    history_n: int
    bought_n: int
    horizon_days: int | None
    open_n: int
    told_n: int
    price_minor: int | None
    money: MoneyEstimate | None
    chances: dict[int, Estimate] = field(default_factory=dict)


def outlook(history: pd.DataFrame, rows: Iterable[Return], price: Mapping[str, Any] | None, until: datetime) -> Outlook:
    """`history`: every return so far, as `followed.watched`; of `rows` the open ones are estimated; `price` as
    `stake.median_price`."""
    durations, has_bought = history["days"].to_numpy(float), history["has_bought"].to_numpy(bool)
    waiting = [one for one in rows if one.standing.is_open]
    is_enough = len(history) >= ENOUGH_N and bool(has_bought.any())
    horizon = int(min(LONGEST_DAYS, durations.max())) if is_enough else None
    chances = chances_of(waiting, durations, has_bought, horizon, until) if horizon else {}
    told = [chance for chance in chances.values() if chance.interval]
    return Outlook(
        history_n=len(history),
        bought_n=int(has_bought.sum()),
        horizon_days=horizon,
        open_n=len(waiting),
        told_n=len(told),
        price_minor=price["price_minor"] if price else None,
        money=expected(told, price) if horizon and price else None,
        chances=chances,
    )


def chances_of(
    waiting: Iterable[Return], durations: np.ndarray, has_bought: np.ndarray, horizon: int, until: datetime
) -> dict[int, Estimate]:
    """By dispute, from whole days: those who wait equally long have one chance."""

    @cache
    def chance(open_days: int) -> Estimate:
        found = incidence(durations, has_bought, horizon, open_days)
        # Without an interval it is 0 or 1 for want of leads that waited longer: that would be a guess.
        return found if found.interval else Estimate(n=found.n)

    return {one.dispute_id: chance((until - one.returned_at).days) for one in waiting}


def expected(told: Iterable[Estimate], price: Mapping[str, Any]) -> MoneyEstimate:
    """The chances lie high or low together, for they are of one curve: the ends of their intervals add up."""
    ends = [(one.value, one.interval.low, one.interval.high) for one in told if one.value is not None and one.interval]
    value, low, high = (round(price["price_minor"] * sum(end)) for end in zip((0.0, 0.0, 0.0), *ends, strict=True))
    return MoneyEstimate(value_minor=value, low_minor=low, high_minor=high, currency=price["currency"])
