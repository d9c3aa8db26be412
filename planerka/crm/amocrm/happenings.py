"""What happened to leads: events, notes and tasks of amoCRM as events of the model."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from planerka.crm.amocrm.client import Json
from planerka.crm.amocrm.directory import Directory, stage_id
from planerka.crm.amocrm.owners import GIVEN, Owners, owner_in, person
from planerka.crm.cards import STEPS
from planerka.crm.rows import unknown
from planerka.model import ActorKind, CallOutcome, Event, EventKind

MOVED = "lead_status_changed"
MESSAGES = {"incoming_chat_message": EventKind.MESSAGE_IN, "outgoing_chat_message": EventKind.MESSAGE_OUT}
TYPES = (MOVED, GIVEN, *MESSAGES)

CALLS = {"call_in": EventKind.CALL_IN, "call_out": EventKind.CALL_OUT}

ANSWERED, NO_ANSWER = CallOutcome.ANSWERED, CallOutcome.NO_ANSWER
OUTCOMES = {
    1: NO_ANSWER,
    2: ANSWERED,
    3: NO_ANSWER,
    4: ANSWERED,
    5: CallOutcome.NOT_IN_SERVICE,
    6: NO_ANSWER,
    7: NO_ANSWER,
}
"""By `call_status`: left a message, call back later, not there, talked, wrong number, no answer, busy."""

SAME_CALL_N = 20
"""Hexadecimal digits of a hash that tell calls apart."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Move:
    """A lead went from one stage to another; `id` is that of its event."""

    id: str
    lead_id: int
    at: int
    by: int
    before: str
    after: str


@dataclass
class Happenings:
    """What a window has, still as amoCRM tells it."""

    events: list[Json] = field(default_factory=list)
    lead_notes: list[Json] = field(default_factory=list)
    contact_notes: list[Json] = field(default_factory=list)
    tasks: list[Json] = field(default_factory=list)

    def lead_ids(self) -> set[int]:
        told = {event["entity_id"] for event in self.events if event["entity_type"] == "lead"}
        return told | {record["entity_id"] for record in (*self.lead_notes, *self.tasks)}

    def contact_ids(self) -> set[int]:
        told = {event["entity_id"] for event in self.events if is_of_contact(event)}
        return told | {note["entity_id"] for note in self.contact_notes}

    def written_before(self, moment: int) -> "Happenings":
        """The notes and tasks that are told once more, because somebody has changed them."""
        lists = (self.lead_notes, self.contact_notes, self.tasks)
        return Happenings([], *[[record for record in some if record["created_at"] < moment] for some in lists])


def is_of_contact(event: Json) -> bool:
    return event["entity_type"] == "contact" and event["type"] in MESSAGES


def moves_of(events: Iterable[Json]) -> list[Move]:
    """The changes of stage, in the order in which they happened."""
    moves = [
        Move(
            id=event["id"],
            lead_id=event["entity_id"],
            at=event["created_at"],
            by=event["created_by"],
            before=stage_in(event["value_before"]),
            after=stage_in(event["value_after"]),
        )
        for event in events
        if event["type"] == MOVED
    ]
    return sorted(moves, key=lambda move: (move.at, move.id))


def stage_in(values: list[Json]) -> str:
    """The stage; empty where none is told."""
    stages = (value["lead_status"] for value in values if "lead_status" in value)
    return next((stage_id(stage["pipeline_id"], stage["id"]) for stage in stages), "")


def is_rejection(move: Move, directory: Directory) -> bool:
    """Whether the lead was lost by it, and not before."""
    return directory.code(move.after) == "rejected" != directory.code(move.before)


def actor(user_id: int, otherwise: ActorKind = ActorKind.ROBOT) -> Row:
    kind = ActorKind.PERSON if user_id else otherwise
    return {"actor_id": person(user_id), "actor_kind": kind.value}


