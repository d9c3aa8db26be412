"""The blind sample: what is decided once more by a second reader. A reading is no ruling, and sends no command."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.dispute_states import DisputeAction
from planerka.model import Decision, Event, ReadingSubject
from planerka.store.case_file import card_of, events_of_lead
from planerka.store.review import OWNER_THEN
from planerka.store.samples import is_marked
from planerka.store.tables import dispute, dispute_step, event, lead, reading, verdict

DECISIONS = (Decision.UPHOLD, Decision.RETURN_TO_WORK)
"""What a second reader may decide: nobody is asked for more evidence."""


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A line of the second reader's queue. It does not say whether a verdict or a ruling is read again.

    `happened_at`, the owner and the reason are those of the rejection; of a silence there is only the owner now.
    """

    id: int
    drawn_at: datetime
    due_at: datetime
    lead_id: str
    project_id: str | None
    channel_id: str | None
    manager_id: str | None
    happened_at: datetime | None
    reason_id: str | None


@dataclass(frozen=True, kw_only=True)
class ReadingView(Unread):
    """All that the second reader may see: evidence, the card as it was rejected, and what had happened until then.

    There is no field for the outcome, its findings, the ruling or its comment. Nor for what would betray them: the
    state of the lead now, events since, the CRM's card, where the note of a return stands. `edition`, `reason`,
    `evidence`: None of a silence; `card`: by the fields of `Rejection`, empty of a silence; `answers`: what was
    answered when the analyst had asked for evidence, in order; `read_at`: None while nobody has read it.
    """

    edition: str | None
    reason: str | None
    evidence: dict[str, Any] | None
    card: dict[str, Any]
    answers: tuple[str, ...]
    timeline: tuple[Event, ...]
    read_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Done:
    """A reading beside what was decided first; `comment` is the second reader's. `clauses`: the numbers of those that
    the verdict's findings name. `dispute_id` None: nobody disputed it."""

    id: int
    subject: ReadingSubject
    lead_id: str
    dispute_id: int | None
    first: Decision
    second: Decision
    comment: str
    read_at: datetime
    edition: str | None
    reason: str | None
    clauses: tuple[str, ...]


def unread(connection: sa.Connection, source: str, reader: str) -> list[Unread]:
    """What waits for this reader, by the time it is due: nothing of a dispute in which the reader took a step, nor
    of a lead that was erased meanwhile."""
    names = [field.name for field in fields(Unread)]
    query = sa.select(*(_columns()[name].label(name) for name in names)).select_from(_joined(source))
    waiting = query.where(reading.c.source == source, reading.c.read_at.is_(None), ~_has_a_part(reader))
    rows = connection.execute(waiting.where(~is_marked(source, reading.c.lead_id)).order_by(*_ORDER))
    return [Unread(**row._mapping) for row in rows]


def view(connection: sa.Connection, source: str, reading_id: int) -> ReadingView | None:
    """What may be seen of one reading; None where there is none of that number."""
    extra = (*(verdict.c[name] for name in ("edition", "reason", "evidence")), reading.c.read_at)
    places = (reading.c.subject_id, reading.c.step_id)
    until = sa.func.coalesce(event.c.at, dispute.c.opened_at).label("until")
    columns = (*(column.label(name) for name, column in _columns().items()), *extra, *places, until)
    is_it = (reading.c.source == source) & (reading.c.id == reading_id)
    row = connection.execute(sa.select(*columns).select_from(_joined(source)).where(is_it)).one_or_none()
    if row is None:
        return None
    values = {name: value for name, value in row._mapping.items() if name not in ("subject_id", "step_id", "until")}
    return ReadingView(
        **values,
        card=card_of(connection, source, row.subject_id),
        answers=_answers(connection, row.step_id),
        timeline=tuple(events_of_lead(connection, source, row.lead_id, row.until)),
    )


def has_a_part(connection: sa.Connection, reading_id: int, reader: str) -> bool:
    """Whether the reader took a step in the dispute over what is read again: who knows of it is not blind."""
    is_it = sa.select(sa.exists().where(reading.c.id == reading_id, _has_a_part(reader)))
    return bool(connection.scalar(is_it))


