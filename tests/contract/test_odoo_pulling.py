"""A pull of Odoo into a store while people go on working, and while what may go wrong goes wrong."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event as Signal
from threading import Thread

import httpx
import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.errors import CrmAnswerError, CrmBusyError, CrmClosedError, CrmLoginError, CrmMovedError, CrmRefusalError
from planerka.intake.pull import pull, sweep
from planerka.model import Event, EventKind, Lead
from planerka.store import leads as stored
from planerka.store.database import connect, reading
from tests.builders_odoo import DEAR, NEW, NO_STOCK, PROPOSITION, QUALIFIED, Site, events_of, kinds_of, of_lead, read
from tests.builders_store import MOSCOW
from tests.fakes.odoo.faults import Fault
from tests.fakes.odoo.records import Records
from tests.fakes.odoo.rights import Role

WORK_S = 2.0


@pytest.fixture
def engine(migrated_file: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    path = tmp_path / "store.db"
    shutil.copy(migrated_file, path)
    engine = connect(f"sqlite:///{path}")
    yield engine
    engine.dispose()


class People:
    """Who create, move, lose and restore leads, one after another, and remember what they did."""

    def __init__(self, site: Site) -> None:
        self.site, self.dice, self.stop = site, Random(7), Signal()
        self.lead_ids, self.stage_of, self.lost = list[str](), dict[str, int](), set[str]()
        self.rejected_n = Counter[str]()

    def work(self) -> None:
        while not self.stop.is_set():
            if len(self.lead_ids) < 10 or self.dice.random() < 0.3:
                self.create()
            else:
                self.change(self.dice.choice(self.lead_ids))

    def create(self) -> None:
        lead_id = self.site.lead(stage_id=NEW)
        self.lead_ids.append(lead_id)
        self.stage_of[lead_id] = NEW

    def change(self, lead_id: str) -> None:
        if lead_id in self.lost:
            self.site.on(lead_id, "action_restore")
            self.lost.remove(lead_id)
        elif self.dice.random() < 0.5:
            self.site.lose(lead_id, self.dice.choice((DEAR, NO_STOCK)))
            self.lost.add(lead_id)
            self.rejected_n[lead_id] += 1
        else:
            self.stage_of[lead_id] = self.dice.choice((NEW, QUALIFIED, PROPOSITION))
            self.site.on(lead_id, "write", vals={"stage_id": self.stage_of[lead_id]})

    @contextmanager
    def working(self) -> Iterator[None]:
        thread = Thread(target=self.work)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join()


def pulled(engine: sa.Engine, site: Site, now: datetime | None = None) -> int:
    """Pull what is new; how many rows were held back."""
    return pull(engine, site.crm(), MOSCOW, now or site.now(), lambda step: None).quarantined_n


def caught_up(engine: sa.Engine, site: Site) -> int:
    """Pull once all that was written is old enough to be pulled."""
    done_at = site.now() + timedelta(seconds=1)
    if site.fake:
        site.fake.clock = lambda: time.time() + 10
    crm = site.crm()
    while crm.data_until(site.now()) < done_at:
        pass
    return pulled(engine, site)


def test_a_pull_beside_people_at_work_loses_nothing_and_has_nothing_twice(engine: sa.Engine, site: Site):
    people, held_back_n = People(site), 0
    began_s = time.monotonic()
    with people.working():
        while time.monotonic() - began_s < WORK_S:
            held_back_n += pulled(engine, site, site.now() + timedelta(seconds=5))
    held_back_n += caught_up(engine, site)
    ids = pd.Series(people.lead_ids)
    with reading(engine) as connection:
        leads = stored.leads_of(connection, "odoo", ids)
        events = stored.events_of(connection, "odoo", ids, ("lead_id", "kind"), [EventKind.REJECTED])
    stages = dict(zip(leads["id"], leads["stage_id"].astype(int), strict=True))
    assert 0 == held_back_n
    assert people.stage_of == stages
    assert people.lost == set(leads.loc[leads["status"] == "rejected", "id"])
    assert people.rejected_n == Counter(events["lead_id"])


def test_a_lead_that_is_restored_between_its_card_and_its_history_was_rejected_once(fake: Site):
    lead_id, crm, restored = fake.lose(fake.lead()), fake.crm(), list[str]()
    assert crm.account

    async def restore(response: httpx.Response) -> None:
        if response.request.url.path.endswith("crm.lead/search_read") and not restored:
            restored.append(lead_id)
            await asyncio.to_thread(fake.on, lead_id, "action_restore")

    crm.odoo.http.client.event_hooks = {"response": [restore]}
    rows = read(fake, crm)
    assert "rejected" == of_lead(rows, lead_id)["status"], "the card was read before"
    assert ["rejected", "reopened"] == kinds_of(rows, lead_id)[2:]


def test_a_lead_that_is_merged_away_vanishes_with_the_sweep(engine: sa.Engine, fake: Site):
    first, second = fake.lead(), fake.lead()
    caught_up(engine, fake)
    fake.call("crm.lead", "merge_opportunity", ids=[int(first), int(second)])
    pulled(engine, fake)
    assert 1 == sweep(engine, fake.crm(), fake.now())


def test_a_change_that_is_committed_late_comes_with_the_next_pull(engine: sa.Engine, fake: Site):
    """Odoo dates it by the beginning of its transaction, before the end of what was pulled meanwhile."""
    with fake.fake.transaction() as transaction:
        [late] = transaction.call("crm.lead", "create", vals_list=[{"name": "Late"}])
        fake.fake.clock = lambda: time.time() + 60
        in_time = fake.lead()
        caught_up_after(engine, fake, 120)
    caught_up_after(engine, fake, 180)
    with reading(engine) as connection:
        known = stored.leads_of(connection, "odoo", pd.Series([in_time, str(late)]))
    assert {in_time, str(late)} == set(known["id"])


def caught_up_after(engine: sa.Engine, site: Site, seconds: int) -> None:
    site.fake.clock = lambda: time.time() + seconds
    pulled(engine, site)


def test_what_odoobot_does_a_robot_does(fake: Site):
    lead_id = fake.lead()
    fake.fake.call("crm.lead", "action_set_lost", [int(lead_id)], user_id=1, lost_reason_id=DEAR)
    assert ("rejected", "1", "robot") in events_of(read(fake), lead_id, "actor_id", "actor_kind")


PASSING = (
    Fault.TOO_MANY_REQUESTS,
    Fault.BAD_GATEWAY,
    Fault.GATEWAY_TIMEOUT,
    Fault.CUT_BEFORE_ACTING,
    Fault.RESET_IN_BODY,
    Fault.HALF_JSON,
    Fault.EMPTY_BODY,
)


@pytest.mark.parametrize("fault", PASSING)
def test_a_page_that_fails_is_asked_for_again(fake: Site, fault: Fault):
    lead_id = fake.lose(fake.lead())
    fake.fake.faults.next(answer=fault, matching="crm.lead/search_read", times_n=2)
    rows = read(fake)
    assert ([lead_id], 1) == (list(rows[Lead]["id"]), (rows[Event]["kind"] == EventKind.REJECTED).sum())


def test_what_fails_for_minutes_ends_the_pull_with_a_word(fake: Site):
    fake.fake.faults.every(1, answer=Fault.UNAVAILABLE, matching="crm.lead/search_read")
    with pytest.raises(CrmBusyError, match="pull again later"):
        read(fake)


def test_a_wrong_key_is_told_at_once(fake: Site):
    with pytest.raises(CrmLoginError, match="give planerka a key that is valid"):
        read(fake, fake.crm(key="another"))


def test_a_wrong_database_is_told_at_once(fake: Site):
    fake.database = "other"
    with pytest.raises(CrmMovedError, match="correct `url`"):
        read(fake)


def test_our_own_mistake_comes_as_500_and_is_not_repeated(fake: Site):
    crm = fake.crm()
    with pytest.raises(CrmRefusalError, match="Invalid field"):
        crm.thread.run(crm.odoo.rows("crm.lead", [], ["no_such_field"]))
    assert 1 == [name for name, _ in fake.fake.calls].count("crm.lead/search_read")


def test_a_key_without_history_reads_what_the_cards_say_and_says_what_it_lacks(fake: Site):
    fake.fake.add_user("All leads", Role.SALES_ALL, key="key-of-sales")
    lead_id = fake.lose(fake.lead())
    crm = fake.crm(key="key-of-sales")
    assert ("rejected", f"{lead_id}:rejected") in events_of(read(fake, crm), lead_id, "id")
    assert {"event.reopened", "event.stage_changed", "event.owner_changed"} <= crm.lacks()
    assert "history cannot be read" in crm.check_access()


def test_a_key_that_sees_its_own_leads_only_is_refused(fake: Site):
    fake.fake.add_user("Own leads", Role.SALES_OWN, key="key-of-own")
    with pytest.raises(CrmClosedError, match="sees no leads but its own"):
        fake.crm(key="key-of-own").check_access()


def test_history_supplies_what_the_doctor_promises(fake: Site):
    lacks = fake.crm().lacks()
    assert set() == lacks & {"event.rejected", "event.reopened", "event.qualified", "event.call_out", "lead.client_id"}
    assert {"event.duration_s", "event.call_in", "contract", "event.contract_signed"} <= lacks


@pytest.mark.parametrize("clock_error_s", [-3600, 3600])
def test_the_earlier_of_two_clocks_says_how_far_the_data_reach(fake: Site, clock_error_s: int):
    fake.fake.clock_error_s = clock_error_s
    ahead = fake.crm().data_until(fake.now()) - fake.now()
    assert round(min(clock_error_s, 0) / 60) == round(ahead.total_seconds() / 60)


def test_a_filter_that_is_passed_over_is_noticed(fake: Site, monkeypatch: pytest.MonkeyPatch):
    fake.fake.add_lead(at=datetime(2026, 1, 12))
    crm = fake.crm()
    assert crm.account
    searched = Records._search
    monkeypatch.setattr(Records, "_search", lambda rows, domain, *more: searched(rows, [], *more))
    with pytest.raises(CrmAnswerError, match="which was not asked for"):
        [*crm.read(fake.window())]


def test_history_in_another_language_is_understood(fake: Site):
    lead_id = fake.lead()
    fake.on(lead_id, "action_set_lost", lost_reason_id=DEAR, context={"lang": "ru_RU"})
    fake.on(lead_id, "action_restore", context={"lang": "ru_RU"})
    kinds = list(read(fake)[Event]["kind"])
    assert [EventKind.REJECTED, EventKind.REOPENED] == kinds[2:]
