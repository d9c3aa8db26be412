"""Two hundred people, a real mail server, lines cut and senders killed: each has one mail, or it is known why not."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from planerka.store.database import connect, upgrade
from tests.builders_mail import Cut, breaking_line, delivery_settings, ledger, send, sender_process, states
from tests.torture.mail_lab import DOMAIN, LATE, SENDER, MailLab, Policy, mail_lab, wait_until

PEOPLE = [f"user{number:03}@{DOMAIN}" for number in range(1, 201)]
FOR_GOOD, FOR_NOW = set(PEOPLE[19::20]), set(PEOPLE[9::10]) - set(PEOPLE[19::20])
"""Every twentieth is refused for good, every other tenth twice for now."""

KILLS_N, RUNS_N = 10, 30
CUT_SHARE = 0.15
STEP = timedelta(minutes=11)
"""How far the clock is ahead of the run before: a copy must have come by then. Postfix needs less than a second."""

PACE = {"per_minute": 3_000}
"""Slow enough that a sender is killed at its work."""


def refusals() -> Policy:
    """What Postfix is to say to RCPT: no for good, or not now, twice."""
    asked: Counter[str] = Counter()

    def policy(person: str) -> str:
        asked[person] += 1
        if person in FOR_GOOD:
            return "550 5.1.1 no such user"
        return "451 4.7.1 try later" if person in FOR_NOW and asked[person] <= 2 else "DUNNO"

    return policy


def some_cuts(dice: Random) -> Iterator[Cut | None]:
    while True:
        yield dice.choice(list(Cut)) if dice.random() < CUT_SHARE else None


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    upgrade(connect(url))
    return url


def send_to_the_end(lab: MailLab, store_url: str, dice: Random, waiting: set[str], **mailbox: object) -> sa.Engine:
    """Kill the sender ten times, then run it until nobody is in a state of `waiting`; returns the store."""
    engine = connect(store_url)
    with breaking_line(lab.smtp_port, some_cuts(dice).__next__) as line:
        delivery = delivery_settings(line.port, PEOPLE, smtp=PACE, **mailbox)
        for run in range(KILLS_N):
            send_and_be_killed(store_url, delivery, run * STEP, dice.uniform(0.4, 0.9))
            wait_until(lambda: not line.open_lines and lab.is_idle(), "all that was taken is in the Maildirs")
        for run in range(KILLS_N, RUNS_N):
            if not waiting & set(states(engine).values()):
                return engine
            send(engine, delivery, datetime.now(UTC) + run * STEP)
            wait_until(lambda: not line.open_lines and lab.is_idle(), "all that was taken is in the Maildirs")
    raise AssertionError(f"{RUNS_N} runs were not enough: {Counter(states(engine).values())}")


def send_and_be_killed(store_url: str, delivery: dict[str, Any], ahead: timedelta, after_s: float) -> None:
    process = sender_process(store_url, delivery, ahead)
    assert process.stdout is not None
    assert "begins\n" == process.stdout.readline()
    time.sleep(after_s)
    process.kill()
    process.wait()


def figures(lab: MailLab, engine: sa.Engine) -> Counter[tuple[str, int]]:
    """How many people are in which state, with how many mails in their Maildir."""
    return Counter((str(one.state), len(lab.mails(one.recipient))) for one in ledger(engine))


@pytest.mark.parametrize("seed", range(3))
def test_with_the_senders_mailbox_each_has_one_mail_or_a_refusal_for_good(store_url, seed):
    """However often it was cut and killed."""
    with mail_lab(PEOPLE, refusals()) as lab:
        waiting = {"queued", "delayed", "doubtful"}
        engine = send_to_the_end(lab, store_url, Random(seed), waiting, mailbox=lab.mailbox)
        print(figures(lab, engine))
        assert {("sent", 1): 190, ("refused", 0): 10} == figures(lab, engine)
    assert FOR_GOOD == {one.recipient for one in ledger(engine) if one.state == "refused"}


def test_without_it_nobody_has_two_and_who_may_have_none_is_in_doubt(store_url):
    """A person must be asked, for only the answer that nobody heard would tell."""
    with mail_lab(PEOPLE, refusals()) as lab:
        engine = send_to_the_end(lab, store_url, Random(2026), {"queued", "delayed"})
        found = figures(lab, engine)
        print(found)
    assert {("sent", 1), ("refused", 0)} < set(found) <= {("sent", 1), ("refused", 0), ("doubtful", 0), ("doubtful", 1)}
    assert (200, 10) == (sum(found.values()), found["refused", 0])


def test_a_mail_that_is_taken_and_bounces_becomes_a_refusal(store_url):
    """With the words of the server that could not deliver it, and nobody is sent anything again."""
    engine, now = connect(store_url), datetime.now(UTC)
    with mail_lab(PEOPLE[:1]) as lab:
        delivery = delivery_settings(lab.smtp_port, [PEOPLE[0], LATE], mailbox=lab.mailbox)
        assert 2 == send(engine, delivery, now).sent_n
        wait_until(lambda: len(lab.mails(SENDER)) == 3, "both copies and the bounce have come")
        (missing,) = send(engine, delivery, now + STEP).missing
        assert (LATE, "refused", "bounced: 5.2.2 mailbox full") == (missing.recipient, missing.state, missing.answer)
        assert 1 == len(lab.mails(PEOPLE[0]))