def put(
    connection: sa.Connection, reading_id: int, decision: Decision, reader: str, comment: str, read_at: datetime
) -> bool:
    """Keep what the second reader decides; False where somebody has read it already: the first reading stands."""
    writing = reading.update().where(reading.c.id == reading_id, reading.c.read_at.is_(None))
    values = {"decision": decision, "reader": reader, "comment": comment, "read_at": read_at}
    return connection.execute(writing.values(values)).rowcount == 1


def done(connection: sa.Connection, source: str, since: datetime, until: datetime) -> list[Done]:
    """The readings of that stretch, its end not included, oldest first."""
    query = (
        sa.select(
            *(reading.c[name] for name in ("id", "subject", "lead_id", "decision", "comment", "read_at")),
            dispute.c.id.label("dispute_id"),
            dispute_step.c.action.label("ruled"),
            *(verdict.c[name] for name in ("edition", "reason", "findings")),
        )
        .select_from(_joined(source))
        .outerjoin(dispute_step, dispute_step.c.id == reading.c.step_id)
        .where(reading.c.source == source, reading.c.read_at >= since, reading.c.read_at < until)
        .order_by(reading.c.read_at, reading.c.id)
    )
    return [_done(row) for row in connection.execute(query)]


def _done(row: sa.Row[Any]) -> Done:
    return Done(
        id=row.id,
        subject=ReadingSubject(row.subject),
        lead_id=row.lead_id,
        dispute_id=row.dispute_id,
        first=Decision(row.ruled or Decision.UPHOLD),  # a verdict was drawn because it is lawful
        second=Decision(row.decision),
        comment=row.comment,
        read_at=row.read_at,
        edition=row.edition,
        reason=row.reason,
        clauses=tuple(found["clause"] for found in row.findings or ()),
    )


_ORDER = (reading.c.due_at, reading.c.id)


def _columns() -> dict[str, sa.ColumnElement[Any]]:
    """The fields of `Unread`."""
    return {
        **{name: reading.c[name] for name in ("id", "drawn_at", "due_at", "lead_id")},
        **{name: lead.c[name] for name in ("project_id", "channel_id")},
        "manager_id": OWNER_THEN,
        "happened_at": event.c.at,
        "reason_id": event.c.reason_id,
    }


def _joined(source: str) -> sa.FromClause:
    """Readings with lead, rejection, the verdict at hand when they were drawn, and the dispute if there is one."""
    is_verdict = (verdict.c.source == source) & (verdict.c.rejection_id == reading.c.subject_id)
    return (
        sa.join(reading, lead, (lead.c.source == source) & (lead.c.id == reading.c.lead_id), isouter=True)
        .outerjoin(event, (event.c.source == source) & (event.c.id == reading.c.subject_id))
        .outerjoin(verdict, is_verdict & (verdict.c.number == reading.c.verdict_number))
        .outerjoin(dispute, (dispute.c.source == source) & (dispute.c.subject_id == reading.c.subject_id))
    )


def _has_a_part(reader: str) -> sa.ColumnElement[bool]:
    """Whether the reader took a step in the dispute over the subject of a row of `reading`."""
    its, step = dispute.alias(), dispute_step.alias()
    is_its = (its.c.source == reading.c.source) & (its.c.subject_id == reading.c.subject_id)
    return sa.exists().where(is_its, step.c.dispute_id == its.c.id, step.c.author == reader).correlate(reading)


def _answers(connection: sa.Connection, step_id: int | None) -> tuple[str, ...]:
    """What the dispute's answers had said before the ruling of that step; none of a verdict."""
    ruled = dispute_step.alias()
    is_before = (dispute_step.c.dispute_id == ruled.c.dispute_id) & (dispute_step.c.number < ruled.c.number)
    query = sa.select(dispute_step.c.comment).join(ruled, is_before).where(ruled.c.id == step_id)
    answered = query.where(dispute_step.c.action == DisputeAction.ANSWER, dispute_step.c.comment.is_not(None))
    return tuple(connection.scalars(answered.order_by(dispute_step.c.number)))
