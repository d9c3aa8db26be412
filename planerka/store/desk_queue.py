"""What the desk asks of the store: the queue in its order, and the history, each a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.dispute_states import WAITING, DisputeAction, DisputeState
from planerka.store.disputes import DisputeView, view_of, views
from planerka.store.review import is_open_in
from planerka.store.tables import dispute, dispute_step, event, lead

MANAGER = sa.case((event.c.id.is_(None), lead.c.manager_id), else_=event.c.manager_id)
"""Whose the lead was when it was rejected; of a neglected one whose it is."""

SCOPES: Mapping[str, sa.ColumnElement[str | None]] = {
    "origin": dispute.c.origin,
    "state": dispute.c.state,
    "reason_id": event.c.reason_id,
    "manager_id": MANAGER,
    "channel_id": lead.c.channel_id,
    "project_id": lead.c.project_id,
}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a queue or a history is narrowed to; None: to nothing. `assigned_to` is a name."""

    origin: str | None = None
    state: str | None = None
    reason_id: str | None = None
    manager_id: str | None = None
    channel_id: str | None = None
    project_id: str | None = None
    assigned_to: str | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        columns = {**SCOPES, "assigned_to": dispute.c.assigned_to}
        asked = {field.name: getattr(self, field.name) for field in fields(self)}
        return [columns[name] == value for name, value in asked.items() if value is not None]


@dataclass(frozen=True, kw_only=True)
class QueueCounts:
    """Of the waiting disputes that a filter leaves: how many, and what is at stake, in minor units."""

    waiting_n: int
    overdue_n: int
    today_n: int
    at_stake_minor: int


def queue(
    connection: sa.Connection, source: str, wanted: Filter, now: datetime, tonight: datetime, page: int, per_page: int
) -> list[DisputeView]:
    """The waiting disputes of a page, from 1: the overdue first, then those due before `tonight`, then the others; in
    each of the three those with most at stake first."""
    begin = (page - 1) * per_page
    ids = queue_ids(connection, source, wanted, now, tonight)[begin : begin + per_page]
    return _in_this_order(connection, source, ids)


def queue_ids(connection: sa.Connection, source: str, wanted: Filter, now: datetime, tonight: datetime) -> list[int]:
    """The numbers of all waiting disputes, in the order of `queue`."""
    query = _waiting(source, dispute.c.id, wanted=wanted).order_by(*_by_urgency(now, tonight))
    return list(connection.scalars(query))


def queue_counts(
    connection: sa.Connection, source: str, wanted: Filter, now: datetime, tonight: datetime
) -> QueueCounts:
    is_today = (dispute.c.due_at >= now) & (dispute.c.due_at < tonight)
    counts = (
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(sa.case((dispute.c.due_at < now, 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((is_today, 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(dispute.c.at_stake_minor), 0),
    )
    waiting_n, overdue_n, today_n, at_stake_minor = connection.execute(_waiting(source, *counts, wanted=wanted)).one()
    return QueueCounts(waiting_n=waiting_n, overdue_n=overdue_n, today_n=today_n, at_stake_minor=int(at_stake_minor))


def choices(connection: sa.Connection, source: str) -> dict[str, dict[str, int]]:
    """By what the queue can be narrowed: how many wait, by filter and value; values that are not known are left out."""
    found = {}
    for name, column in SCOPES.items():
        query = _waiting(source, column, sa.func.count(), wanted=Filter()).where(column.is_not(None)).group_by(column)
        found[name] = {str(value): int(n) for value, n in connection.execute(query)}
    return found


def like_it(connection: sa.Connection, source: str, one: DisputeView) -> list[DisputeView]:
    """The waiting disputes that are the same case as this one, itself among them: of one origin and reason, whose
    verdicts find the same of the same clauses. Alone where it has no findings."""
    if not one.findings:
        return [one]
    query = views(source).where(is_open_in(*WAITING), dispute.c.origin == one.origin)
    same = query.where(event.c.reason_id.is_not_distinct_from(one.reason_id)).order_by(dispute.c.id)
    found = (view_of(row) for row in connection.execute(same))
    return [view for view in found if found_of(view) == found_of(one)]


def found_of(view: DisputeView) -> frozenset[tuple[str, str]]:
    """Clauses of a verdict and what each says, without the figures."""
    return frozenset((finding["clause"], finding["result"]) for finding in view.findings or [])


def history(
    connection: sa.Connection,
    source: str,
    wanted: Filter,
    text: str,
    page: int,
    per_page: int,
) -> list[DisputeView]:
    """Disputes that nobody has to rule on, by page, the newest first: the order in which the table itself lies, so that
    a search for what is rare reads it once, and one for what is common only its end.

    `text`: a number of a dispute, an id of a lead, or a part of what somebody wrote, whatever its case.
    """
    query = _scoped(source, dispute.c.id, wanted=wanted).where(dispute.c.state.not_in(WAITING))
    if text:
        is_number = dispute.c.id == (int(text) if text.isdecimal() and len(text) < 10 else -1)
        is_said = dispute.c.said.contains(text.lower(), autoescape=True)
        query = query.where(is_number | (dispute.c.lead_id == text) | is_said)
    ordered = query.order_by(dispute.c.id.desc())
    ids = connection.scalars(ordered.limit(per_page).offset((page - 1) * per_page)).all()
    return _in_this_order(connection, source, ids)


def of_lead(connection: sa.Connection, source: str, lead_id: str) -> list[DisputeView]:
    """Every dispute over a lead, the oldest first."""
    query = views(source).where(dispute.c.lead_id == lead_id).order_by(dispute.c.opened_at, dispute.c.id)
    return [view_of(row) for row in connection.execute(query)]


def appealed(connection: sa.Connection, source: str) -> list[DisputeView]:
    """The disputes that wait for the director, the oldest appeal first."""
    query = views(source).where(is_open_in(DisputeState.APPEALED)).order_by(dispute.c.changed_at, dispute.c.id)
    return [view_of(row) for row in connection.execute(query)]


def expired_since(connection: sa.Connection, source: str, since: datetime) -> list[DisputeView]:
    """The disputes that nobody ruled on in time since then, the latest first."""
    is_late = (dispute_step.c.action == DisputeAction.EXPIRE) & (dispute_step.c.at >= since)
    ids = sa.select(dispute_step.c.dispute_id).where(is_late)
    query = views(source).where(dispute.c.id.in_(ids)).order_by(dispute.c.changed_at.desc(), dispute.c.id.desc())
    return [view_of(row) for row in connection.execute(query)]


def _by_urgency(now: datetime, tonight: datetime) -> tuple[sa.ColumnElement[Any], ...]:
    urgency = sa.case((dispute.c.due_at < now, 0), (dispute.c.due_at < tonight, 1), else_=2)
    return urgency, dispute.c.at_stake_minor.desc().nulls_last(), dispute.c.due_at, dispute.c.id


def _in_this_order(connection: sa.Connection, source: str, ids: Sequence[int]) -> list[DisputeView]:
    found = {row.id: view_of(row) for row in connection.execute(views(source).where(dispute.c.id.in_(ids)))}
    return [found[id_] for id_ in ids]


def _waiting(source: str, *columns: sa.ColumnElement[Any], wanted: Filter) -> sa.Select[Any]:
    return _scoped(source, *columns, wanted=wanted).where(is_open_in(*WAITING))


def _scoped(source: str, *columns: sa.ColumnElement[Any], wanted: Filter) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(dispute)
        .outerjoin(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(event, (event.c.source == source) & (event.c.id == dispute.c.subject_id))
        .where(dispute.c.source == source, *wanted.conditions())
    )
