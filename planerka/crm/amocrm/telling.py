"""What happened to leads, as events of the model."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from planerka.crm.amocrm.client import Json
from planerka.crm.amocrm.directory import Directory
from planerka.crm.amocrm.happenings import Call, Message, Move, Task
from planerka.crm.amocrm.owners import Change, Owners, person
from planerka.crm.cards import STEPS
from planerka.crm.events import Row, event_row, events_frame
from planerka.model import ActorKind, EventKind

SAME_CALL_N = 20
"""Hexadecimal digits of a hash that tell calls apart."""


def actor(user_id: int, otherwise: ActorKind = ActorKind.ROBOT) -> Row:
    kind = ActorKind.PERSON if user_id else otherwise
    return {"actor_id": person(user_id), "actor_kind": kind.value}


class Telling:
    """Makes events of the leads in `leads`; those of others, which are not of sales, are passed over."""

    def __init__(self, directory: Directory, leads: dict[int, Json], owners: Owners) -> None:
        self.directory, self.leads, self.owners = directory, leads, owners

    def row(self, id_: str, lead_id: int, kind: EventKind, at: int, **more: Any) -> Row:
        return event_row(id_, str(lead_id), kind, at, self.owners.at(lead_id, at), **more)

    def of_move(self, move: Move) -> Iterator[Row]:
        """The change, and what it means; a rejection is told elsewhere, where its reason is known."""
        if move.lead_id not in self.leads or not self.is_of_sales(move.after):
            return
        before, after = self.directory.code(move.before), self.directory.code(move.after)
        came_from = move.before if self.is_of_sales(move.before) else None
        told = {**actor(move.by), "from_stage_id": came_from, "to_stage_id": move.after}
        yield self.row(move.id, move.lead_id, EventKind.STAGE_CHANGED, move.at, **told)
        if before == "rejected" != after:
            yield self.row(f"{move.id}:reopened", move.lead_id, EventKind.REOPENED, move.at, **told)
        elif after in STEPS and after != before:  # a reopened lead may come back to a step it once took
            yield self.row(f"{move.id}:{STEPS[after]}", move.lead_id, STEPS[after], move.at, **told)

    def is_of_sales(self, stage: str) -> bool:
        return stage.partition(":")[0] in map(str, self.directory.pipelines)

    def of_rejection(self, move: Move) -> Row:
        came_from = move.before if self.is_of_sales(move.before) else None
        told = {**actor(move.by), "from_stage_id": came_from, "to_stage_id": move.after}
        return self.row(f"{move.id}:rejected", move.lead_id, EventKind.REJECTED, move.at, **told)

    def of_owner(self, change: Change) -> Iterator[Row]:
        if change.lead_id in self.leads:
            told = actor(change.by) | {"manager_id": person(change.after)}
            yield self.row(change.id, change.lead_id, EventKind.OWNER_CHANGED, change.at, **told)

    def of_message(self, message: Message, lead_ids: Iterable[int]) -> Iterator[Row]:
        """A client has no id among the users: whoever wrote to us is not known."""
        is_ours = message.kind == EventKind.MESSAGE_OUT
        told = actor(message.by) if is_ours else actor(0, ActorKind.UNKNOWN)
        for lead_id in lead_ids:
            key = message.id if message.entity == "lead" else f"{message.id}:{lead_id}"
            yield self.row(key, lead_id, message.kind, message.at, **told)

    def of_call(self, call: Call, lead_ids: Iterable[int]) -> Iterator[Row]:
        """Telephony writes a call to the lead, to the contact or to both, with one `uniq`: it is one call."""
        told = {"duration_s": call.duration_s, "outcome": call.outcome}
        told |= actor(self.caller(call), ActorKind.UNKNOWN)
        for lead_id in lead_ids:
            yield self.row(call_id(call, lead_id), lead_id, call.kind, call.at, **told)

    def caller(self, call: Call) -> int:
        """The user who talked; telephony, which writes calls down, is often nobody or a user of its own."""
        return int(call.said) if call.said in self.directory.users else call.by

    def of_task(self, task: Task) -> Iterator[Row]:
        if task.lead_id in self.leads:
            told = actor(task.by) | {"due_at": task.due_at}
            yield self.row(f"task:{task.id}", task.lead_id, EventKind.TASK_SET, task.at, **told)

    def open_then(self, lead_ids: Iterable[int], moment: int) -> list[int]:
        """Those of a contact's leads that were being worked on."""
        known = [(key, self.leads[key]) for key in lead_ids if key in self.leads]
        return [
            key
            for key, lead in known
            if lead["created_at"] <= moment and (lead["closed_at"] is None or moment <= lead["closed_at"])
        ]


def call_id(call: Call, lead_id: int) -> str:
    """The same for each note of a call. A hash of `uniq` is kept: some telephony puts the client's phone in."""
    if not call.uniq:
        return f"note:{call.id}:{lead_id}"
    return f"call:{hashlib.sha256(f'{lead_id} {call.uniq}'.encode()).hexdigest()[:SAME_CALL_N]}"


def told_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows of `model.Event`, each id once, by its first row."""
    once: dict[str, Row] = {}
    for row in rows:
        once.setdefault(row["id"], row)
    return events_frame(list(once.values()), instants)


def instants(seconds: pd.Series) -> pd.Series:
    """A time that pandas cannot hold is not known."""
    return pd.to_datetime(seconds.astype("float64"), unit="s", utc=True, errors="coerce")
