"""The world of `builders_leads` in a database of Odoo."""

import re
from datetime import datetime, timedelta
from typing import Any

from tests.builders_leads import (
    CHANNELS,
    ENQUIRIES,
    MANAGERS,
    REASONS,
    STAGES,
    ZONE,
    Act,
    Story,
    done_at,
    due_at,
)
from tests.builders_leads_crm import CARD, COMMON, FIELDS, World, coded, contracts_of
from tests.builders_odoo import WON
from tests.fakes.odoo.app import OdooApp
from tests.fakes.odoo.database import OdooDatabase


class OdooWorld(World):
    """A database of Odoo."""

    kind = "odoo"
    is_write = re.compile("POST /json/2/crm.lead/(message_post|action_restore|write|activity_schedule) ")

    def __init__(self, clock: datetime) -> None:
        super().__init__(clock)
        self.database = database = OdooDatabase(clock=lambda: self.clock.timestamp(), currency="RUB")
        database.new_type = "opportunity"
        for name in ("project", "enquiry", "offer", "competitor"):
            database.add_field(f"x_{name}", "char", name)
        database.add_field("x_horizon", "integer", "horizon")
        database.add_field("x_original", "many2one", "original", relation="crm.lead")
        self.users = {name: database.add_user(name) for name in MANAGERS}
        self.sources = {name: database.add("utm.source", name=name) for name in CHANNELS}
        self.reasons = {name: database.add("crm.lost.reason", name=name) for name in REASONS}
        self.stages = {
            title: database.add("crm.stage", name=title, sequence=10 + n, is_won=False)
            for n, title in enumerate(STAGES)
        }

    @property
    def app(self) -> OdooApp:
        return OdooApp(self.database)

    def settings(self) -> dict[str, str]:
        return {"KEY": "key-of-administrator", "DATABASE": self.database.name}

    def mapping(self) -> dict[str, Any]:
        stages = {str(id_): {"code": STAGES[title]} for title, id_ in self.stages.items()}
        card = {"comment": "description"} | {FIELDS[name]: f"x_{name}" for name in CARD}
        return COMMON | {
            "source": "odoo",
            "leads": {
                "columns": {"project_id": "x_project", "enquiry": {"column": "x_enquiry", "values": ENQUIRIES}},
                "rejection": card,
            },
            "contracts": contracts_of("date_closed", "expected_revenue"),
            "references": {
                "stage": stages | {str(WON): {"code": "contract"}},
                "reason": coded(self.reasons.__getitem__),
            },
        }

    def put(self, story: Story, act: Act) -> None:
        getattr(self, act.kind)(story, act, {"at": naive(act.at), "user_id": self.users[story.manager]})

    def on(self, story: Story, method: str, about: dict[str, Any], **arguments: Any) -> Any:
        return self.database.call("crm.lead", method, [self.ids[story.number]], **about, **arguments)

    def create(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        values = {
            "phone": story.phone,
            "source_id": self.sources[story.channel],
            "stage_id": self.stages["Новая заявка"],
            "x_project": story.project,
            "x_enquiry": story.enquiry,
        }
        vals = [{"name": story.key, "user_id": self.users[story.manager]} | values]
        [self.ids[story.number]] = self.database.call("crm.lead", "create", vals_list=vals, at=about["at"])

    def call(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        self.database.done_call(self.ids[story.number], about["user_id"], at=about["at"])

    def incoming(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        """Nobody writes them down."""

    def message(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        self.on(story, "message_post", about, message_type="email_outgoing", body="Здравствуйте")

    def task(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        last_on = (due_at(act).astimezone(ZONE) - timedelta(days=1)).date().isoformat()
        told = {"act_type_xmlid": "mail.mail_activity_data_todo", "date_deadline": last_on, "user_id": about["user_id"]}
        with self.database.transaction(**about) as transaction:
            ids = transaction.call("crm.lead", "activity_schedule", ids=[self.ids[story.number]], **told)
        if at := done_at(act):
            self.database.call("mail.activity", "action_feedback", ids, user_id=about["user_id"], at=naive(at))

    def move(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        self.on(story, "write", about, vals={"stage_id": self.stages[act.more["stage"]]})

    def reject(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        card, reason = act.more["card"], act.more["reason"]
        values = {f"x_{name}": self.number_of(card[name]) for name in CARD if name in card}
        self.on(story, "write", about, vals=values | {"description": card["comment"]})
        self.on(story, "action_set_lost", about, **({"lost_reason_id": self.reasons[reason]} if reason else {}))

    def number_of(self, value: Any) -> Any:
        return self.ids[value.number] if isinstance(value, Story) else value

    def reopen(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        self.on(story, "action_restore", about)

    def win(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        self.on(story, "write", about, vals={"expected_revenue": act.more["price"]})
        self.on(story, "action_set_won", about)

    def delete(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        self.database.call("crm.lead", "unlink", [self.ids[story.number]], at=about["at"])

    def forget(self, lead_id: int) -> None:
        self.database.call("crm.lead", "unlink", [lead_id])

    def notes_on(self, lead_id: int) -> list[str]:
        domain = [["res_id", "=", lead_id], ["model", "=", "crm.lead"], ["message_type", "=", "comment"]]
        found = self.database.call("mail.message", "search_read", domain=domain, fields=["body"])
        return [message["body"] for message in found]

    def merge(self, story: Story, act: Act, about: dict[str, Any]) -> None:
        assert story.original
        pair = [self.ids[story.original.number], self.ids[story.number]]
        self.database.call("crm.lead", "merge_opportunity", pair, at=about["at"])


def naive(at: datetime) -> datetime:
    """An instant as the tables of Odoo have it."""
    return at.replace(tzinfo=None)
