"""What the analyst costs beside what the returned leads have brought."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from planerka.disputes.followed import Return
from planerka.words import minor_units


@dataclass(frozen=True, kw_only=True)
class Payback:
    """Of the returns of some local days, both included: the money so far, and what the analyst cost in those days.

    `times`: how many times the money is the cost. Late days have hardly had time to bring any.
    """

    from_on: date
    to_on: date
    returns_n: int
    money_minor: int
    cost_minor: int
    currency: str
    times: float


def paybacks(
    rows: Sequence[Return],
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    cost_per_month: int | None,
    currency: str | None,
) -> tuple[Payback | None, list[Payback]]:
    """Of the days of `[since, until)` as a whole, and by quarter; none without a cost, a currency or a day."""
    if cost_per_month is None or currency is None or since >= until:
        return None, []
    from_on, to_on = day_of(since, zone), day_of(until - timedelta(microseconds=1), zone)
    quarters = by_quarter(rows, from_on, to_on, cost_per_month, currency, zone)
    return payback(rows, from_on, to_on, cost_per_month, currency), list(quarters)


def payback(rows: Sequence[Return], from_on: date, to_on: date, cost_per_month: int, currency: str) -> Payback:
    """`rows` are the returns of those days; `cost_per_month` in whole units of the currency."""
    money_minor = sum(one.money_minor.get(currency, 0) for one in rows)
    cost_minor = round(months(from_on, to_on) * cost_per_month * minor_units(currency))
    return Payback(
        from_on=from_on,
        to_on=to_on,
        returns_n=len(rows),
        money_minor=money_minor,
        cost_minor=cost_minor,
        currency=currency,
        times=money_minor / cost_minor,
    )


def by_quarter(
    rows: Sequence[Return], from_on: date, to_on: date, cost_per_month: int, currency: str, zone: ZoneInfo
) -> Iterator[Payback]:
    """By the quarter of the return, in order, the first and the last as far as they lie between the days."""
    while from_on <= to_on:
        last_on = min(to_on, quarter_end(from_on))
        its = [one for one in rows if from_on <= day_of(one.returned_at, zone) <= last_on]
        yield payback(its, from_on, last_on, cost_per_month, currency)
        from_on = last_on + timedelta(days=1)


def months(from_on: date, to_on: date) -> Fraction:
    """How many calendar months the days are, both included; of a month that is begun, the share of its days."""
    whole = Fraction()
    while from_on <= to_on:
        last_on = min(to_on, month_end(from_on))
        whole += Fraction((last_on - from_on).days + 1, month_end(from_on).day)
        from_on = last_on + timedelta(days=1)
    return whole


def month_end(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def quarter_end(on: date) -> date:
    return month_end(date(on.year, (on.month + 2) // 3 * 3, 1))


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
