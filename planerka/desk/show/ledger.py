"""The ledger in words: what was earned, what is only expected, and where each return stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from planerka.desk.show.disputes import Shower
from planerka.desk.show.titles import STANDINGS, UNITS
from planerka.disputes.again import ManagerAgain, RejectedAgain
from planerka.disputes.followed import Return, Signed, Standing
from planerka.disputes.ledger import Ledger
from planerka.disputes.outlook import MoneyEstimate
from planerka.disputes.payback import Payback
from planerka.disputes.waiting import ORIGINS
from planerka.model import UnitKind

TONES = {
    Standing.CONTRACT: "good",
    Standing.BOOKING: "due",
    Standing.TERMINATED: "bad",
    Standing.REJECTED: "bad",
}
SHOWN_AGAIN_N = 10
"""Of the disputes of one manager whose leads were rejected again, the newest so many."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    title: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A return. `steps`: what followed, a line each; `money` "" where it has brought none."""

    dispute_id: int
    lead_id: str
    url: str | None
    origin: str
    reason: str | None
    clauses: str
    ruled_by: str
    manager: str | None
    returned: str
    is_confirmed: bool
    steps: tuple[str, ...]
    standing: str
    tone: str
    is_again: bool
    money: str


@dataclass(frozen=True, kw_only=True)
class ManagerLine:
    """Whose returned leads were rejected again. `unshown_n` of the disputes are left out."""

    manager: str
    told: str
    dispute_ids: tuple[int, ...]
    unshown_n: int


@dataclass(frozen=True, kw_only=True)
class Quarter:
    days: str
    returns: str
    money: str
    cost: str
    times: str


def tiles(shower: Shower, found: Ledger) -> list[Tile]:
    """What is counted, and the money that was earned; nothing that is estimated."""
    words, totals = shower.words, found.totals
    say, number, count = words.say, words.number, words.count
    more = [
        count("{n} at an unknown price", "{n} at unknown prices", totals.unpriced_n) if totals.unpriced_n else None,
        count("{n} terminated", "{n} terminated", totals.terminated_n) if totals.terminated_n else None,
    ]
    besides = [
        count("{n} parking place", "{n} parking places", totals.parking_n) if totals.parking_n else None,
        count("{n} storage room", "{n} storage rooms", totals.storage_n) if totals.storage_n else None,
    ]
    return [
        Tile(
            title=say("Returned"),
            value=number(totals.returns_n),
            note=count("of {n} lead", "of {n} leads", totals.leads_n),
        ),
        Tile(title=say("Meetings"), value=number(totals.met_n)),
        Tile(title=say("Bookings"), value=number(totals.booked_n)),
        Tile(title=say("Contracts for flats"), value=number(totals.flats_n), note=", ".join(filter(None, more))),
        Tile(
            title=say("Money"),
            value=money_of(shower, found.totals.money_minor) or "0",
            note=say("and {besides}, not in the sum", besides=", ".join(filter(None, besides))) if any(besides) else "",
        ),
        payback_tile(shower, found.payback),
    ]


def payback_tile(shower: Shower, paid: Payback | None) -> Tile:
    words = shower.words
    if paid is None:
        return Tile(
            title=words.say("Payback"),
            value="—",
            note=words.say("not known: `analyst_cost_per_month` of [review] is not set, or there is no one currency"),
        )
    cost = words.money(paid.cost_minor, paid.currency)
    return Tile(
        title=words.say("Payback"), value=times(shower, paid), note=words.say("the analyst cost {money}", money=cost)
    )


def times(shower: Shower, paid: Payback) -> str:
    return shower.words.say("{n} times", n=shower.words.number(paid.times, 1))


def money_of(shower: Shower, money_minor: dict[str, int]) -> str:
    """Several currencies beside each other, never added; "" for no money."""
    return ", ".join(shower.words.exact_money(minor, currency) for currency, minor in money_minor.items())


def range_of(shower: Shower, money: MoneyEstimate) -> str:
    """Rounded: more digits would claim that it is known."""
    value, low, high = (
        shower.words.money(minor, money.currency) for minor in (money.value_minor, money.low_minor, money.high_minor)
    )
    return shower.words.say("about {value}, between {low} and {high}", value=value, low=low, high=high)


