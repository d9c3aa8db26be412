"""The life of a dispute, a row a step: what was done, by whom, and where it led. Rows are added, never changed.

The table refuses a step that the truth table of `planerka.dispute_states` does not have, one that does not begin where
the last one ended, and one that undoes a ruling and does not lead to where it was taken. `dispute` keeps beside it
where the last step led, for whoever asks for a queue.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.dispute_states import RULING, TRANSITIONS, UNDOING, DisputeAction, DisputeState
from planerka.errors import ChangedError, UsageError
from planerka.store.tables import dispute, dispute_step

TAKING = (DisputeAction.ASSIGN, DisputeAction.REQUEST_EVIDENCE)
"""Who does this looks after the dispute from then on."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """`state_before` None: there was no dispute yet. `author` None: the machine, by a rule of the edition. `comment`
    None: nobody wrote one. `due_at`: by when the dispute had to be ruled on after this step."""

    id: int
    dispute_id: int
    number: int
    state_before: DisputeState | None
    action: DisputeAction
    state: DisputeState
    author: str | None
    comment: str | None
    due_at: datetime
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody does about a dispute. `seen_n`: how many of its steps they knew of; None: whatever they are."""

    action: DisputeAction
    at: datetime
    author: str | None = None
    comment: str | None = None
    seen_n: int | None = None


def take_step(connection: sa.Connection, source: str, dispute_id: int, act: Act, **kept: Any) -> int:
    """Do something about a dispute; returns the id of the step. `kept`: columns of `dispute` that change with it.

    UsageError where there is no such dispute; ChangedError, which tells the last step, where the dispute knows no such
    action in its state, or has had other steps than the author knew of.
    """
    held = hold_dispute(connection, source, dispute_id)
    state = DisputeState(held.state)
    after = led_to(connection, dispute_id, state, act.action)
    if after is None or act.seen_n not in (None, held.steps_n):
        raise ChangedError(told(last_step(connection, dispute_id)))
    place = {"dispute_id": dispute_id, "number": held.steps_n + 1, "number_before": held.steps_n, "state_before": state}
    deed = {"action": act.action, "author": act.author, "comment": act.comment, "at": act.at}
    deed |= {"state": after, "undone_to": after if act.action == DisputeAction.UNDO else None}
    deed["due_at"] = kept.get("due_at", held.due_at)
    adding = dispute_step.insert().values(place | deed)
    step_id: int = connection.execute(adding.returning(dispute_step.c.id)).scalar_one()
    if act.action in (*RULING, DisputeAction.UNDO):
        rulings = [step.id for step in not_undone(steps(connection, dispute_id)) if step.action in RULING]
        kept["ruling_id"] = rulings[-1] if rulings else None
    said = " ".join(filter(None, (held.said, act.comment and act.comment.lower())))
    changed = kept | {"state": after, "steps_n": held.steps_n + 1, "changed_at": act.at, "said": said or None}
    connection.execute(dispute.update().where(dispute.c.id == dispute_id).values(changed))
    return step_id


def led_to(
    connection: sa.Connection, dispute_id: int, state: DisputeState, action: DisputeAction
) -> DisputeState | None:
    """Where an action leads from the state in which a dispute is; None where it is not possible there.

    To undo is to go back to where the last step, a ruling, was taken.
    """
    if action != DisputeAction.UNDO:
        return TRANSITIONS[state].get(action)
    last = last_step(connection, dispute_id)
    is_possible = last.action in RULING and last.state_before in UNDOING.get(state, ())
    return last.state_before if is_possible else None


def begin(
    connection: sa.Connection,
    due: Mapping[int, datetime],
    at: datetime,
    author: str | None = None,
    comment: str | None = None,
) -> None:
    """The first step of new disputes, by number with the time they are due."""
    step = {"number": 1, "action": DisputeAction.OPEN, "state": DisputeState.OPENED}
    told = {"author": author, "comment": comment, "at": at}
    rows = [step | told | {"dispute_id": id_, "due_at": due_at} for id_, due_at in due.items()]
    if rows:
        connection.execute(dispute_step.insert(), rows)


def hold_dispute(connection: sa.Connection, source: str, dispute_id: int) -> sa.Row[Any]:
    """Its state, steps_n, due_at and what was said, held until the transaction ends; UsageError for none."""
    query = sa.select(dispute.c.state, dispute.c.steps_n, dispute.c.due_at, dispute.c.said)
    is_it = (dispute.c.source == source) & (dispute.c.id == dispute_id)
    held = connection.execute(query.where(is_it).with_for_update()).one_or_none()
    if held is None:
        raise UsageError(f"There is no dispute {dispute_id}: see `planerka disputes list`")
    return held


def steps(connection: sa.Connection, dispute_id: int) -> list[Step]:
    """Every step of a dispute, the first one first."""
    return steps_of(connection, [dispute_id])[dispute_id]


def steps_of(connection: sa.Connection, dispute_ids: Collection[int]) -> dict[int, list[Step]]:
    """The steps of some disputes by dispute."""
    columns = [dispute_step.c[name] for name in Step.__dataclass_fields__]
    query = sa.select(*columns).where(dispute_step.c.dispute_id.in_(dispute_ids)).order_by(dispute_step.c.number)
    found: dict[int, list[Step]] = defaultdict(list)
    for row in connection.execute(query):
        before = row.state_before and DisputeState(row.state_before)
        kinds = {"state_before": before, "action": DisputeAction(row.action), "state": DisputeState(row.state)}
        found[row.dispute_id].append(Step(**{**row._mapping, **kinds}))
    return found


def last_step(connection: sa.Connection, dispute_id: int) -> Step:
    return steps(connection, dispute_id)[-1]


def not_undone(taken: list[Step]) -> list[Step]:
    """The steps without the rulings that were undone, each by the step after it, and without the undoing."""
    left: list[Step] = []
    for step in taken:
        if step.action == DisputeAction.UNDO:
            left.pop()
        else:
            left.append(step)
    return left


def analyst_of(taken: list[Step]) -> str | None:
    """Who looks after a dispute that has had these steps: who took it last, or asked for evidence; None for nobody."""
    took = [step.author for step in not_undone(taken) if step.action in TAKING]
    return took[-1] if took else None


def told(step: Step) -> str:
    """What was done last, for somebody who did not know of it."""
    if step.state == DisputeState.FALLEN:
        return f"Dispute {step.dispute_id} is closed: its rejection was judged again, and is lawful now"
    author = step.author or "the regulation"
    if step.state.is_ruled:
        return f"Dispute {step.dispute_id} is closed: {author} ruled {step.action} on it"
    return f"Dispute {step.dispute_id} is {step.state} now: {author} did this last: {step.action}"