class Telling:
    """Makes events of the leads in `leads`; those of others, which are not of sales, are passed over."""

    def __init__(self, directory: Directory, leads: dict[int, Json], owners: Owners) -> None:
        self.directory, self.leads, self.owners = directory, leads, owners

    def row(self, id_: str, lead_id: int, kind: EventKind, at: int, **more: Any) -> Row:
        owner = self.owners.at(lead_id, at)
        common = {"id": id_, "lead_id": str(lead_id), "kind": kind.value, "at": at, "recorded_at": at}
        return {**common, "manager_id": owner, **more}

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

    def of_owner(self, event: Json) -> Iterator[Row]:
        if event["entity_type"] == "lead" and event["entity_id"] in self.leads:
            owner = {"manager_id": person(owner_in(event["value_after"]))}
            told = actor(event["created_by"]) | owner
            yield self.row(event["id"], event["entity_id"], EventKind.OWNER_CHANGED, event["created_at"], **told)

    def of_message(self, event: Json, lead_ids: Iterable[int]) -> Iterator[Row]:
        """A client has no id among the users: whoever wrote to us is not known."""
        kind = MESSAGES[event["type"]]
        is_ours = kind == EventKind.MESSAGE_OUT
        told = actor(event["created_by"]) if is_ours else actor(0, ActorKind.UNKNOWN)
        is_many = event["entity_type"] != "lead"
        for lead_id in lead_ids:
            key = f"{event['id']}:{lead_id}" if is_many else event["id"]
            yield self.row(key, lead_id, kind, event["created_at"], **told)

    def of_call(self, note: Json, lead_ids: Iterable[int]) -> Iterator[Row]:
        """Telephony writes a call to the lead, to the contact or to both, with one `uniq`: it is one call."""
        params = note["params"] if isinstance(note["params"], dict) else {}
        duration = params.get("duration")
        duration_s = int(duration) if isinstance(duration, int | float) else None
        told = {"duration_s": duration_s, "outcome": outcome_of(params.get("call_status"), duration_s)}
        told |= actor(self.caller(note, params), ActorKind.UNKNOWN)
        for lead_id in lead_ids:
            yield self.row(
                call_id(note, params, lead_id), lead_id, CALLS[note["note_type"]], note["created_at"], **told
            )

    def caller(self, note: Json, params: Json) -> int:
        """The user who talked; telephony, which writes calls down, is often nobody or a user of its own."""
        said = str(params.get("call_responsible") or "")
        return int(said) if said in self.directory.users else note["created_by"]

    def of_task(self, task: Json) -> Iterator[Row]:
        if task["entity_id"] in self.leads:
            due_at = min(task["complete_till"], task["updated_at"]) if task["is_completed"] else task["complete_till"]
            told = actor(task["created_by"]) | {"due_at": due_at}
            yield self.row(f"task:{task['id']}", task["entity_id"], EventKind.TASK_SET, task["created_at"], **told)

    def open_then(self, lead_ids: Iterable[int], moment: int) -> list[int]:
        """Those of a contact's leads that were being worked on."""
        known = [(key, self.leads[key]) for key in lead_ids if key in self.leads]
        return [
            key
            for key, lead in known
            if lead["created_at"] <= moment and (lead["closed_at"] is None or moment <= lead["closed_at"])
        ]


def call_id(note: Json, params: Json, lead_id: int) -> str:
    """The same for each note of a call. A hash of `uniq` is kept: some telephony puts the client's phone in."""
    uniq = params.get("uniq")
    if not uniq:
        return f"note:{note['id']}:{lead_id}"
    return f"call:{hashlib.sha256(f'{lead_id} {uniq}'.encode()).hexdigest()[:SAME_CALL_N]}"


def outcome_of(status: Any, duration_s: int | None) -> str | None:
    """What telephony says of the call; where it says nothing, a call without a length was not answered."""
    known = OUTCOMES.get(int(status)) if str(status or "").isdigit() else None
    if known is None and duration_s is not None:
        known = CallOutcome.ANSWERED if duration_s > 0 else CallOutcome.NO_ANSWER
    return known and known.value


def events_frame(rows: list[Row]) -> pd.DataFrame:
    """Rows of `model.Event`, each id once, by its first row. A time that pandas cannot hold is not known."""
    once: dict[str, Row] = {}
    for row in rows:
        once.setdefault(row["id"], row)
    empty = unknown(Event, pd.RangeIndex(0))
    frame = pd.DataFrame(list(once.values()), columns=list(empty))
    for name in ("at", "recorded_at", "due_at"):
        frame[name] = pd.to_datetime(frame[name], unit="s", utc=True, errors="coerce")
    return frame.astype(empty.dtypes.to_dict())
