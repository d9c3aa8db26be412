"""Links into the desk and sessions there: 256 random bits each, of which this table keeps only the SHA-256.

A copy of the database lets nobody in, and no secret has to be kept for signing. The text of the task that asks a
manager for evidence is kept with its command, with the link in it: that link answers one request, once, within its
days, and opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from planerka.store.tables import desk_token

KEPT_FOR = timedelta(days=7)
"""Of one that has expired: so long its owner hears that it is too old, and not that nobody knows it."""


class Purpose(StrEnum):
    """`enter` opens a session, `session` is one, `answer` lets a manager answer one request for evidence."""

    ENTER = "enter"
    SESSION = "session"
    ANSWER = "answer"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a token allows: `person` is an e-mail, None where it is nobody's; `dispute_id`, None for the whole desk.

    `used_at`: when it was taken or revoked, None before.
    """

    purpose: Purpose
    person: str | None
    dispute_id: int | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at


def make(
    connection: sa.Connection,
    purpose: Purpose,
    now: datetime,
    lifetime: timedelta,
    *,
    person: str | None = None,
    dispute_id: int | None = None,
) -> str:
    """A new token: its text is told once, here, and not kept. Those long expired are forgotten."""
    token = secrets.token_urlsafe(32)
    times = {"created_at": now, "expires_at": now + lifetime}
    values = {"sha256": digest(token), "purpose": purpose, "person": person, "dispute_id": dispute_id, **times}
    connection.execute(desk_token.insert().values(values))
    connection.execute(desk_token.delete().where(desk_token.c.expires_at < now - KEPT_FOR))
    return token


def find(connection: sa.Connection, purpose: Purpose, token: str) -> Grant | None:
    """What a token was made for, also a used or expired one; None where nobody made it, or for another purpose."""
    row = connection.execute(sa.select(desk_token).where(*_is(purpose, token))).one_or_none()
    return _grant(row) if row else None


def take(connection: sa.Connection, purpose: Purpose, token: str, now: datetime) -> Grant | None:
    """Use a token up; None where it is not good, or not any more: of two who take it at once one gets it."""
    good = (*_is(purpose, token), desk_token.c.used_at.is_(None), desk_token.c.expires_at > now)
    taking = desk_token.update().where(*good).values(used_at=now).returning(desk_token)
    row = connection.execute(taking).one_or_none()
    return _grant(row) if row else None


def digest(token: str) -> str:
    """A plain hash does: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is(purpose: Purpose, token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return desk_token.c.sha256 == digest(token), desk_token.c.purpose == purpose


def _grant(row: sa.Row) -> Grant:
    columns = {name: getattr(row, name) for name in Grant.__dataclass_fields__}
    return Grant(**{**columns, "purpose": Purpose(row.purpose)})
