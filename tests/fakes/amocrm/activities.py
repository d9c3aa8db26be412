"""What hangs on leads: contacts with phones, notes and calls, messages of chats, tasks."""

import uuid
from typing import Any

from tests.fakes.amocrm.directory import Directory
from tests.fakes.amocrm.rows import Record
from tests.fakes.amocrm.state import ROBOT

ENTITIES = {"leads": "lead", "contacts": "contact"}
"""Kinds of record as paths have them, and as events do."""

CALLS = {"call_in": "incoming_call", "call_out": "outgoing_call"}


class Activities(Directory):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.admin = self.add_user("Администратор")
        self.phone_field = self.add_field(
            "Телефон", "multitext", enums=("WORK", "MOB"), entity="contacts", code="PHONE"
        )

    def add_contact(self, *phones: str, name: str = "Контакт", by: int = ROBOT) -> int:
        fields = self.field_values({self.phone_field: list(phones)} if phones else {})
        work = {"enum_id": self.fields[self.phone_field]["enums"][0]["id"], "enum_code": "WORK"}
        for value in fields[0]["values"] if fields else ():
            value |= work
        return self._new(
            self.contacts,
            by,
            name=name,
            first_name="",
            last_name="",
            responsible_user_id=self.admin,
            group_id=0,
            closest_task_at=None,
            is_deleted=False,
            is_unsorted=False,
            custom_fields_values=fields,
        )

    def add_note(self, entity_id: int, kind: str, params: Record, *, by: int = ROBOT, entity: str = "leads") -> int:
        """A note of any `note_type` on a lead or a contact."""
        note_id = self._new(
            self.notes,
            by,
            entity_id=entity_id,
            responsible_user_id=by or self.admin,
            group_id=0,
            note_type=kind,
            params=params,
            _entity=entity,
        )
        event = CALLS.get(kind, f"{kind}_note_added")
        self.write_event(event, entity_id, by, [{"note": {"id": note_id}}], entity=ENTITIES[entity])
        return note_id

    def add_call(
        self, entity_id: int, kind: str, *, duration_s: int, by: int = ROBOT, status: int = 4, entity: str = "leads"
    ) -> int:
        """A call that telephony wrote: `call_in` or `call_out`; status 4 talked, 6 no answer, 7 busy."""
        params = {
            "uniq": f"call-{next(self._ids)}",
            "duration": duration_s,
            "source": "telephony",
            "link": None,
            "phone": "+79000000000",
            "call_result": "",
            "call_status": status,
            "call_responsible": by,
        }
        return self.add_note(entity_id, kind, params, by=by, entity=entity)

    def add_message(self, lead_id: int, kind: str, *, by: int = ROBOT) -> str:
        """A message of a chat, which only its event shows: `incoming` or `outgoing`. Gives the id of the event."""
        message = {"id": str(uuid.UUID(int=next(self._ids))), "talk_id": lead_id, "origin": "telegram"}
        return self.write_event(f"{kind}_chat_message", lead_id, by, [{"message": message}])

    def add_task(
        self,
        entity_id: int,
        text: str,
        *,
        complete_till: int,
        responsible: int | None = None,
        by: int = ROBOT,
        kind: int = 1,
        entity: str = "leads",
    ) -> int:
        """An open task; its `result` is an empty array, as PHP writes an empty object."""
        task_id = self._new(
            self.tasks,
            by,
            responsible_user_id=responsible or by or self.admin,
            group_id=0,
            entity_id=entity_id,
            entity_type=entity,
            duration=0,
            is_completed=False,
            task_type_id=kind,
            text=text,
            result=[],
            complete_till=complete_till,
        )
        self.write_event("task_added", task_id, by, [], entity="task")
        return task_id

    def complete_task(self, task_id: int, result: str = "", *, by: int = ROBOT) -> None:
        done = {"is_completed": True, "updated_at": self.now(), "updated_by": by}
        self.tasks[task_id] = self.tasks[task_id] | done | ({"result": {"text": result}} if result else {})
        self.write_event("task_completed", task_id, by, [], entity="task")
