"""What may still come of the open returns, and what comes of clients by themselves: estimates, or none."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from planerka.disputes.followed import Return, Standing
from planerka.disputes.outlook import MoneyEstimate, outlook
from planerka.disputes.payback import months
from planerka.disputes.unaided import Bought, Compared, beyond, compared, money_beyond
from planerka.model import DisputeOrigin
from planerka.stats import Estimate, difference, wilson

UNTIL = datetime(2026, 11, 24, tzinfo=UTC)
PRICE = {"price_minor": 10_000_000_00, "currency": "RUB"}


def returned(number: int, days: float) -> Return:
    """Open, and returned so many days ago."""
    return Return(
        dispute_id=number,
        lead_id=f"L{number}",
        url=None,
        origin=DisputeOrigin.UNLAWFUL,
        author=None,
        reason=None,
        clauses=(),
        manager=None,
        returned_at=UNTIL - timedelta(days=days),
        is_confirmed=True,
        ends_at=UNTIL,
        met_at=None,
        booked_at=None,
        contracts=(),
        standing=Standing.AT_WORK,
        money_minor={},
    )


def history(bought_n: int, lost_n: int, young_n: int = 0) -> pd.DataFrame:
    """Who bought did so after 50 days; the lost were watched for 100, the young for 5."""
    days = [50.0] * bought_n + [100.0] * lost_n + [5.0] * young_n
    return pd.DataFrame({"days": days, "has_bought": [True] * bought_n + [False] * (lost_n + young_n)})


def test_the_open_ones_are_worth_what_became_of_such_leads():
    """Of 40 that were open on the tenth day 10 bought: a quarter of a flat, and the same interval for both."""
    waiting = [returned(2000 + number, 10) for number in range(2)]
    found = outlook(history(10, 30), waiting, PRICE, UNTIL)
    assert (40, 10, 100, 2, 2) == (
        found.history_n,
        found.bought_n,
        found.horizon_days,
        found.open_n,
        found.told_n,
    )
    assert found.money is not None
    chance = found.chances[2000]
    assert (40, pytest.approx(0.25)) == (chance.n, chance.value)
    assert 5_000_000_00 == found.money.value_minor
    assert 2 * round(chance.interval.low * 10_000_000_00) == pytest.approx(found.money.low_minor, abs=2)
    assert found.money.low_minor < found.money.value_minor < found.money.high_minor


def test_a_lead_that_is_open_longer_than_any_that_bought_is_not_told():
    """Nobody knows: it is in no estimate, neither as nothing nor as a share."""
    found = outlook(history(10, 30), [returned(2000, 60)], PRICE, UNTIL)
    assert (1, 0, Estimate(n=30)) == (found.open_n, found.told_n, found.chances[2000])


@pytest.mark.parametrize(
    "past, price", [(history(10, 19), PRICE), (history(0, 100), PRICE), (history(10, 30), None), (history(0, 0), None)]
)
def test_too_little_history_is_no_estimate(past, price):
    """Under 30 returns, none that bought, no price of a flat in one currency."""
    assert None is outlook(past, [returned(2000, 10)], price, UNTIL).money


def test_those_who_are_still_open_do_not_count_as_lost():
    """Watched for five days they say nothing of the fiftieth."""
    found = outlook(history(10, 30, 1000), [returned(2000, 10)], PRICE, UNTIL)
    assert pytest.approx(0.25) == found.chances[2000].value


def leads(*rows: tuple[str, str | None, int]) -> pd.DataFrame:
    """lead_id, client_id, and the day of November `at` which it was ruled on or bought."""
    frame = pd.DataFrame(rows, columns=["lead_id", "client_id", "at"])
    return frame.assign(at=pd.to_datetime([datetime(2026, 11, day, tzinfo=UTC) for day in frame["at"]], utc=True))


def test_a_client_counts_once_and_among_the_returned_ones():
    """Whatever enquiry of theirs the flat is bought by; a lead without a known client is a client of its own."""
    returned_leads = leads(("L1", "C1", 2), ("L2", "C1", 5), ("L3", None, 2))
    upheld = leads(("L4", "C1", 2), ("L5", "C2", 2), ("L6", "C3", 20), ("L7", "C4", 2))
    before = leads(("L0", "C4", 1))
    buyers = leads(("L9", "C1", 9), ("L8", "C1", 10), ("L3", None, 9), ("L10", "C2", 9), ("L11", "C3", 9))
    found = compared(
        returned_leads,
        upheld,
        pd.concat([returned_leads, before]),
        buyers.rename(columns={"at": "signed_at"}),
        UNTIL,
    )
    assert (Bought(clients_n=2, bought_n=2, days_n=22), Bought(clients_n=2, bought_n=1, days_n=13)) == (
        found.returned,
        found.upheld,
    )


def test_only_what_exceeds_the_upheld_is_the_analysts():
    """Of 200 returned clients 40 bought, of 100 upheld 5: three quarters of the money, and no more than all of it."""
    sides = Bought(clients_n=200, bought_n=40, days_n=90), Bought(clients_n=100, bought_n=5, days_n=90)
    found = beyond(*sides)
    expected = difference(0.2, wilson(40, 200), 0.05, wilson(5, 100))
    assert (100, pytest.approx(0.15), expected) == (found.n, found.value, found.interval)
    money = money_beyond(Compared(returned=sides[0], upheld=sides[1], beyond=found), 1_000_00, "RUB")
    parts = [round(1_000_00 * min(end / 0.2, 1.0)) for end in (expected.low, expected.high)]
    assert MoneyEstimate(value_minor=750_00, low_minor=parts[0], high_minor=parts[1], currency="RUB") == money


def test_nothing_is_the_analysts_where_the_upheld_buy_as_often():
    """The interval begins at nothing, never below."""
    sides = Bought(clients_n=100, bought_n=10, days_n=90), Bought(clients_n=100, bought_n=20, days_n=90)
    money = money_beyond(Compared(returned=sides[0], upheld=sides[1], beyond=beyond(*sides)), 1_000_00, "RUB")
    assert money is not None
    assert (0, 0) == (money.value_minor, money.low_minor)


@pytest.mark.parametrize("returned_n, upheld_n", [(29, 100), (100, 29), (100, 0)])
def test_under_thirty_clients_nothing_is_compared(returned_n, upheld_n):
    found = beyond(
        Bought(clients_n=returned_n, bought_n=9, days_n=90), Bought(clients_n=upheld_n, bought_n=0, days_n=90)
    )
    assert (None, None) == (found.value, found.interval)


@pytest.mark.parametrize(
    "from_on, to_on, expected",
    [
        ("2026-01-01", "2026-12-31", 12),
        ("2026-02-01", "2026-02-14", 0.5),
        ("2026-01-31", "2026-02-01", 1 / 31 + 1 / 28),
        ("2026-12-31", "2027-01-01", 2 / 31),
    ],
)
def test_a_begun_month_counts_by_its_days(from_on, to_on, expected):
    assert pytest.approx(expected) == float(months(date.fromisoformat(from_on), date.fromisoformat(to_on)))
