"""The blind sample: what is decided once more by a second reader. A reading is no ruling, and sends no command."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.model import Decision, Event, EventKind, Outcome, ReadingSubject, Rejection
from planerka.store.bulk import insert_into
from planerka.store.review import CLOSING_DECISIONS, DAY, newest_verdict_of
from planerka.store.tables import (
    dispute,
    erased_lead,
    event,
    lead,
    reading,
    rejection,
    ruling,
    verdict,
)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What may be drawn. `subject_id` as of a dispute; `verdict_number`: the verdict at hand, None for a silence;
    `step_id`: the ruling, None for a verdict; `decided_at`: when the verdict or the ruling was given."""

    subject: ReadingSubject
    subject_id: str
    lead_id: str
    verdict_number: int | None
    step_id: int | None
    decided_at: datetime


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
    `evidence`: None of a silence; `read_at`: None while nobody has read it.
    """

    edition: str | None
    reason: str | None
    evidence: dict[str, Any] | None
    card: Rejection | None
    timeline: tuple[Event, ...]
    read_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Done:
    """A reading beside what was decided first. `clauses`: the numbers of those that the verdict's findings name."""

    id: int
    subject: ReadingSubject
    subject_id: str
    dispute_id: int | None
    first: Decision
    second: Decision
    read_at: datetime
    edition: str | None
    reason: str | None
    clauses: tuple[str, ...]


def lawful_verdicts(connection: sa.Connection, source: str, since: datetime) -> list[Candidate]:
    """The newest verdicts that call a rejection since then lawful; without leads that are erased or gone."""
    query = (
        sa.select(event.c.id, event.c.lead_id, verdict.c.number, verdict.c.judged_at)
        .select_from(event)
        .join(verdict, newest_verdict_of(event.c.id, source))
        .join(lead, (lead.c.source == source) & (lead.c.id == event.c.lead_id))
        .where(event.c.source == source, event.c.kind == EventKind.REJECTED)
        .where(event.c.happened_on >= (since - DAY).date(), event.c.at >= since)
        .where(verdict.c.outcome == Outcome.LAWFUL, lead.c.vanished_at.is_(None), ~_is_erased(source, event.c.lead_id))
    )
    return [
        Candidate(
            subject=ReadingSubject.VERDICT,
            subject_id=id_,
            lead_id=lead_id,
            verdict_number=number,
            step_id=None,
            decided_at=judged_at,
        )
        for id_, lead_id, number, judged_at in connection.execute(query)
    ]