def expected(shower: Shower, found: Ledger) -> tuple[str | None, str]:
    """What may still come, None where that cannot be told; and what it is made of."""
    words, seen = shower.words, found.outlook
    if seen.money is None or seen.horizon_days is None or seen.price_minor is None:
        return None, words.say(
            "Not enough data: {open} returned leads are open, and {bought} of {history} ever returned have bought.",
            open=words.number(seen.open_n),
            history=words.number(seen.history_n),
            bought=words.number(seen.bought_n),
        )
    return range_of(shower, seen.money), words.say(
        "Of {told} of {open} open leads: the chance that each still becomes a contract within {days} days of its "
        "return, by what has become of {history} returned leads so far, times what a flat sells for ({price}).",
        told=words.number(seen.told_n),
        open=words.number(seen.open_n),
        days=words.number(seen.horizon_days),
        history=words.number(seen.history_n),
        price=words.money(seen.price_minor, seen.money.currency),
    )


def beyond(shower: Shower, found: Ledger) -> tuple[str | None, str]:
    """What of the earned money would not have come by itself, None where that cannot be told; and both sides."""
    words, seen = shower.words, found.compared
    sides = words.say(
        "{bought} of {clients} clients whose leads were returned have bought since; of {others} whose rejections were "
        "upheld, {others_bought} came back and bought by themselves.",
        bought=words.number(seen.returned.bought_n),
        clients=words.number(seen.returned.clients_n),
        others=words.number(seen.upheld.clients_n),
        others_bought=words.number(seen.upheld.bought_n),
    )
    return (range_of(shower, found.beyond) if found.beyond else None), sides


def row(shower: Shower, one: Return, again: RejectedAgain | None) -> Row:
    words = shower.words
    return Row(
        dispute_id=one.dispute_id,
        lead_id=one.lead_id,
        url=one.url,
        origin=words.say(ORIGINS[one.origin]),
        reason=one.reason,
        clauses=", ".join(one.clauses),
        ruled_by=shower.author(one.author),
        manager=one.manager,
        returned=day(shower, one.returned_at),
        is_confirmed=one.is_confirmed,
        steps=tuple(steps(shower, one)),
        standing=words.say(STANDINGS[one.standing]),
        tone=TONES.get(one.standing, ""),
        is_again=again is not None and again.is_new_evidence is False,
        money=money_of(shower, one.money_minor),
    )


def steps(shower: Shower, one: Return) -> Iterator[str]:
    say = shower.words.say
    if one.met_at:
        yield say("Meeting: {day}", day=day(shower, one.met_at))
    if one.booked_at:
        yield say("Booking: {day}", day=day(shower, one.booked_at))
    for signed in one.contracts:
        yield say("Contract: {told}", told=contract(shower, signed))


def contract(shower: Shower, signed: Signed) -> str:
    """Of what, when, for how much, and whether it still stands; only flats count as money."""
    words = shower.words
    price = words.say("price not known")
    if signed.price_minor is not None:
        price = words.exact_money(signed.price_minor, signed.currency)
    parts = [words.say(UNITS[signed.unit_kind]), day(shower, signed.signed_at), price]
    if signed.terminated_at:
        parts.append(words.say("terminated {day}", day=day(shower, signed.terminated_at)))
    elif signed.unit_kind != UnitKind.FLAT:
        parts.append(words.say("not in the sum"))
    return ", ".join(parts)


def day(shower: Shower, at: datetime) -> str:
    return shower.words.full_day(at.astimezone(shower.zone))


def managers(shower: Shower, found: Ledger) -> list[ManagerLine]:
    """Only those who rejected without new evidence; who did it most often first."""
    return [manager_line(shower, one) for one in found.again_by_manager if one.without_n]


def manager_line(shower: Shower, one: ManagerAgain) -> ManagerLine:
    told = shower.words.count(
        "{without} of {n} lead rejected again",
        "{without} of {n} leads rejected again",
        one.n,
        without=shower.words.number(one.without_n),
    )
    return ManagerLine(
        manager=one.manager or shower.words.say("not known"),
        told=told,
        dispute_ids=one.without_ids[:SHOWN_AGAIN_N],
        unshown_n=max(one.without_n - SHOWN_AGAIN_N, 0),
    )


def quarter(shower: Shower, paid: Payback) -> Quarter:
    words = shower.words
    return Quarter(
        days=words.days(paid.from_on, paid.to_on),
        returns=words.number(paid.returns_n),
        money=words.exact_money(paid.money_minor, paid.currency),
        cost=words.money(paid.cost_minor, paid.currency),
        times=times(shower, paid),
    )
