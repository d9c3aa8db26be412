"""The fake amoCRM, to be tortured as every CRM is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from math import inf

import httpx

from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.amocrm.directory import stage_id
from planerka.crm.mapping import AccountMapping
from planerka.model import Command, EventKind
from tests.builders_amo import ago, command_for, company, connected, mapping_of
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.faults import Fault
from tests.fakes.amocrm.rows import Record, Records
from tests.fakes.amocrm.state import LOST
from tests.fakes.serving import served
from tests.torture.crm_accounts import Account, Happened, Pulled

MOVED = "lead_status_changed"


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
        return self.until_the_end.enter_context(connected(self.url, self.fake, mapping=self.mapping()))

    def mapping(self) -> AccountMapping:
        mapping = mapping_of(self.fake)
        columns = {**mapping.leads.columns, "channel_id": {"column": "source_id"}}
        told = mapping.model_dump(exclude_unset=True, by_alias=True)
        told["leads"]["columns"] = columns
        return AccountMapping.model_validate(told)

    @contextmanager
    def cutting(self) -> Iterator[AmoCrm]:
        self.fake.faults.next(Fault.CUT, every=3, times=None, after_acting=True)
        yield self.crm()
        self.fake.faults.rules.clear()

    def command(self, lead_id: str) -> Command:
        return command_for(int(lead_id))

    def forgotten(self, pulls: Sequence[Pulled]) -> Happened:
        """Those that another one of their lead had followed before a pull was over: reasons stand on the card alone."""
        found = Happened()
        for lead_id, times in self.lost_at().items():
            for at, next_at in pairwise([*times, inf]):
                is_seen = any(at < one.until.timestamp() and one.ended_at.timestamp() < next_at for one in pulls)
                found[lead_id, EventKind.REJECTED, None] += not is_seen
        return found

    def lost_at(self) -> dict[str, list[float]]:
        """When each lead was lost, in seconds since 1970."""
        found = defaultdict[str, list[float]](list)
        for event in self.fake.events.values():
            if event["type"] == MOVED and event["value_after"][0]["lead_status"]["id"] == LOST:
                found[str(event["entity_id"])].append(event["created_at"])
        return found

    def done(self, lead_id: str, marker: str = "") -> tuple[int, int, int]:
        notes = [row["params"]["text"] for row in self.of_lead(self.fake.notes, lead_id)]
        tasks = [row["text"] for row in self.of_lead(self.fake.tasks, lead_id)]
        moves = [row for row in self.of_lead(self.fake.events, lead_id) if row["type"] == MOVED]
        returns = [row for row in moves if row["value_before"][0]["lead_status"]["id"] == LOST]
        return sum(marker in text for text in notes), sum(marker in text for text in tasks), len(returns)

    def of_lead(self, rows: Records, lead_id: str) -> list[Record]:
        return [row for row in rows.values() if row["entity_id"] == int(lead_id)]


def status_of(stage: str) -> int:
    return int(stage.partition(":")[2])


@contextmanager
def amo_account() -> Iterator[AmoAccount]:
    app = AmoApp(company())
    with served(app) as url, ExitStack() as until_the_end:
        yield AmoAccount(url, app, until_the_end)
