"""Odoo, the fake or a real one, to be tortured as every CRM is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from planerka.crm.odoo.adapter import OdooCrm
from planerka.model import Command
from tests.builders_odoo import DEAR, NEW, NO_STOCK, PROPOSITION, QUALIFIED, Site, command, restored
from tests.contract.test_odoo_writing import Cut
from tests.fakes.odoo.faults import Fault
from tests.fakes.serving import served
from tests.torture.crm_accounts import Account

CREATED_AT_ONCE_N = 1000


class OdooAccount(Account):
    """Odoo, the fake or a real one."""

    source = "odoo"
    stages = tuple(str(key) for key in (NEW, QUALIFIED, PROPOSITION))
    reasons = tuple(str(key) for key in (DEAR, NO_STOCK))

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site

    def create(self, leads_n: int) -> None:
        """Without what Odoo says of a new lead, which takes it ten times as long."""
        sources = [str(key) for key in self.site.call("utm.source", "search", domain=[], limit=3)]
        for start in range(0, leads_n, CREATED_AT_ONCE_N):
            some = range(start, min(start + CREATED_AT_ONCE_N, leads_n))
            told = [(sources[n % len(sources)], self.stages[n // 3 % 3]) for n in some]
            vals = [
                {"name": "Load", "type": "opportunity", "user_id": 2, "source_id": int(channel), "stage_id": int(stage)}
                for channel, stage in told
            ]
            ids = self.site.call("crm.lead", "create", vals_list=vals, context={"tracking_disable": True})
            for lead_id, (channel, stage) in zip(ids, told, strict=True):
                self.created(str(lead_id), channel, stage)

    def move(self, lead_ids: Sequence[str], stage: str) -> None:
        self.change(lead_ids, "write", vals={"stage_id": int(stage)})
        for lead_id in lead_ids:
            self.moved(lead_id, stage)

    def lose(self, lead_ids: Sequence[str], reason: str) -> None:
        self.change(lead_ids, "action_set_lost", lost_reason_id=int(reason))
        for lead_id in lead_ids:
            self.lost(lead_id, reason)

    def restore(self, lead_ids: Sequence[str]) -> None:
        self.change(lead_ids, "action_restore")
        for lead_id in lead_ids:
            self.reopened(lead_id)

    def change(self, lead_ids: Sequence[str], method: str, **arguments: object) -> None:
        self.site.call("crm.lead", method, ids=[int(lead_id) for lead_id in lead_ids], **arguments)

    def now(self) -> datetime:
        return self.site.now()

    def crm(self) -> OdooCrm:
        return self.site.crm()

    @contextmanager
    def cutting(self) -> Iterator[OdooCrm]:
        if self.site.fake:
            crm = self.crm()
            self.site.fake.faults.every(3, answer=Fault.CUT_AFTER_ACTING)
            yield crm
            self.site.fake.faults.clear()
        else:
            with served(Cut(self.site.url)) as url:
                yield self.site.crm(url=url)

    def command(self, lead_id: str) -> Command:
        return command(lead_id)

    def done(self, lead_id: str, marker: str = "") -> tuple[int, int, int]:
        notes = self.site.under("mail.message", lead_id, ["message_type", "=", "comment"])
        tasks = self.site.under("mail.activity", lead_id)
        found = [sum(marker in row[text] for row in rows) for rows, text in ((notes, "body"), (tasks, "note"))]
        return found[0], found[1], restored(self.site, lead_id)
