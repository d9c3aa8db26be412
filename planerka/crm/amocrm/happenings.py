"""What amoCRM tells of a window, in little room: a busy day has ten thousand records, which are taken page by page."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from planerka.crm.amocrm.client import Json
from planerka.crm.amocrm.directory import Directory, stage_id
from planerka.crm.amocrm.owners import GIVEN, Change, changes_of
from planerka.model import CallOutcome, EventKind

T = TypeVar("T", "Call", "Task")

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


@dataclass(frozen=True, slots=True)
class Move:
    """A lead went from one stage to another; `id` is that of its event."""

    id: str
    lead_id: int
    at: int
    by: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Message:
    """It hangs on an `entity`, lead or contact; `by` is the user who wrote it, 0 for a client."""

    id: str
    kind: EventKind
    entity: str
    entity_id: int
    at: int
    by: int


@dataclass(frozen=True, slots=True)
class Call:
    """A note of a call. `uniq` is telephony's name of the call, None where it gives none; `said` names who talked."""

    id: int
    kind: EventKind
    entity_id: int
    at: int
    by: int
    uniq: str | None
    said: str
    duration_s: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Task:
    id: int
    lead_id: int
    at: int
    by: int
    due_at: int


@dataclass
class Happenings:
    """What a window has: of leads, and of contacts, which may have several."""

    moves: list[Move] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    lead_calls: list[Call] = field(default_factory=list)
    contact_calls: list[Call] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    def take_events(self, events: list[Json]) -> None:
        self.moves += moves_of(events)
        self.changes += changes_of(events)
        self.messages += [message(event) for event in events if event["type"] in MESSAGES]

    def take_lead_calls(self, notes: list[Json]) -> None:
        self.lead_calls += map(call, notes)

    def take_contact_calls(self, notes: list[Json]) -> None:
        self.contact_calls += map(call, notes)

    def take_tasks(self, tasks: list[Json]) -> None:
        self.tasks += map(task, tasks)

    def lead_ids(self) -> set[int]:
        told = {move.lead_id for move in self.moves} | {change.lead_id for change in self.changes}
        told |= {message.entity_id for message in self.messages_of("lead")}
        return told | {call.entity_id for call in self.lead_calls} | {task.lead_id for task in self.tasks}

    def contact_ids(self) -> set[int]:
        told = {message.entity_id for message in self.messages_of("contact")}
        return told | {call.entity_id for call in self.contact_calls}

    def messages_of(self, entity: str) -> list[Message]:
        """`entity`: lead or contact."""
        return [message for message in self.messages if message.entity == entity]

    def written_before(self, moment: int) -> "Happenings":
        """The calls and tasks that are told once more, because somebody has changed them."""
        return Happenings(
            lead_calls=before(moment, self.lead_calls),
            contact_calls=before(moment, self.contact_calls),
            tasks=before(moment, self.tasks),
        )


def before(moment: int, records: list[T]) -> list[T]:
    return [record for record in records if record.at < moment]


def moves_of(events: Iterable[Json]) -> list[Move]:
    """The changes of stage."""
    return [
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


def in_order(moves: Iterable[Move]) -> list[Move]:
    """In the order in which they happened."""
    return sorted(moves, key=lambda move: (move.at, move.id))


def stage_in(values: list[Json]) -> str:
    """The stage, one text for all moves to it; empty where none is told."""
    stages = (value["lead_status"] for value in values if "lead_status" in value)
    return next((sys.intern(stage_id(stage["pipeline_id"], stage["id"])) for stage in stages), "")


def is_rejection(move: Move, directory: Directory) -> bool:
    """Whether the lead was lost by it, and not before."""
    return directory.code(move.after) == "rejected" != directory.code(move.before)


def message(event: Json) -> Message:
    return Message(
        id=event["id"],
        kind=MESSAGES[event["type"]],
        entity=sys.intern(event["entity_type"]),
        entity_id=event["entity_id"],
        at=event["created_at"],
        by=event["created_by"],
    )


def call(note: Json) -> Call:
    params = note["params"] if isinstance(note["params"], dict) else {}
    told = params.get("duration")
    duration_s = int(told) if isinstance(told, int | float) else None
    return Call(
        id=note["id"],
        kind=CALLS[note["note_type"]],
        entity_id=note["entity_id"],
        at=note["created_at"],
        by=note["created_by"],
        uniq=str(params["uniq"]) if params.get("uniq") else None,
        said=str(params.get("call_responsible") or ""),
        duration_s=duration_s,
        outcome=outcome_of(params.get("call_status"), duration_s),
    )


def task(record: Json) -> Task:
    """A task that is done was due when it was done, if that was earlier."""
    due_at = record["complete_till"]
    return Task(
        id=record["id"],
        lead_id=record["entity_id"],
        at=record["created_at"],
        by=record["created_by"],
        due_at=min(due_at, record["updated_at"]) if record["is_completed"] else due_at,
    )


def outcome_of(status: Any, duration_s: int | None) -> str | None:
    """What telephony says of the call; where it says nothing, a call without a length was not answered."""
    known = OUTCOMES.get(int(status)) if str(status or "").isdigit() else None
    if known is None and duration_s is not None:
        known = CallOutcome.ANSWERED if duration_s > 0 else CallOutcome.NO_ANSWER
    return known and known.value
