"""Rejections sent to review, and what people decided: a ruling stands beside the verdict, never over it."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.dispute_states import OPEN, DisputeAction, DisputeState
from planerka.errors import UsageError
from planerka.model import Decision, DisputeOrigin, LeadStatus, Outcome
from planerka.store.bulk import insert_into, staged
from planerka.store.commands import handed_over
from planerka.store.dispute_steps import Act, begin, take_step
from planerka.store.review import OWNER_THEN, is_open_in, newest_verdict_of
from planerka.store.tables import command as command_table
from planerka.store.tables import dispute, dispute_step, event, lead, receipt, verdict

CLOSED = tuple(state for state in DisputeState if state not in OPEN)
"""States in which a dispute waits for nobody."""

FOLLOWING = (DisputeOrigin.UNLAWFUL, DisputeOrigin.UNPROVABLE)
"""Of disputes that a verdict opened, the verdict decides whether they stand."""


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
    """A dispute with all a reader decides by: the last verdict on its subject and the ruling that stands, None without.

    `happened_at`, `reason_id` and the owner then are those of the rejection; of a neglected lead there is only its
    owner now. `url` is the CRM card's; `status` is that of the lead now, None for one that the source has no more.
    `rejudged` says why the rejection was judged again and what that changed; None where it was judged once.
    `steps_n` tells whether something was done about it since it was read. `author` None beside a decision: the
    regulation decided, for nobody did in time. `at_stake_minor`: what a return may bring, `stake` how it is counted;
    None where the company's history does not tell.
    `refusal` says why the write that the ruling asked for was not done when it was last tried, at `refused_at`; None
    where it was done, or never refused. `handed_over_at` and `confirmed_at` are of its receipt.
    """

    id: int
    origin: DisputeOrigin
    subject_id: str
    lead_id: str
    opened_at: datetime
    due_at: datetime
    state: DisputeState
    steps_n: int
    changed_at: datetime
    assigned_to: str | None
    at_stake_minor: int | None
    stake: dict[str, Any] | None
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
    ruling_id: int | None
    decision: Decision | None
    author: str | None
    comment: str | None
    ruled_at: datetime | None
    refusal: str | None
    refused_at: datetime | None
    handed_over_at: datetime | None
    confirmed_at: datetime | None

    @property
    def is_answered(self) -> bool:
        """Whether evidence was asked for, and the answer waits for the analyst."""
        return self.state == DisputeState.ASSIGNED and self.decision == Decision.REQUEST_EVIDENCE

    @property
    def currency(self) -> str | None:
        """That of what is at stake."""
        return self.stake["currency"] if self.stake else None


def open_disputes(connection: sa.Connection, source: str, disputes: Iterable[NewDispute]) -> int:
    """Open a dispute on each subject that has never had one; returns how many were opened."""
    return len(_opened(connection, source, disputes))


def number_over(connection: sa.Connection, source: str, subject_id: str) -> int | None:
    """The number of the dispute over it, whatever became of it; None where there was never one."""
    is_its = (dispute.c.source == source) & (dispute.c.subject_id == subject_id)
    return connection.scalar(sa.select(dispute.c.id).where(is_its))


def raise_dispute(connection: sa.Connection, source: str, new: NewDispute, author: str, comment: str) -> int:
    """Open one by hand, over what was never disputed; returns its number."""
    (number,) = _opened(connection, source, [new], author, comment)
    return number


def _opened(
    connection: sa.Connection,
    source: str,
    disputes: Iterable[NewDispute],
    author: str | None = None,
    comment: str | None = None,
) -> list[int]:
    begun = {"source": source, "state": DisputeState.OPENED, "steps_n": 1, "said": comment and comment.lower()}
    rows = [asdict(new) | begun | {"changed_at": new.opened_at} for new in disputes]
    if not rows:
        return []
    opening = insert_into(connection, dispute).on_conflict_do_nothing().returning(dispute.c.id, dispute.c.due_at)
    due = {row.id: row.due_at for row in connection.execute(opening, rows)}
    begin(connection, due, rows[0]["opened_at"], author, comment)
    return list(due)


def listing(
    connection: sa.Connection, source: str, states: Collection[DisputeState] = tuple(DisputeState)
) -> list[DisputeView]:
    """The disputes of the source in these states (all of them), by the time they are due."""
    is_asked = is_open_in(*states) if set(states) <= set(OPEN) else dispute.c.state.in_(states)
    query = views(source).where(is_asked).order_by(dispute.c.due_at, dispute.c.id)
    return [view_of(row) for row in connection.execute(query)]


def show(connection: sa.Connection, source: str, dispute_id: int) -> DisputeView:
    """One dispute; UsageError where there is none of that number."""
    row = connection.execute(views(source).where(dispute.c.id == dispute_id)).one_or_none()
    if row is None:
        raise UsageError(f"There is no dispute {dispute_id}: see `planerka disputes list`")
    return view_of(row)


def is_there(connection: sa.Connection, source: str, dispute_id: int) -> bool:
    """Whether there is a dispute of that number."""
    is_it = (dispute.c.source == source) & (dispute.c.id == dispute_id)
    return bool(connection.scalar(sa.select(sa.exists().where(is_it))))


def over(connection: sa.Connection, source: str, subject_ids: pd.Series) -> list[DisputeView]:
    """The disputes of which these are the subjects."""
    with staged(connection, [dispute.c.subject_id], subject_ids.to_frame("subject_id")) as asked:
        is_asked = dispute.c.subject_id.in_(sa.select(asked.c.subject_id))
        return [view_of(row) for row in connection.execute(views(source).where(is_asked))]


def behind(connection: sa.Connection, source: str, marker: str) -> DisputeView:
    """The dispute whose ruling asked for the command with this marker; UsageError where it was taken back."""
    asked = sa.select(dispute_step.c.dispute_id).join(command_table, command_table.c.ruling_id == dispute_step.c.id)
    is_it = dispute.c.id == asked.where(command_table.c.marker == marker).scalar_subquery()
    row = connection.execute(views(source).where(is_it)).one_or_none()
    if row is None:
        raise UsageError(f"The ruling that asked for {marker} was taken back: nothing of it is written")
    return view_of(row)


def follow_verdicts(connection: sa.Connection, source: str, subject_ids: pd.Series, at: datetime) -> int:
    """Have the waiting disputes over these rejections, judged again, follow the newest verdicts; returns how many fell.

    What is lawful now falls; what is wrong in another way is named so, in a step: who saw the verdict before rules on
    no other. One that somebody raised by hand stays what it is: the verdict is what was doubted.
    """
    fallen_n = 0
    for view in over(connection, source, subject_ids):
        is_following = view.origin in FOLLOWING
        if view.state.is_waiting and is_following and view.outcome == Outcome.LAWFUL:
            take_step(connection, source, view.id, Act(action=DisputeAction.FALL, at=at))
            fallen_n += 1
        elif view.state.is_waiting:
            origin = view.outcome if is_following else view.origin
            take_step(connection, source, view.id, Act(action=DisputeAction.JUDGE_AGAIN, at=at), origin=origin)
    return fallen_n


def returned_n(connection: sa.Connection, source: str, lead_id: str, besides: int | None = None) -> int:
    """How many disputes, `besides` one, have returned this lead to work: by the ruling that stands, appealed or not, or
    by one that was carried out, whatever was decided since."""
    is_return = dispute_step.c.action == Decision.RETURN_TO_WORK
    is_ruled = sa.exists().where(dispute_step.c.id == dispute.c.ruling_id, is_return)
    is_done = handed_over(Decision.RETURN_TO_WORK).where(dispute_step.c.dispute_id == dispute.c.id).exists()
    query = sa.select(sa.func.count()).where(dispute.c.source == source, dispute.c.lead_id == lead_id)
    is_other = dispute.c.id.is_distinct_from(besides)
    return connection.execute(query.where(is_other, is_ruled | is_done)).scalar_one()


@lru_cache
def views(source: str) -> sa.Select[Any]:
    columns = (
        *(c for c in dispute.c if c.name not in ("source", "said")),
        *(lead.c[name] for name in ("url", "channel_id", "project_id", "stage_id")),
        sa.case((lead.c.vanished_at.is_(None), lead.c.status)).label("status"),
        event.c.at.label("happened_at"),
        OWNER_THEN.label("manager_id"),
        event.c.reason_id,
        *(verdict.c[name] for name in ("edition", "outcome", "findings", "evidence", "is_qualified", "rejudged")),
        dispute_step.c.action.label("decision"),
        *(dispute_step.c[name] for name in ("author", "comment")),
        dispute_step.c.at.label("ruled_at"),
        *(sa.case((receipt.c.marker.is_(None), command_table.c[n])).label(n) for n in ("refusal", "refused_at")),
        *(receipt.c[name] for name in ("handed_over_at", "confirmed_at")),
    )
    return (
        sa.select(*columns)
        .select_from(dispute)
        .outerjoin(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(event, (event.c.source == source) & (event.c.id == dispute.c.subject_id))
        .outerjoin(verdict, newest_verdict_of(dispute.c.subject_id, source))
        .outerjoin(dispute_step, dispute_step.c.id == dispute.c.ruling_id)
        .outerjoin(command_table, command_table.c.ruling_id == dispute.c.ruling_id)
        .outerjoin(receipt, receipt.c.marker == command_table.c.marker)
        .where(dispute.c.source == source)
    )


def view_of(row: sa.Row[Any]) -> DisputeView:
    kinds = {
        "origin": DisputeOrigin,
        "state": DisputeState,
        "status": LeadStatus,
        "outcome": Outcome,
        "decision": Decision,
    }
    named = {name: kind(getattr(row, name)) for name, kind in kinds.items() if getattr(row, name) is not None}
    return DisputeView(**{**row._mapping, **named})
