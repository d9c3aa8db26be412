"""CRMs to torture. What people do there is done by HTTP, many leads in one call, and written down."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep

import httpx

from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.amocrm.directory import stage_id
from planerka.crm.odoo.adapter import OdooCrm
from planerka.model import Command, EventKind, LeadStatus
from tests.builders_amo import ago, command_for, company, connected, mapping_of
from tests.builders_odoo import DEAR, NEW, NO_STOCK, PROPOSITION, QUALIFIED, Site, command, notes, restored, tasks
from tests.contract.test_odoo_writing import Cut
from tests.fakes.amocrm import faults as amo_faults
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.state import LOST
from tests.fakes.odoo import faults as odoo_faults
from tests.fakes.serving import served

CREATED_AT_ONCE_N, CHANGED_AT_ONCE_N = 1000, 200


@dataclass
class Card:
    """A lead as its CRM has it; `reason_id` None while it is open."""

    channel_id: str
    stage_id: str
    reason_id: str | None = None

    @property
    def status(self) -> LeadStatus:
        return LeadStatus.REJECTED if self.reason_id else LeadStatus.OPEN


class Account(ABC):
    """A CRM, and everything that was done to its leads: `cards`, and the events that this makes, by their lead, kind
    and (of a change of stage) the new one.
    """

    source: str
    stages: Sequence[str]
    reasons: Sequence[str]

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.events = Counter[tuple[str, EventKind, str | None]]()

    @abstractmethod
    def create(self, leads_n: int) -> None:
        """Open leads in all stages, of several sources."""

    @abstractmethod
    def move(self, lead_ids: Sequence[str], stage: str) -> None:
        """Open leads to another stage."""

    @abstractmethod
    def lose(self, lead_ids: Sequence[str], reason: str) -> None:
        """Open leads."""

    @abstractmethod
    def restore(self, lead_ids: Sequence[str]) -> None:
        """Lost leads, to the stage where they were."""

    @abstractmethod
    def now(self) -> datetime: ...

    @abstractmethod
    def crm(self) -> AmoCrm | OdooCrm: ...

    @abstractmethod
    @contextmanager
    def cutting(self) -> Iterator[AmoCrm | OdooCrm]:
        """The adapter, which sees no more than two of three answers: the third is cut off after the server acted."""

    @abstractmethod
    def command(self, lead_id: str) -> Command: ...

    @abstractmethod
    def done(self, told: Command) -> tuple[int, int, int]:
        """How often a return can be seen: notes, tasks, returns to work."""

    def load(self, leads_n: int) -> None:
        """Half of the leads are lost, a quarter of these restored."""
        self.create(leads_n)
        ids = list(self.cards)[::2]
        for n, start in enumerate(range(0, len(ids), CHANGED_AT_ONCE_N)):
            self.lose(ids[start : start + CHANGED_AT_ONCE_N], self.reasons[n % 2])
        for start in range(0, len(ids), 4 * CHANGED_AT_ONCE_N):
            self.restore(ids[start : start + CHANGED_AT_ONCE_N])

    def settle(self) -> None:
        """Wait until all that was done so far is old enough to be pulled."""
        done_at, crm = self.now() + timedelta(seconds=1), self.crm()
        while crm.data_until(self.now()) < done_at:
            sleep(0.5)

    def created(self, lead_id: str, channel: str, stage: str) -> None:
        self.cards[lead_id] = Card(channel, stage)
        self.events[lead_id, EventKind.CREATED, None] += 1

    def moved(self, lead_id: str, stage: str) -> None:
        self.cards[lead_id].stage_id = stage
        self.events[lead_id, EventKind.STAGE_CHANGED, stage] += 1

    def lost(self, lead_id: str, reason: str) -> None:
        self.cards[lead_id].reason_id = reason
        self.events[lead_id, EventKind.REJECTED, None] += 1

    def reopened(self, lead_id: str) -> None:
        self.cards[lead_id].reason_id = None
        self.events[lead_id, EventKind.REOPENED, None] += 1


class AmoAccount(Account):
    """The fake amoCRM. A lost lead stands in a stage of its own there."""

    source = "amocrm"

    def __init__(self, url: str, app: AmoApp, until_the_end: ExitStack) -> None:
        super().__init__()
        self.url, self.fake, self.until_the_end = url, app.account, until_the_end
        self.pipeline_id = self.fake.stage("Продажи", "Встреча")[0]
        self.stages = [stage_id(*self.fake.stage("Продажи", name)) for name in ("Новая заявка", "Встреча", "Бронь")]
        self.reasons = [str(self.fake.loss_reason(name)) for name in ("Дорого", "Нет связи")]
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {self.fake.token}"}, timeout=60)
        self.former: dict[str, str] = {}

    def create(self, leads_n: int) -> None:
        """Over twenty days: a pull of amoCRM goes by days."""
        for n in range(leads_n):
            channel, stage = str(n % 5 + 1), self.stages[n % 3]
            with self.fake.at(ago(days=21 - 20 * n / leads_n)):
                lead_id = self.fake.add_lead((self.pipeline_id, status_of(stage)), source_id=int(channel))
            self.created(str(lead_id), channel, stage)

    def move(self, lead_ids: Sequence[str], stage: str) -> None:
        self.patch(lead_ids, status_id=status_of(stage))
        for lead_id in lead_ids:
            self.moved(lead_id, stage)

    def lose(self, lead_ids: Sequence[str], reason: str) -> None:
        self.patch(lead_ids, status_id=LOST, loss_reason_id=int(reason))
        for lead_id in lead_ids:
            self.former[lead_id] = self.cards[lead_id].stage_id
            self.moved(lead_id, stage_id(self.pipeline_id, LOST))
            self.lost(lead_id, reason)

    def restore(self, lead_ids: Sequence[str]) -> None:
        for stage in self.stages:
            ids = [lead_id for lead_id in lead_ids if self.former[lead_id] == stage]
            self.patch(ids, status_id=status_of(stage))
            for lead_id in ids:
                self.moved(lead_id, stage)
                self.reopened(lead_id)

    def patch(self, lead_ids: Sequence[str], **values: int) -> None:
        """Fifty at once: of more amoCRM cuts off the answer."""
        for start in range(0, len(lead_ids), 50):
            body = [
                {"id": int(lead_id), "pipeline_id": self.pipeline_id, **values}
                for lead_id in lead_ids[start : start + 50]
            ]
            assert self.client.patch("/api/v4/leads", json=body).is_success

    def now(self) -> datetime:
        return datetime.now(UTC)

    def crm(self) -> AmoCrm:
        mapping = mapping_of(self.fake)
        columns = {**mapping.leads.columns, "channel_id": {"column": "source_id"}}
        told = mapping.model_dump(exclude_unset=True, by_alias=True)
        told["leads"]["columns"] = columns
        with_channel = type(mapping).model_validate(told)
        return self.until_the_end.enter_context(connected(self.url, self.fake, mapping=with_channel))

    @contextmanager
    def cutting(self) -> Iterator[AmoCrm]:
        self.fake.faults.next(amo_faults.Fault.CUT, every=3, times=None, after_acting=True)
        yield self.crm()
        self.fake.faults.rules.clear()

    def command(self, lead_id: str) -> Command:
        return command_for(int(lead_id))

    def done(self, told: Command) -> tuple[int, int, int]:
        lead_id = int(told.lead_id)
        found = [
            sum(row["entity_id"] == lead_id for row in rows.values()) for rows in (self.fake.notes, self.fake.tasks)
        ]
        moves = [row for row in self.fake.events.values() if (row["entity_id"], row["type"]) == (lead_id, MOVED)]
        returns = [row for row in moves if row["value_before"][0]["lead_status"]["id"] == LOST]
        return found[0], found[1], len(returns)


MOVED = "lead_status_changed"


def status_of(stage: str) -> int:
    return int(stage.partition(":")[2])


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
            self.site.fake.faults.every(3, answer=odoo_faults.Fault.CUT_AFTER_ACTING)
            yield crm
            self.site.fake.faults.clear()
        else:
            with served(Cut(self.site.url)) as url:
                yield self.site.crm(url=url)

    def command(self, lead_id: str) -> Command:
        return command(lead_id)

    def done(self, told: Command) -> tuple[int, int, int]:
        return len(notes(self.site, told)), len(tasks(self.site, told)), restored(self.site, told.lead_id)


@contextmanager
def amo_account() -> Iterator[AmoAccount]:
    app = AmoApp(company())
    with served(app) as url, ExitStack() as until_the_end:
        yield AmoAccount(url, app, until_the_end)
