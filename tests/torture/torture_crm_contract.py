"""What every CRM must bear: a large account pulled while people work in it, and commands whose answers are lost.

A fake amoCRM, a fake Odoo, and a real one where PLANERKA_TEST_ODOO_… lead to it. A test takes two to three minutes,
more with more leads: PLANERKA_TORTURE_CRM_LEADS_N sets how many there are.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Event as Signal
from threading import Thread

import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.crm.base import Crm
from planerka.errors import CrmBusyError, CrmLostAnswerError
from planerka.intake.pull import pull
from planerka.model import Command, EventKind, LeadStatus
from planerka.store import leads as stored
from planerka.store.database import open_store, reading
from tests.builders_odoo import KINDS, fake_site, real_site
from tests.builders_store import MOSCOW
from tests.torture.crm_accounts import Account, Happened, Pulled
from tests.torture.crm_amocrm import amo_account
from tests.torture.crm_odoo import OdooAccount

LEADS_N = int(os.environ.get("PLANERKA_TORTURE_CRM_LEADS_N", "20000"))
PULLS_N = 3
CHANGED_A_SECOND_N = 50
AT_WORK_ON_N = 500
"""So few, that a lead is changed over and over."""

COMMANDS_N = 200
TOLD = [EventKind.CREATED, EventKind.STAGE_CHANGED, EventKind.REJECTED, EventKind.REOPENED]


@pytest.fixture(params=("amocrm", *KINDS))
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    if request.param == "amocrm":
        with amo_account() as account:
            yield account
    elif request.param == "fake":
        with fake_site() as site:
            yield OdooAccount(site)
    else:
        yield OdooAccount(real_site())


class People:
    """Who move, lose and restore so many leads a second, or as many as the CRM can bear."""

    def __init__(self, account: Account) -> None:
        self.account, self.dice, self.stop, self.changed_n = account, Random(7), Signal(), 0
        self.lead_ids = self.dice.sample(list(account.cards), AT_WORK_ON_N)

    def work(self) -> None:
        began_s, seconds_n = time.monotonic(), 0
        while not self.stop.wait(max(0.0, began_s + seconds_n - time.monotonic())):
            seconds_n += 1
            self.change(self.dice.sample(self.lead_ids, CHANGED_A_SECOND_N))

    def change(self, lead_ids: list[str]) -> None:
        wanted = defaultdict[tuple[str, str], list[str]](list)
        for lead_id in lead_ids:
            wanted[self.wish(lead_id)].append(lead_id)
        for (what, value), some in wanted.items():
            if what == "restore":
                self.account.restore(some)
            else:
                (self.account.lose if what == "lose" else self.account.move)(some, value)
            self.changed_n += len(some)

    def wish(self, lead_id: str) -> tuple[str, str]:
        card = self.account.cards[lead_id]
        if card.status == LeadStatus.REJECTED:
            return "restore", ""
        if self.dice.random() < 0.5:
            return "lose", self.dice.choice(self.account.reasons)
        return "move", self.dice.choice([stage for stage in self.account.stages if stage != card.stage_id])

    @contextmanager
    def working(self) -> Iterator[None]:
        thread = Thread(target=self.work)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join()


def test_of_a_large_account_pulled_beside_people_at_work_nothing_is_lost_or_twice(account: Account, tmp_path: Path):
    account.load(LEADS_N)
    account.settle()
    engine, people = open_store(f"sqlite:///{tmp_path}/store.db"), People(account)
    began_s = time.monotonic()
    with people.working():
        pulls = [pulled(engine, account) for _ in range(PULLS_N)]
    took_s = time.monotonic() - began_s
    account.settle()
    pulls.append(pulled(engine, account))
    ids = pd.Series(list(account.cards))
    with reading(engine) as connection:
        leads = stored.leads_of(connection, account.source, ids)
        events = stored.events_of(connection, account.source, ids, ("lead_id", "kind", "to_stage_id"), TOLD)
    told, forgotten = counted(events), account.forgotten(pulls)
    lost, twice = account.events - told, told - account.events
    print(
        f"{LEADS_N} leads, {PULLS_N} pulls in {took_s:.0f} s, {people.changed_n} changes meanwhile; "
        f"of {account.events.total()} events {(lost - forgotten).total()} are lost, {twice.total()} told twice, "
        f"{(lost & forgotten).total()} were forgotten by the CRM"
    )
    assert len(account.cards) == len(leads)
    assert cards_of(account) == told_of(leads)
    assert (Counter(), Counter()) == (lost - forgotten, twice), "lost, and told twice"


def pulled(engine: sa.Engine, account: Account) -> Pulled:
    report = pull(engine, account.crm(), MOSCOW, account.now(), lambda step: None)
    return Pulled(report.data_until, account.now())


def cards_of(account: Account) -> dict[str, tuple[str | None, ...]]:
    return {key: (card.status, card.channel_id, card.stage_id, card.reason_id) for key, card in account.cards.items()}


def told_of(leads: pd.DataFrame) -> dict[str, tuple[str | None, ...]]:
    """What the store has; the reason of a lead that is rejected, for amoCRM goes on showing that of an open one."""
    reasons = leads["reason_id"].where(leads["status"] == LeadStatus.REJECTED)
    told = leads[["status", "channel_id", "stage_id"]].assign(reason_id=reasons).astype(object)
    rows = told.where(told.notna(), None).itertuples(index=False, name=None)
    return dict(zip(leads["id"], rows, strict=True))


def counted(events: pd.DataFrame) -> Happened:
    """The new stage stands in a change of stage; elsewhere some CRMs repeat it."""
    stages = events["to_stage_id"].where(events["kind"] == EventKind.STAGE_CHANGED).astype(object)
    return Counter(zip(events["lead_id"], events["kind"], stages.where(stages.notna(), None), strict=True))


def test_two_hundred_returns_are_done_once_each_though_every_third_answer_is_lost(account: Account):
    account.create(COMMANDS_N)
    lead_ids = list(account.cards)
    account.lose(lead_ids, account.reasons[0])
    commands = [account.command(lead_id) for lead_id in lead_ids]
    with account.cutting() as crm:
        for told in commands:
            while not is_applied(crm, told):
                pass
    assert Counter({(1, 1, 1): COMMANDS_N}) == Counter(account.done(told.lead_id, told.marker) for told in commands)


def is_applied(crm: Crm, told: Command) -> bool:
    """As a flow does: what the CRM has lost or could not take stays pending, and is tried again in the next run."""
    try:
        crm.apply(told)
    except (CrmLostAnswerError, CrmBusyError):
        return False
    return True
