"""Rejections sent to review, and what people decided: a ruling stands beside the verdict, never over it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.errors import UsageError
from planerka.model import Command, Decision, DisputeOrigin, LeadStatus, Outcome
from planerka.store import commands
from planerka.store.bulk import insert_into, staged
from planerka.store.review import is_fallen, is_ruled, newest_verdict_of
from planerka.store.tables import command as command_table
from planerka.store.tables import dispute, event, lead, receipt, ruling, verdict


@dataclass(frozen=True, kw_only=True)
class NewDispute:
    """`subject_id` names what is disputed, once and for ever: the id of a rejection, or a silence."""

    origin: DisputeOrigin
    subject_id: str
    lead_id: str
    opened_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class DisputeView:
    """A dispute with all a reader decides by: the last verdict on its subject and the last ruling, None without one.

    `happened_at`, `reason_id` and the owner then are those of the rejection; of a neglected lead there is only its
    owner now. `url` is the CRM card's; `status` is that of the lead now, None for one that the source has no more.
    `rejudged` says why the rejection was judged again and what that changed; None where it was judged once.
    `is_ruled`: somebody has decided, and did not only ask for evidence. `is_fallen`: its rejection, judged again, was
    lawful before anybody decided, and nothing is left to rule on.
    `refusal` says why the write that the ruling asked for was not done when it was last tried, at `refused_at`; None
    where it was done, or never refused.
    """

    id: int
    origin: DisputeOrigin
    subject_id: str
    lead_id: str
    opened_at: datetime
    due_at: datetime
    url: str | None
    channel_id: str | None
    project_id: str | None
    stage_id: str | None
    status: LeadStatus | None
    happened_at: datetime | None
    manager_id: str | None
    reason_id: str | None
    edition: str | None
    outcome: Outcome | None
    findings: list[dict[str, Any]] | None
    evidence: dict[str, Any] | None
    is_qualified: bool | None
    rejudged: dict[str, Any] | None
    decision: Decision | None
    author: str | None
    comment: str | None
    ruled_at: datetime | None
    refusal: str | None
    refused_at: datetime | None
    is_ruled: bool
    is_fallen: bool

    @property
    def is_closed(self) -> bool:
        """Whether it waits for nobody."""
        return self.is_ruled or self.is_fallen


def open_disputes(connection: sa.Connection, source: str, disputes: Iterable[NewDispute]) -> int:
    """Open a dispute on each subject that has never had one; returns how many were opened."""
    rows = [{**asdict(new), "source": source} for new in disputes]
    if not rows:
        return 0
    opening = insert_into(connection, dispute).on_conflict_do_nothing().returning(dispute.c.id)
    return len(connection.execute(opening, rows).all())


def listing(connection: sa.Connection, source: str) -> list[DisputeView]:
    """Every dispute of the source, the closed ones too, by the time it is due."""
    return [_view(row) for row in connection.execute(_views(source).order_by(dispute.c.due_at, dispute.c.id))]


def show(connection: sa.Connection, source: str, dispute_id: int) -> DisputeView:
    """One dispute; UsageError where there is none of that number."""
    row = connection.execute(_views(source).where(dispute.c.id == dispute_id)).one_or_none()
    if row is None:
        raise UsageError(f"There is no dispute {dispute_id}: see `planerka disputes list`")
    return _view(row)


def over(connection: sa.Connection, source: str, subject_ids: pd.Series) -> list[DisputeView]:
    """The disputes of which these are the subjects."""
    with staged(connection, [dispute.c.subject_id], subject_ids.to_frame("subject_id")) as asked:
        is_asked = dispute.c.subject_id.in_(sa.select(asked.c.subject_id))
        return [_view(row) for row in connection.execute(_views(source).where(is_asked))]


def behind(connection: sa.Connection, source: str, marker: str) -> DisputeView:
    """The dispute whose ruling asked for the command with this marker."""
    asked = sa.select(ruling.c.dispute_id).join(command_table, command_table.c.ruling_id == ruling.c.id)
    is_it = dispute.c.id == asked.where(command_table.c.marker == marker).scalar_subquery()
    return _view(connection.execute(_views(source).where(is_it)).one())


def rule(
    connection: sa.Connection,
    source: str,
    dispute_id: int,
    decision: Decision,
    author: str,
    comment: str,
    at: datetime,
    command: Command | None = None,
) -> int:
    """Record a ruling and, with it, the write to the CRM that it asks for; returns the ruling's number.

    UsageError for a dispute that is closed: of two rulings at once the first stands, and so does a verdict without
    anything against the rejection.
    """
    connection.execute(sa.select(dispute.c.id).where(dispute.c.id == dispute_id).with_for_update())
    found = show(connection, source, dispute_id)
    if found.is_fallen:
        raise UsageError(f"Dispute {dispute_id} is closed: its rejection was judged again, and is lawful now")
    if found.is_closed:
        raise UsageError(f"Dispute {dispute_id} is closed: {found.author} ruled {found.decision} on it")
    values = {"dispute_id": dispute_id, "decision": decision, "author": author, "comment": comment, "ruled_at": at}
    ruling_id = connection.execute(ruling.insert().values(values).returning(ruling.c.id)).scalar_one()
    if command:
        commands.add(connection, source, ruling_id, command, at)
    return ruling_id


def returned_n(connection: sa.Connection, source: str, lead_id: str) -> int:
    """How many times rulings have returned this lead to work."""
    query = sa.select(sa.func.count()).select_from(ruling).join(dispute, dispute.c.id == ruling.c.dispute_id)
    is_return = (ruling.c.decision == Decision.RETURN_TO_WORK) & (dispute.c.lead_id == lead_id)
    return connection.execute(query.where(dispute.c.source == source, is_return)).scalar_one()


def _views(source: str) -> sa.Select[Any]:
    last = sa.select(ruling.c.dispute_id, sa.func.max(ruling.c.id).label("id")).group_by(ruling.c.dispute_id).subquery()
    columns = (
        *(c for c in dispute.c if c.name != "source"),
        *(lead.c[name] for name in ("url", "channel_id", "project_id", "stage_id")),
        sa.case((lead.c.vanished_at.is_(None), lead.c.status)).label("status"),
        event.c.at.label("happened_at"),
        sa.case((event.c.id.is_(None), lead.c.manager_id), else_=event.c.manager_id).label("manager_id"),
        event.c.reason_id,
        *(verdict.c[name] for name in ("edition", "outcome", "findings", "evidence", "is_qualified", "rejudged")),
        *(ruling.c[name] for name in ("decision", "author", "comment", "ruled_at")),
        *(sa.case((receipt.c.marker.is_(None), command_table.c[n])).label(n) for n in ("refusal", "refused_at")),
        is_ruled().label("is_ruled"),
        is_fallen(source).label("is_fallen"),
    )
    return (
        sa.select(*columns)
        .select_from(dispute)
        .outerjoin(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(event, (event.c.source == source) & (event.c.id == dispute.c.subject_id))
        .outerjoin(verdict, newest_verdict_of(dispute.c.subject_id, source))
        .outerjoin(last, last.c.dispute_id == dispute.c.id)
        .outerjoin(ruling, ruling.c.id == last.c.id)
        .outerjoin(command_table, command_table.c.ruling_id == ruling.c.id)
        .outerjoin(receipt, receipt.c.marker == command_table.c.marker)
        .where(dispute.c.source == source)
    )


def _view(row: sa.Row[Any]) -> DisputeView:
    kinds = {"origin": DisputeOrigin, "status": LeadStatus, "outcome": Outcome, "decision": Decision}
    named = {name: kind(getattr(row, name)) for name, kind in kinds.items() if getattr(row, name) is not None}
    return DisputeView(**{**row._mapping, **named})
