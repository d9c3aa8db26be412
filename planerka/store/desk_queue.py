"""What the desk asks of the store: the queue in its order, and the history, each a page at a time."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from planerka.dispute_states import WAITING, DisputeAction, DisputeState
from planerka.store.disputes import DisputeView, view_of, views
from planerka.store.review import OWNER_THEN, is_open_in, newest_verdict_of
from planerka.store.tables import dispute, dispute_step, event, lead, verdict

NUMBER = re.compile(r"(?:№|#|no\.)?\s*(\d{1,9})", re.IGNORECASE)
"""The number of a dispute as the pages write it, and as people do."""

SCOPES: Mapping[str, sa.ColumnElement[str | None]] = {
    "origin": dispute.c.origin,
    "state": dispute.c.state,
    "reason_id": event.c.reason_id,
    "manager_id": OWNER_THEN,
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

    @property
    def asked(self) -> dict[str, str]:
        """What it narrows to, by field."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        columns = {**SCOPES, "assigned_to": dispute.c.assigned_to}
        return [columns[name] == value for name, value in self.asked.items()]


class WaitingRow(NamedTuple):
    """A waiting dispute with what it is put in order and narrowed by, and nothing more: of each page all are read."""

    id: int
    opened_at: datetime
    due_at: datetime
    at_stake_minor: int | None
    assigned_to: str | None
    currency: str | None
    origin: str
    state: str
    reason_id: str | None
    manager_id: str | None
    channel_id: str | None
    project_id: str | None


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """The waiting disputes at `now`; `tonight` is the end of the local day."""

    rows: Sequence[WaitingRow]
    now: datetime
    tonight: datetime

    def of(self, wanted: Filter) -> "Backlog":
        """What a filter leaves of it."""
        asked = wanted.asked.items()
        return replace(self, rows=[row for row in self.rows if all(getattr(row, name) == v for name, v in asked)])

    @property
    def ids(self) -> list[int]:
        """The overdue first, then those due before tonight, then the others; in each of the three those with most at
        stake first."""
        return [row.id for row in sorted(self.rows, key=self.urgency)]

    def urgency(self, row: WaitingRow) -> tuple[int, int, datetime, int]:
        group = 0 if row.due_at < self.now else 1 if row.due_at < self.tonight else 2
        return group, -(row.at_stake_minor or 0), row.due_at, row.id

    @property
    def overdue_n(self) -> int:
        return sum(row.due_at < self.now for row in self.rows)

    @property
    def today_n(self) -> int:
        return sum(self.now <= row.due_at < self.tonight for row in self.rows)

    def choices(self, name: str) -> dict[str, int]:
        """How many there are of each value of a field that a filter has; what is not known is left out."""
        return Counter(str(value) for row in self.rows if (value := getattr(row, name)) is not None)


def backlog(connection: sa.Connection, source: str, now: datetime, tonight: datetime) -> Backlog:
    own = (dispute.c[name] for name in ("id", "opened_at", "due_at", "at_stake_minor", "assigned_to"))
    currency = dispute.c.stake["currency"].as_string()
    columns = [*own, currency, *(column.label(name) for name, column in SCOPES.items())]
    query = _scoped(source, *columns, wanted=Filter()).where(is_open_in(*WAITING))
    return Backlog(rows=[WaitingRow(*row) for row in connection.execute(query)], now=now, tonight=tonight)


def page_of(connection: sa.Connection, source: str, ids: Sequence[int]) -> list[DisputeView]:
    """These disputes, in this order."""
    found = {row.id: view_of(row) for row in connection.execute(views(source).where(dispute.c.id.in_(ids)))}
    return [found[id_] for id_ in ids]


def like_it(connection: sa.Connection, source: str, one: DisputeView) -> list[DisputeView]:
    """The waiting disputes that are the same case as this one, itself among them while it waits: of one origin and
    reason, whose verdicts find the same of the same clauses of one edition. Nothing else where it has no findings."""
    return page_of(connection, source, ids_like_it(connection, source, one))


def ids_like_it(connection: sa.Connection, source: str, one: DisputeView) -> list[int]:
    """In a new edition the same number may be of another rule."""
    if not one.findings:
        return [one.id] if one.state.is_waiting else []
    is_same = event.c.reason_id.is_not_distinct_from(one.reason_id) & (dispute.c.origin == one.origin)
    # From what waits: asked for an edition or an order, SQLite begins with every verdict, or with every dispute.
    query = (
        _scoped(source, dispute.c.id, verdict.c.edition, verdict.c.findings, wanted=Filter())
        .outerjoin(verdict, newest_verdict_of(dispute.c.subject_id, source))
        .where(is_open_in(*WAITING), is_same)
    )
    its = one.edition, found_of(one.findings)
    return sorted(
        id_ for id_, edition, found in connection.execute(query) if found and (edition, found_of(found)) == its
    )


def found_of(findings: list[dict[str, Any]]) -> frozenset[tuple[str, str]]:
    """Clauses of a verdict and what each says, without the figures."""
    return frozenset((finding["clause"], finding["result"]) for finding in findings)


def history(
    connection: sa.Connection,
    source: str,
    wanted: Filter,
    text: str,
    page: int,
    per_page: int,
) -> list[DisputeView]:
    """Disputes of a page and the first of the next one, the newest first: the order in which the table itself lies, so
    that a search for what is rare reads it once, and one for what is common only its end. With neither a text nor a
    state, those that nobody has to rule on.

    `text`: a number of a dispute, an id of a lead, or words of what somebody wrote about it, in any order; all whatever
    their case.
    """
    query = _scoped(source, dispute.c.id, wanted=wanted)
    if text:
        query = query.where(is_about(text))
    elif wanted.state is None:
        query = query.where(dispute.c.state.not_in(WAITING))
    ordered = query.order_by(dispute.c.id.desc())
    ids = connection.scalars(ordered.limit(per_page + 1).offset((page - 1) * per_page)).all()
    return page_of(connection, source, ids)


def is_about(text: str) -> sa.ColumnElement[bool]:
    number = NUMBER.fullmatch(text)
    return sa.or_(
        dispute.c.id == (int(number[1]) if number else -1),
        dispute.c.lead_id == text,
        sa.func.lower(dispute.c.lead_id) == text.lower(),  # of SQLite only in Latin letters
        sa.and_(*(dispute.c.said.contains(word, autoescape=True) for word in text.lower().split())),
    )


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


def _scoped(source: str, *columns: sa.ColumnElement[Any], wanted: Filter) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(dispute)
        .outerjoin(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(event, (event.c.source == source) & (event.c.id == dispute.c.subject_id))
        .where(dispute.c.source == source, *wanted.conditions())
    )
