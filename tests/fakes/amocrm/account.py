"""The world behind the fake: leads and what happens to them. Every change leaves the event amoCRM writes."""

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Self

from tests.fakes.amocrm.activities import Activities
from tests.fakes.amocrm.rows import Record
from tests.fakes.amocrm.state import LOST, ROBOT, WON, Stage


class AmoAccount(Activities):
    """`by` is the user who does it, 0 for a robot. An integration and its long-lived `token` are there from the start.

    A change is seen by requests that come after it; `meanwhile` puts one between two requests of a client.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.integration = self.oauth.add_integration(self.admin)
        self.token = self.oauth.long_lived_token(self.integration)
        self._meanwhile: list[tuple[str, Callable[[], object]]] = []

    @classmethod
    def furnished(cls, **settings: Any) -> Self:
        """An account as a developer has it: two pipelines of sales, one of recruiting, managers, one who left."""
        account = cls(**settings)
        account.add_pipeline("Продажи", ["Новая заявка", "Квалификация", "Встреча", "Бронь", "Договор"])
        account.add_pipeline("Ипотека", ["Заявка в банк", "Решение банка"])
        account.add_pipeline("Подбор персонала", ["Отклик", "Собеседование"])
        for name in ("Анна", "Борис"):
            account.add_user(name)
        account.dismiss_user(account.add_user("Виктор"))
        for reason in ("Нет связи", "Дорого", "Купил у других", "Спам"):
            account.add_loss_reason(reason)
        account.add_field("Проект", "select", enums=("Южный берег", "Северный парк"))
        account.add_field("Бюджет", "numeric")
        account.add_field("Комментарий отказа", "textarea")
        return account

    def meanwhile(self, matching: str, change: Callable[[], object]) -> None:
        """Do this once, right after the answer to the next request whose line matches was made."""
        self._meanwhile.append((matching, change))

    def pass_meanwhile(self, line: str) -> None:
        """An answer was made: the changes that waited for it come."""
        due = [waiting for waiting in self._meanwhile if re.search(waiting[0], line)]
        self._meanwhile = [waiting for waiting in self._meanwhile if waiting not in due]
        for _, change in due:
            change()

    def leads_of_contact(self, contact_id: int) -> list[int]:
        return [lead["id"] for lead in list(self.leads.values()) if contact_id in lead["_contacts"]]

    def add_lead(
        self,
        stage: Stage,
        *,
        by: int = ROBOT,
        responsible: int | None = None,
        contacts: Sequence[int] = (),
        fields: dict[int, Any] | None = None,
        tags: Sequence[str] = (),
        name: str = "Заявка",
        price: int = 0,
        source_id: int | None = None,
    ) -> int:
        """A new lead; the first of its contacts is the main one."""
        lead_id = self._new(
            self.leads,
            by,
            name=name,
            price=price,
            responsible_user_id=responsible or self.admin,
            group_id=0,
            status_id=stage[1],
            pipeline_id=stage[0],
            loss_reason_id=None,
            source_id=source_id,
            closed_at=self.now() if stage[1] in (WON, LOST) else None,
            closest_task_at=None,
            is_deleted=False,
            custom_fields_values=self.field_values(fields or {}),
            score=None,
            labor_cost=None,
            _contacts=list(contacts),
            _tags=[{"id": n, "name": tag} for n, tag in enumerate(tags, 1)],
        )
        self.write_event("lead_added", lead_id, by, [])
        return lead_id

    def add_unsorted(self, pipeline_id: int, *, contacts: Sequence[int] = (), category: str = "forms") -> int:
        """A lead nobody has accepted: it stands in the stage of type 1, and in /leads/unsorted under a uid."""
        lead_id = self.add_lead(self.unsorted_stage(pipeline_id), contacts=contacts)
        uid = uuid.UUID(int=lead_id).hex
        self.unsorted[uid] = {
            "uid": uid,
            "source_uid": None,
            "source_name": "Сайт",
            "category": category,
            "pipeline_id": pipeline_id,
            "created_at": self.now(),
            "id": uid,
            "_lead": lead_id,
        }
        return lead_id

    def change_lead(
        self,
        lead_id: int,
        *,
        by: int = ROBOT,
        stage: Stage | None = None,
        responsible: int | None = None,
        loss_reason: int | None = None,
        fields: dict[int, Any] | None = None,
        **values: Any,
    ) -> None:
        """Any update; also one of nothing takes an unsorted lead to the first stage. `values`: `price`, `name`."""
        lead = self.leads[lead_id]
        here = (lead["pipeline_id"], lead["status_id"])
        if stage is None and here == self.unsorted_stage(here[0]):
            stage = (here[0], self.pipelines[here[0]]["_statuses"][1]["id"])
        changed = lead | values | {"updated_at": self.now(), "updated_by": by}
        if fields is not None:
            changed |= {"custom_fields_values": self._changed_fields(lead, by, fields)}
        if responsible is not None and responsible != lead["responsible_user_id"]:
            changed |= {"responsible_user_id": responsible}
            self._write_change("entity_responsible_changed", lead_id, by, *map(owner, (changed, lead)))
        if stage is not None and stage != here:
            changed |= self._moved(lead, stage, by)
        # A reopened lead keeps its reason: only the stage says whether a lead is lost.
        self.leads[lead_id] = changed | ({"loss_reason_id": loss_reason} if loss_reason else {})

    def _moved(self, lead: Record, stage: Stage, by: int) -> Record:
        self._leave_unsorted(lead["id"])
        closed_at = self.now() if stage[1] in (WON, LOST) else None
        moved = {"pipeline_id": stage[0], "status_id": stage[1], "closed_at": closed_at}
        self._write_change("lead_status_changed", lead["id"], by, standing(moved), standing(lead))
        return moved

    def _leave_unsorted(self, lead_id: int) -> None:
        for uid in [uid for uid, waiting in self.unsorted.items() if waiting["_lead"] == lead_id]:
            del self.unsorted[uid]

    def _changed_fields(self, lead: Record, by: int, fields: dict[int, Any]) -> list[Record] | None:
        """The fields after a change; None takes a value away, and what is not named stays."""
        kept = {f["field_id"]: f for f in lead["custom_fields_values"] or ()}
        for field_id, value in fields.items():
            before = kept.pop(field_id, None)
            if value is not None:
                kept |= {field["field_id"]: field for field in self.field_values({field_id: value}) or ()}
            after = kept.get(field_id)
            self._write_change(
                f"custom_field_{field_id}_value_changed", lead["id"], by, field_value(after), field_value(before)
            )
        return list(kept.values()) or None

    def _write_change(self, kind: str, lead_id: int, by: int, after: Record, before: Record) -> None:
        self.write_event(kind, lead_id, by, [after], [before])

    def move(self, lead_id: int, stage: Stage, *, by: int = ROBOT) -> None:
        self.change_lead(lead_id, stage=stage, by=by)

    def reject(self, lead_id: int, loss_reason: int | None = None, *, by: int = ROBOT) -> None:
        """Mark it lost in the pipeline it is in; a reason is not compulsory."""
        stage = (self.leads[lead_id]["pipeline_id"], LOST)
        self.change_lead(lead_id, stage=stage, loss_reason=loss_reason, by=by)

    def reopen(self, lead_id: int, stage: Stage, *, by: int = ROBOT) -> None:
        self.move(lead_id, stage, by=by)

    def delete(self, lead_id: int, *, by: int = ROBOT) -> None:
        """Into the bin: `with=only_deleted` shows it with null in almost every field, no other list does."""
        lead = self.leads.pop(lead_id)
        self._leave_unsorted(lead_id)
        kept = {"id": lead_id, "updated_by": by, "updated_at": self.now(), "is_deleted": True, "account_id": self.id}
        self.deleted_leads[lead_id] = dict.fromkeys(lead) | kept | {"_contacts": [], "_tags": []}
        self.write_event("lead_deleted", lead_id, by, [])

    def merge(self, winner: int, loser: int, *, by: int = ROBOT) -> None:
        """The loser vanishes from every list, its contacts go to the winner; events stay whose they were."""
        lost = self.leads.pop(loser)
        self._leave_unsorted(loser)
        kept = self.leads[winner]
        self.leads[winner] = kept | {"_contacts": list(dict.fromkeys(kept["_contacts"] + lost["_contacts"]))}
        self.change_lead(winner, by=by)
        self.write_event("entity_merged", winner, by, [])


def owner(lead: Record) -> Record:
    return {"responsible_user": {"id": lead["responsible_user_id"]}}


def standing(lead: Record) -> Record:
    return {"lead_status": {"id": lead["status_id"], "pipeline_id": lead["pipeline_id"]}}


def field_value(field: Record | None) -> Record:
    """A value of a field as events tell it; empty where there was none."""
    if field is None:
        return {"custom_field_value": {"field_id": None, "text": ""}}
    value = field["values"][0]
    about = {"field_id": field["field_id"], "enum_id": value.get("enum_id"), "text": str(value["value"])}
    return {"custom_field_value": about}
