"""Rejections to be judged: the rejected event, the card as it stood then, and the reason's code."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.clock import refuse_a_wrong_stretch
from planerka.model import ActorKind, EventKind, ReferenceKind, Rejection
from planerka.store.frames import read_frame
from planerka.store.review import newest_verdict_of
from planerka.store.tables import event, lead, reference, rejection, verdict


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which judged rejections: of local days, both included, for a reason's code, by id. None asks for no less.

    UsageError for a last day before the first, and for a day near which no calendar can be counted.
    """

    since: date | None = None
    until: date | None = None
    reason: str | None = None
    rejection_id: str | None = None

    def __post_init__(self) -> None:
        refuse_a_wrong_stretch(self.since, self.until, "since", "until")


def unjudged_rejections(
    connection: sa.Connection, source: str, until: datetime, from_on: date = date.min, data_from: datetime | None = None
) -> pd.DataFrame:
    """Every rejection of the local day `from_on` or later, and before `until`, that has no verdict yet.

    While the source is complete from `data_from` only, those wait of whose leads, or originals, something is missing.
    """
    query = rejections_of(source).where(event.c.happened_on >= from_on, event.c.at < until, ~is_judged(source))
    if data_from:
        is_named = rejection.c.duplicate_of_id.is_not(None)
        query = query.where(is_whole(source, event.c.lead_id, data_from))
        query = query.where(~is_named | is_whole(source, rejection.c.duplicate_of_id, data_from))
    return read_frame(connection, query)


def judged_rejections(connection: sa.Connection, source: str, asked: Asked) -> pd.DataFrame:
    """The rejections that are asked for and have a verdict."""
    query = rejections_of(source).where(is_judged(source))
    if asked.since:
        query = query.where(event.c.happened_on >= asked.since)
    if asked.until:
        query = query.where(event.c.happened_on <= asked.until)
    if asked.reason is not None:
        query = query.where(reference.c.code == asked.reason)
    if asked.rejection_id is not None:
        query = query.where(event.c.id == asked.rejection_id)
    return read_frame(connection, query)


CONTACTS = (
    *(EventKind.CREATED, EventKind.CALL_OUT, EventKind.CALL_IN, EventKind.MESSAGE_OUT, EventKind.MESSAGE_IN),
    *(EventKind.MEETING_HELD, EventKind.BOOKED),
)
"""What ends a silence; what is written while a lead is being rejected does not."""


def rejections_between(connection: sa.Connection, source: str, since: date, until: date) -> pd.DataFrame:
    """Every rejection of these local days, both included, and its newest verdict.

    Columns: id, lead_id, at, happened_on, manager_id (the owner then), reason_id, reason_code, comment, edition,
    outcome and findings (JSON text; these three None without a verdict), last_contact_at (before the rejection).
    """
    own = [event.c[name] for name in ("id", "lead_id", "at", "happened_on", "manager_id", "reason_id")]
    said = [verdict.c.edition, verdict.c.outcome, sa.cast(verdict.c.findings, sa.Text).label("findings")]
    query = rejections_of(source).with_only_columns(
        *own, reference.c.code.label("reason_code"), rejection.c.comment, *said, last_contact_at(source)
    )
    judged = query.outerjoin(verdict, newest_verdict_of(event.c.id, source))
    return read_frame(connection, judged.where(event.c.happened_on.between(since, until)))


def last_contact_at(source: str) -> sa.ColumnElement[datetime]:
    """When a person last spoke or wrote to the client, or the client to us, before the rejection."""
    contact = event.alias()
    is_robots = (contact.c.kind == EventKind.MESSAGE_OUT) & (contact.c.actor_kind == ActorKind.ROBOT)
    before = sa.select(sa.func.max(contact.c.at)).where(
        contact.c.source == source, contact.c.lead_id == event.c.lead_id, contact.c.at < event.c.at
    )
    is_contact = contact.c.kind.in_([str(kind) for kind in CONTACTS])
    return before.where(is_contact, ~is_robots).scalar_subquery().label("last_contact_at")


def rejections_of(source: str) -> sa.Select[Any]:
    """Rejections, oldest first.

    Columns: the fields of `model.Rejection` (unknown where the source supplied no card), then of the event
    `at`, `happened_on`, `recorded_at`, `manager_id` (the owner then), `actor_id`, `actor_kind`, `reason_id`, and
    `reason_code`: None where no reason was given, or where the mapping does not know it.
    """
    card = [rejection.c[field.name] for field in fields(Rejection) if field.name not in ("id", "lead_id")]
    names = ("at", "happened_on", "recorded_at", "manager_id", "actor_id", "actor_kind", "reason_id")
    facts = [event.c[name] for name in names]
    is_reason = (reference.c.source == source) & (reference.c.kind == ReferenceKind.REASON)
    return (
        sa.select(event.c.id, event.c.lead_id, *card, *facts, reference.c.code.label("reason_code"))
        .outerjoin(rejection, (rejection.c.source == source) & (rejection.c.id == event.c.id))
        .outerjoin(reference, is_reason & (reference.c.id == event.c.reason_id))
        .where(is_rejected(source))
        .order_by(event.c.at, event.c.id)
    )


def is_judged(source: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(verdict.c.source == source, verdict.c.rejection_id == event.c.id)


def is_whole(source: str, lead_id: sa.ColumnElement[str], data_from: datetime) -> sa.ColumnElement[bool]:
    """Whether everything that happened to a lead is in the store."""
    return sa.exists().where(lead.c.source == source, lead.c.id == lead_id, lead.c.created_at >= data_from)


def rejected_before(connection: sa.Connection, source: str, day: date) -> int:
    """How many rejections of earlier local days there are: counted from the index, without reading one."""
    query = sa.select(sa.func.count()).where(is_rejected(source), event.c.happened_on < day)
    return connection.scalar(query.select_from(event)) or 0


def is_rejected(source: str) -> sa.ColumnElement[bool]:
    return (event.c.source == source) & (event.c.kind == EventKind.REJECTED)
