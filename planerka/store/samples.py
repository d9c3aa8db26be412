"""What may be drawn for a second reader, and what was drawn: each verdict and each dispute's ruling once for ever."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.dispute_states import TO_RULE, DisputeAction
from planerka.model import EventKind, Outcome, ReadingSubject
from planerka.store.bulk import insert_into
from planerka.store.review import DAY, newest_verdict_of
from planerka.store.tables import dispute, dispute_step, erased_lead, event, lead, reading, verdict


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


def lawful_verdicts(connection: sa.Connection, source: str, since: datetime) -> list[Candidate]:
    """The newest verdicts that call a rejection since then lawful; without leads that are erased or gone."""
    query = (
        sa.select(event.c.id, event.c.lead_id, verdict.c.number, sa.null().label("step_id"), verdict.c.judged_at)
        .select_from(event)
        .join(verdict, newest_verdict_of(event.c.id, source))
        .join(lead, (lead.c.source == source) & (lead.c.id == event.c.lead_id))
        .where(event.c.source == source, event.c.kind == EventKind.REJECTED)
        .where(event.c.happened_on >= (since - DAY).date(), event.c.at >= since)
        .where(verdict.c.outcome == Outcome.LAWFUL)
    )
    return _candidates(connection, source, ReadingSubject.VERDICT, query)


def rulings(connection: sa.Connection, source: str, since: datetime, until: datetime) -> list[Candidate]:
    """What people ruled in `[since, until)` and did not take back; without leads that are erased or gone.

    Neither what the edition decided, since nobody did in time, nor what the director decided of an appeal.
    """
    undo = dispute_step.alias()
    is_undo = (undo.c.number_before == dispute_step.c.number) & (undo.c.action == DisputeAction.UNDO)
    query = (
        sa.select(dispute.c.subject_id, dispute.c.lead_id, verdict.c.number, dispute_step.c.id, dispute_step.c.at)
        .select_from(dispute_step)
        .join(dispute, dispute.c.id == dispute_step.c.dispute_id)
        .join(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(verdict, newest_verdict_of(dispute.c.subject_id, source))
        .where(dispute.c.source == source, dispute_step.c.action.in_(TO_RULE))
        .where(dispute_step.c.at >= since, dispute_step.c.at < until, dispute_step.c.author.is_not(None))
        .where(dispute_step.c.state.in_(TO_RULE.values()))
        .where(~sa.exists().where(undo.c.dispute_id == dispute_step.c.dispute_id, is_undo))
        .order_by(dispute_step.c.id)
    )
    return _candidates(connection, source, ReadingSubject.RULING, query)


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


def is_marked(source: str, lead_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether the lead is erased or forgotten."""
    return sa.exists().where(erased_lead.c.source == source, erased_lead.c.lead_id == lead_id)


def _candidates(
    connection: sa.Connection,
    source: str,
    subject: ReadingSubject,
    query: sa.Select[tuple[str, str, int, int, datetime]],
) -> list[Candidate]:
    is_whole = lead.c.vanished_at.is_(None) & ~is_marked(source, lead.c.id)
    return [
        Candidate(
            subject=subject, subject_id=id_, lead_id=lead_id, verdict_number=number, step_id=step_id, decided_at=at
        )
        for id_, lead_id, number, step_id, at in connection.execute(query.where(is_whole))
    ]
