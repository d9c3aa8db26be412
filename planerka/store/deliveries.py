"""Who was sent which version of which pack: one row a person and version, so nobody gets it twice.

States: `planned`, then `delivered` or `failed`; a failed one is due again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from planerka.store.bulk import insert_into
from planerka.store.tables import delivery


class State(StrEnum):
    PLANNED = "planned"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """`answer` is what the mail server or the outbox said; None while planned."""

    source: str
    week: str
    version: int
    recipient: str
    message_id: str
    state: State
    answer: str | None
    at: datetime


def plan(
    connection: sa.Connection, source: str, week: str, version: int, message_ids: Mapping[str, str], at: datetime
) -> int:
    """Plan a delivery to each recipient (a message id each) that has none yet; returns how many were planned."""
    known = {done.recipient for done in listing(connection, source, week, version)}
    same = {"source": source, "week": week, "version": version, "state": State.PLANNED, "at": at}
    rows = [{**same, "recipient": to, "message_id": mid} for to, mid in message_ids.items() if to not in known]
    if rows:
        connection.execute(insert_into(connection, delivery).on_conflict_do_nothing(), rows)
    return len(rows)


def listing(connection: sa.Connection, source: str, week: str, version: int) -> list[Delivery]:
    """Every delivery of a version, by recipient."""
    query = sa.select(delivery).where(*_of(source, week, version)).order_by(delivery.c.recipient)
    return [Delivery(**{**row._mapping, "state": State(row.state)}) for row in connection.execute(query)]


def due(connection: sa.Connection, source: str, week: str, version: int) -> list[Delivery]:
    """Those still to be made: planned, or failed before."""
    return [one for one in listing(connection, source, week, version) if one.state != State.DELIVERED]


def settle(connection: sa.Connection, done: Delivery, state: State, answer: str | None, at: datetime) -> None:
    """Record what became of a delivery."""
    is_it = (*_of(done.source, done.week, done.version), delivery.c.recipient == done.recipient)
    connection.execute(delivery.update().where(*is_it).values(state=state, answer=answer, at=at))


def _of(source: str, week: str, version: int) -> tuple[sa.ColumnElement[bool], ...]:
    return delivery.c.source == source, delivery.c.week == week, delivery.c.version == version
