"""The world of `builders_leads` in an account of amoCRM."""

import re
from datetime import datetime
from typing import Any

from planerka.crm.amocrm.directory import stage_id
from tests import builders_amo
from tests.builders_leads import (
    CHANNELS,
    ENQUIRIES,
    STAGES,
    Act,
    Story,
    done_at,
    due_at,
)
from tests.builders_leads_crm import CARD, COMMON, FIELDS, World, coded, contracts_of
from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.state import WON as AMO_WON


class AmoWorld(World):
    """An account of amoCRM."""

    kind = "amocrm"
    is_write = re.compile("POST|PATCH")

    def __init__(self, clock: datetime) -> None:
        super().__init__(clock)
        self.contacts: dict[str, int] = {}
        self.account: AmoAccount = builders_amo.company(clock=lambda: self.clock.timestamp())
        self.account.add_field("Источник", "select", enums=CHANNELS)
        self.account.add_field("Обращение", "select", enums=tuple(ENQUIRIES))
        for name, title in CARD.items():
            self.account.add_field(title, "numeric" if name in ("horizon", "original") else "text")
        for reason in ("Дубль", "Не сейчас", "Ошибка номера"):
            self.account.add_loss_reason(reason)

    @property
    def app(self) -> AmoApp:
        return AmoApp(self.account)

    def settings(self) -> dict[str, str]:
        return {"KEY": self.account.token}

    def mapping(self) -> dict[str, Any]:
        account = self.account
        stages = {stage_id(*account.stage("Продажи", title)): {"code": code} for title, code in STAGES.items()}
        columns = {"channel_id": "Источник", "project_id": "Проект"}
        enquiry = {"column": str(account.field("Обращение")), "values": ENQUIRIES}
        rejection = {"comment": "Комментарий отказа"} | {FIELDS[name]: title for name, title in CARD.items()}
        return COMMON | {
            "source": "amocrm",
            "pipelines": [str(account.stage("Продажи", "Встреча")[0])],
            "leads": {
                "columns": {name: str(account.field(title)) for name, title in columns.items()} | {"enquiry": enquiry},
                "rejection": {name: str(account.field(title)) for name, title in rejection.items()},
            },
            "contracts": contracts_of("closed_at", "price"),
            "references": {"stage": stages, "reason": coded(account.loss_reason)},
        }

    def put(self, story: Story, act: Act) -> None:
        with self.account.at(int(act.at.timestamp())):
            getattr(self, act.kind)(story, act)

    def stage(self, title: str) -> tuple[int, int]:
        return self.account.stage("Продажи", title)

    def by(self, story: Story) -> int:
        return self.account.user(story.manager)

    def create(self, story: Story, act: Act) -> None:
        account = self.account
        if story.phone not in self.contacts:
            self.contacts[story.phone] = account.add_contact(story.phone)
        values = {"Источник": story.channel, "Проект": story.project, "Обращение": story.enquiry}
        self.ids[story.number] = account.add_lead(
            self.stage("Новая заявка"),
            responsible=self.by(story),
            contacts=[self.contacts[story.phone]],
            fields={account.field(title): value for title, value in values.items()},
        )

    def call(self, story: Story, act: Act) -> None:
        talk_s = act.more["talk_s"]
        status = 4 if talk_s else 5 if act.more.get("is_dead") else 6
        self.account.add_call(self.ids[story.number], "call_out", duration_s=talk_s, status=status, by=self.by(story))

    def incoming(self, story: Story, act: Act) -> None:
        talk_s = act.more["talk_s"]
        self.account.add_call(self.ids[story.number], "call_in", duration_s=talk_s, by=self.by(story))

    def message(self, story: Story, act: Act) -> None:
        self.account.add_message(self.ids[story.number], "outgoing", by=self.by(story))

    def task(self, story: Story, act: Act) -> None:
        until = int(due_at(act).timestamp())
        task = self.account.add_task(self.ids[story.number], "Позвонить", complete_till=until, by=self.by(story))
        if at := done_at(act):
            with self.account.at(int(at.timestamp())):
                self.account.complete_task(task, by=self.by(story))

    def move(self, story: Story, act: Act) -> None:
        self.account.move(self.ids[story.number], self.stage(act.more["stage"]), by=self.by(story))

    def reject(self, story: Story, act: Act) -> None:
        account, lead, card = self.account, self.ids[story.number], act.more["card"]
        titles = {"comment": "Комментарий отказа"} | CARD
        values = {account.field(titles[name]): self.number_of(value) for name, value in card.items()}
        account.change_lead(lead, by=self.by(story), fields=values)
        account.reject(lead, act.more["reason"] and account.loss_reason(act.more["reason"]), by=self.by(story))

    def number_of(self, value: Any) -> Any:
        return self.ids[value.number] if isinstance(value, Story) else value

    def reopen(self, story: Story, act: Act) -> None:
        self.account.reopen(self.ids[story.number], self.stage("Квалификация"), by=self.by(story))

    def win(self, story: Story, act: Act) -> None:
        lead, (pipeline, _) = self.ids[story.number], self.stage("Встреча")
        self.account.change_lead(lead, price=act.more["price"], stage=(pipeline, AMO_WON), by=self.by(story))

    def delete(self, story: Story, act: Act) -> None:
        self.forget(self.ids[story.number])

    def forget(self, lead_id: int) -> None:
        self.account.delete(lead_id)

    def notes_on(self, lead_id: int) -> list[str]:
        notes = [note for note in self.account.notes.values() if note["note_type"] == "common"]
        return [note["params"]["text"] for note in notes if note["entity_id"] == lead_id]

    def merge(self, story: Story, act: Act) -> None:
        assert story.original
        self.account.merge(self.ids[story.original.number], self.ids[story.number])
