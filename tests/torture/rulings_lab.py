"""Rulings under attack: their children are killed, and what is left is compared with what they had acknowledged."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from random import Random
from signal import SIGKILL
from typing import Any

import sqlalchemy as sa

from planerka.dispute_states import DisputeState
from planerka.disputes.ruling import rule, undo
from planerka.errors import UsageError
from planerka.model import Decision
from planerka.store import disputes
from planerka.store.check import INVARIANTS
from planerka.store.database import reading
from planerka.store.dispute_steps import steps_of
from planerka.store.locks import locked
from planerka.store.tables import command, dispute, dispute_step, receipt
from tests.builders_disputes import docket_of
from tests.builders_odoo import fake_site
from tests.builders_rulings import dispute_rejections
from tests.torture import rulings_child
from tests.torture.crm_accounts import Account
from tests.torture.crm_amocrm import AmoAccount, amo_account
from tests.torture.crm_odoo import OdooAccount
from tests.torture.rulings_child import Door, Ruled, hand_over_all, left

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload([rulings_child.__name__])

A_RUN_N = 4
"""Disputes that one child rules on, unless it is killed before."""

IN_THE_CRM = {
    Decision.RETURN_TO_WORK: (1, 1, 1),
    Decision.REQUEST_EVIDENCE: (1, 1, 0),
}
"""Notes, tasks and returns to work that a command comes to."""


@contextmanager
def account_of(kind: str) -> Iterator[Account]:
    if kind == "amocrm":
        with amo_account() as account:
            yield account
    else:
        with fake_site() as site:
            yield OdooAccount(site)


def door_of(account: Account) -> Door:
    if isinstance(account, AmoAccount):
        mapping = account.mapping().model_dump_json(exclude_unset=True, by_alias=True)
        return Door("amocrm", account.url, account.fake.token, mapping)
    assert isinstance(account, OdooAccount)
    site = account.site
    mapping = site.mapping().model_dump_json(exclude_unset=True, by_alias=True)
    return Door("odoo", site.url, site.key, mapping, site.database)


@dataclass
class Review:
    """Disputes of an account in a store; `acknowledged` are the rulings that a child has told of."""

    engine: sa.Engine
    account: Account
    acknowledged: list[Ruled] = field(default_factory=list)

    @property
    def store_url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    @property
    def source(self) -> str:
        return self.account.source


def review_of(engine: sa.Engine, account: Account, disputes_n: int) -> Review:
    account.create(disputes_n)
    account.lose(list(account.cards), account.reasons[0])
    dispute_rejections(engine, account.source, list(account.cards), datetime.now(UTC))
    return Review(engine, account)


@contextmanager
def child(target: Callable[..., None], *told: Any) -> Iterator[tuple[Any, Connection]]:
    """A process that has begun, and what it says; killed at the end of the block."""
    said, saying = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=target, args=(*told, saying), daemon=True)
    process.start()
    saying.close()
    try:
        assert "begins" == said.recv()
        yield process, said
    finally:
        process.kill()
        process.join()


def everything_said(said: Connection) -> list[Ruled]:
    """Up to where it was cut off."""
    found = []
    with suppress(EOFError, OSError):
        while True:
            found.append(said.recv())
    return found


def rule_until(review: Review, seed: int, after_s: float | None) -> float | None:
    """Have a child rule, and kill it so long after its beginning (None: never); how long it took, None if killed."""
    job = (door_of(review.account), review.store_url, sorted(untouched(review.engine))[:A_RUN_N], seed)
    with child(rulings_child.rule_and_hand_over, *job) as (process, said):
        began_s = time.monotonic()
        process.join(after_s)
        took_s = time.monotonic() - began_s
        process.kill()
        process.join()
        review.acknowledged += everything_said(said)
    assert process.exitcode in (0, -SIGKILL), f"the child of seed {seed} failed"
    return None if process.exitcode else took_s


def untouched(engine: sa.Engine) -> set[int]:
    """Disputes on which nobody has ruled: a child may be killed between a ruling and its word for it."""
    with reading(engine) as connection:
        return set(connection.scalars(sa.select(dispute.c.id).where(dispute.c.steps_n == 1)))


def kill_rulings(review: Review, kills_n: int, dice: Random) -> None:
    """Kill so many children at random moments of their work, while every third answer of the CRM is cut off; then hand
    over what is left, undisturbed."""
    with review.account.cutting():
        lasts_s, killed_n = rule_until(review, 0, None), 0
        while killed_n < kills_n:
            assert untouched(review.engine), "there is nothing left to rule on"
            took_s = rule_until(review, dice.randrange(10**9), dice.uniform(0, lasts_s or 0))
            lasts_s, killed_n = took_s or lasts_s, killed_n + (took_s is None)
    hand_over_the_rest(review)


def hand_over_the_rest(review: Review) -> None:
    with door_of(review.account).opened() as crm:
        hand_over_all(review.engine, crm, review.source)


@dataclass(frozen=True)
class Written:
    """A command of the store: whether it has a receipt, and is of the ruling that stands."""

    marker: str
    lead_id: str
    kind: Decision
    is_confirmed: bool
    is_standing: bool


def written(review: Review) -> list[Written]:
    query = (
        sa.select(command.c.content, receipt.c.confirmed_at, dispute.c.ruling_id == command.c.ruling_id)
        .join(dispute_step, dispute_step.c.id == command.c.ruling_id)
        .join(dispute, dispute.c.id == dispute_step.c.dispute_id)
        .outerjoin(receipt, receipt.c.marker == command.c.marker)
    )
    with reading(review.engine) as connection:
        return [
            Written(content["marker"], content["lead_id"], Decision(content["kind"]), at is not None, bool(is_standing))
            for content, at, is_standing in connection.execute(query)
        ]


def wrong(review: Review) -> list[object]:
    """All that is not as it must be after a last, undisturbed run; empty where everything is."""
    return [
        *lost(review),
        *not_once(review),
        *broken(review.engine),
        *locks_left(review),
        *left(review.engine, review.source),
    ]


def lost(review: Review) -> list[Ruled]:
    """Rulings that were acknowledged, and are not among the steps as they were told."""
    with reading(review.engine) as connection:
        taken = steps_of(connection, [ruled.dispute_id for ruled in review.acknowledged])
    kept = {(step.id, step.dispute_id, str(step.action)) for found in taken.values() for step in found}
    return [r for r in review.acknowledged if (r.ruling_id, r.dispute_id, str(r.decision)) not in kept]


def not_once(review: Review) -> list[tuple[Written, tuple[int, int, int]]]:
    """Commands that are in the CRM other than once; of those that were ruled over before they had left, other than in
    part."""
    found = [(one, in_the_crm(review.account, one)) for one in written(review)]
    return [
        (one, done)
        for one, done in found
        if not (one.is_confirmed and done == IN_THE_CRM[one.kind])
        and not (not one.is_confirmed and not one.is_standing and max(done) <= 1)
    ]


def in_the_crm(account: Account, one: Written) -> tuple[int, int, int]:
    notes_n, tasks_n, returns_n = account.done(one.lead_id, one.marker)
    return notes_n, tasks_n, returns_n if one.kind == Decision.RETURN_TO_WORK else 0


def broken(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return [title for title, query in INVARIANTS.items() if connection.scalar(query)]


def locks_left(review: Review) -> list[str]:
    """BusyError where there is one."""
    with locked(review.engine, f"commands for {review.source}", "whoever looks", datetime.now(UTC)):
        return []


def race_undo(review: Review, races_n: int, dice: Random) -> Counter[str]:
    """Undo returns at random moments around the one at which a child of another process hands them over; how often
    which of the two was first."""
    docket, found = docket_of(review.engine, review.source), {}
    with child(rulings_child.keep_handing_over, door_of(review.account), review.store_url) as (process, _):
        for dispute_id in sorted(untouched(review.engine))[:races_n]:
            now, waits = datetime.now(UTC), timedelta(milliseconds=30)
            rule(docket, dispute_id, Decision.RETURN_TO_WORK, "Анна", "Вернуть", now, undo_time=waits)
            time.sleep(dice.uniform(0, 0.1))  # the moment is what is tried
            found[dispute_id] = undone(review, dispute_id)
        assert process.is_alive(), "what hands over has failed"
    hand_over_the_rest(review)
    return Counter(verdict_on(review, dispute_id, is_undone) for dispute_id, is_undone in found.items())


def undone(review: Review, dispute_id: int) -> bool:
    try:
        undo(docket_of(review.engine, review.source), dispute_id, "Анна", datetime.now(UTC))
    except UsageError:
        return False
    return True


def verdict_on(review: Review, dispute_id: int, is_undone: bool) -> str:
    """What became of a race: undone and nowhere, or handed over and not undone; anything else is wrong."""
    with reading(review.engine) as connection:
        view = disputes.show(connection, review.source, dispute_id)
    receipts = [one.is_confirmed for one in written(review) if one.lead_id == view.lead_id]
    found = (is_undone, view.state, receipts, review.account.done(view.lead_id))
    fair = {
        (True, DisputeState.OPENED, (), (0, 0, 0)): "undone",
        (False, DisputeState.RETURN_RULED, (True,), (1, 1, 1)): "handed over",
    }
    return fair.get((is_undone, view.state, tuple(receipts), found[3]), f"dispute {dispute_id}: {found}")