def rulings(connection: sa.Connection, source: str, since: datetime) -> list[Candidate]:
    """What people have ruled since then; without leads that are erased or gone."""
    query = (
        sa.select(dispute.c.subject_id, dispute.c.lead_id, verdict.c.number, ruling.c.id, ruling.c.ruled_at)
        .select_from(ruling)
        .join(dispute, dispute.c.id == ruling.c.dispute_id)
        .join(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(verdict, newest_verdict_of(dispute.c.subject_id, source))
        .where(dispute.c.source == source, ruling.c.ruled_at >= since, ruling.c.decision.in_(CLOSING_DECISIONS))
        .where(lead.c.vanished_at.is_(None), ~_is_erased(source, dispute.c.lead_id))
    )
    return [
        Candidate(
            subject=ReadingSubject.RULING,
            subject_id=id_,
            lead_id=lead_id,
            verdict_number=number,
            step_id=step_id,
            decided_at=ruled_at,
        )
        for id_, lead_id, number, step_id, ruled_at in connection.execute(query)
    ]


def draw(
    connection: sa.Connection, source: str, drawn: Iterable[Candidate], drawn_at: datetime, due_at: datetime
) -> list[ReadingSubject]:
    """Have these read again, each once for ever; returns of what kind those are that were not drawn before."""
    times = {"source": source, "drawn_at": drawn_at, "due_at": due_at}
    rows = [{**asdict(candidate), **times} for candidate in drawn]
    if not rows:
        return []
    values = [{name: row[name] for name in row if name != "decided_at"} for row in rows]
    drawing = insert_into(connection, reading).on_conflict_do_nothing().returning(reading.c.subject)
    return [ReadingSubject(subject) for subject in connection.scalars(drawing, values)]


def unread(connection: sa.Connection, source: str, reader: str) -> list[Unread]:
    """What waits for this reader, by the time it is due: nothing of a dispute in which the reader has a part, nor of
    a lead that was erased meanwhile."""
    names = [field.name for field in fields(Unread)]
    query = sa.select(*(_columns()[name].label(name) for name in names)).select_from(_joined(source))
    waiting = query.where(reading.c.source == source, reading.c.read_at.is_(None), ~_has_a_part(reader))
    rows = connection.execute(waiting.where(~_is_erased(source, reading.c.lead_id)).order_by(*_ORDER))
    return [Unread(**row._mapping) for row in rows]


def view(connection: sa.Connection, source: str, reading_id: int) -> ReadingView | None:
    """What may be seen of one reading; None where there is none of that number."""
    extra = (verdict.c.edition, verdict.c.reason, verdict.c.evidence, reading.c.read_at, reading.c.subject_id)
    until = sa.func.coalesce(event.c.at, dispute.c.opened_at).label("until")
    columns = (*(column.label(name) for name, column in _columns().items()), *extra, until)
    is_it = (reading.c.source == source) & (reading.c.id == reading_id)
    row = connection.execute(sa.select(*columns).select_from(_joined(source)).where(is_it)).one_or_none()
    if row is None:
        return None
    values = {name: value for name, value in row._mapping.items() if name not in ("subject_id", "until")}
    card = _card(connection, source, row.subject_id)
    return ReadingView(**values, card=card, timeline=_timeline(connection, source, row.lead_id, row.until))


def has_a_part(connection: sa.Connection, reading_id: int, reader: str) -> bool:
    """Whether the reader has ruled on what is read again."""
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
            *(reading.c[name] for name in ("id", "subject", "subject_id", "decision", "read_at")),
            dispute.c.id.label("dispute_id"),
            ruling.c.decision.label("ruled"),
            *(verdict.c[name] for name in ("edition", "reason", "findings")),
        )
        .select_from(_joined(source))
        .outerjoin(ruling, ruling.c.id == reading.c.step_id)
        .where(reading.c.source == source, reading.c.read_at >= since, reading.c.read_at < until)
        .order_by(reading.c.read_at, reading.c.id)
    )
    return [_done(row) for row in connection.execute(query)]


def _done(row: sa.Row[Any]) -> Done:
    return Done(
        id=row.id,
        subject=ReadingSubject(row.subject),
        subject_id=row.subject_id,
        dispute_id=row.dispute_id,
        first=Decision(row.ruled or Decision.UPHOLD),  # a verdict was drawn because it is lawful
        second=Decision(row.decision),
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
        "manager_id": sa.case((event.c.id.is_(None), lead.c.manager_id), else_=event.c.manager_id),
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
    """Whether the reader has ruled in the dispute over the subject of a row of `reading`."""
    its = dispute.alias()
    is_its = (its.c.source == reading.c.source) & (its.c.subject_id == reading.c.subject_id)
    return sa.exists().where(is_its, ruling.c.dispute_id == its.c.id, ruling.c.author == reader).correlate(reading)


def _is_erased(source: str, lead_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(erased_lead.c.source == source, erased_lead.c.lead_id == lead_id)


def _card(connection: sa.Connection, source: str, rejection_id: str) -> Rejection | None:
    columns = [rejection.c[field.name] for field in fields(Rejection)]
    query = sa.select(*columns).where(rejection.c.source == source, rejection.c.id == rejection_id)
    row = connection.execute(query).one_or_none()
    return Rejection(**row._mapping) if row else None


def _timeline(connection: sa.Connection, source: str, lead_id: str, until: datetime) -> tuple[Event, ...]:
    """What happened to the lead up to then, in order."""
    columns = [event.c[field.name] for field in fields(Event)]
    its = sa.select(*columns).where(event.c.source == source, event.c.lead_id == lead_id, event.c.at <= until)
    return tuple(Event(**row._mapping) for row in connection.execute(its.order_by(event.c.at, event.c.id)))
