"""Rejections to be judged: the rejected event, the card as it stood then, and the reason's code."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.model import EventKind, ReferenceKind, Rejection
from planerka.store.frames import read_frame
from planerka.store.tables import event, lead, reference, rejection, verdict


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which judged rejections: of local days, both included, for a reason's code, by id. None asks for no less."""

    since: date | None = None
    until: date | None = None
    reason: str | None = None
    rejection_id: str | None = None


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
    if asked.reason:
        query = query.where(reference.c.code == asked.reason)
    if asked.rejection_id:
        query = query.where(event.c.id == asked.rejection_id)
    return read_frame(connection, query)


def rejections_of(source: str) -> sa.Select[Any]:
    """Rejections, oldest first.

    Columns: the fields of `model.Rejection` (unknown where the source supplied no card), then of the event
    `at`, `recorded_at`, `manager_id` (the owner then), `actor_id`, `actor_kind`, `reason_id`, and `reason_code`:
    None where no reason was given, or where the mapping does not know it.
    """
    card = [rejection.c[field.name] for field in fields(Rejection) if field.name not in ("id", "lead_id")]
    facts = [event.c[name] for name in ("at", "recorded_at", "manager_id", "actor_id", "actor_kind", "reason_id")]
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
