"""The ledger of deliveries: one row a person, version of a pack and channel, so that nobody gets a mail twice.

| state | means | sent by the next run |
|---|---|---|
| `queued` | not tried yet | yes |
| `sent` | handed over, and the server took it | no |
| `delayed` | refused for now, or there was no connection: certainly not sent | yes |
| `refused` | refused for good, at once or by a bounce | only when a person asks for it |
| `doubtful` | handed over, and nobody heard the answer | when a person asks, or the mailbox shows it to be safe |
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from planerka.errors import BusyError
from planerka.store.bulk import insert_into
from planerka.store.tables import delivery

ANSWER_LENGTH = 300


class Channel(StrEnum):
    """A mail in the folder does not count as sent, nor does one that a test address got instead of the person.

    `notice`: that there is no pack to send, to its owner. `reminder`: of the disputes that wait, to the analysts;
    `over_limit`: of too many of them; `deadline`: of those that are due soon. `expired`: what nobody ruled on in time,
    to the directors; `appeals`: what they have to decide. `link`: into the desk, to whoever asked for it. None of them
    is of a pack: their version is 0, and the week of those about disputes is a day or a minute.
    """

    OUTBOX = "outbox"
    SMTP = "smtp"
    TEST = "test"
    NOTICE = "notice"
    REMINDER = "reminder"
    OVER_LIMIT = "over_limit"
    DEADLINE = "deadline"
    EXPIRED = "expired"
    APPEALS = "appeals"
    LINK = "link"


class State(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DELAYED = "delayed"
    REFUSED = "refused"
    DOUBTFUL = "doubtful"


DUE = (State.QUEUED, State.DELAYED)


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """Which version of which pack goes out, and how."""

    source: str
    week: str
    version: int
    channel: Channel


@dataclass(frozen=True, kw_only=True)
class Delivery(Mailing):
    """`attempt` grows only when a person has it sent again. `answer`: the server's words, None before any; `copied_to`:
    the sender's own address, if the mail was handed over for it too; `occasion`: what a notice or a reminder is about,
    None for a pack; `at`: since when the state is so."""

    recipient: str
    message_id: str
    attempt: int
    state: State
    answer: str | None
    copied_to: str | None = None
    occasion: str | None = None
    at: datetime


def plan(
    connection: sa.Connection,
    mailing: Mailing,
    message_ids: Mapping[str, str],
    at: datetime,
    occasion: str | None = None,
) -> None:
    """Queue a delivery to each recipient (a message id each) that has none yet."""
    same = {**asdict(mailing), "attempt": 1, "state": State.QUEUED, "occasion": occasion, "at": at}
    rows = [{**same, "recipient": recipient, "message_id": mid} for recipient, mid in message_ids.items()]
    connection.execute(insert_into(connection, delivery).on_conflict_do_nothing(), rows)


def of_mailing(connection: sa.Connection, mailing: Mailing) -> list[Delivery]:
    """Every delivery of a version by a channel, by recipient."""
    query = sa.select(delivery).where(*_is(mailing)).order_by(delivery.c.recipient)
    return [_delivery(row) for row in connection.execute(query)]


def of_week(connection: sa.Connection, source: str, week: str) -> list[Delivery]:
    """Every delivery of a week's pack, by version, channel and recipient."""
    query = sa.select(delivery).where(delivery.c.source == source, delivery.c.week == week)
    rows = connection.execute(query.order_by(delivery.c.version, delivery.c.channel, delivery.c.recipient))
    return [_delivery(row) for row in rows]


def told_since(connection: sa.Connection, source: str, channel: Channel, to: str, at: datetime) -> list[Delivery]:
    """What a person was sent by a channel, or should have been, of which the state is so since then; oldest first."""
    is_its = (delivery.c.source == source) & (delivery.c.channel == channel) & (delivery.c.recipient == to)
    query = sa.select(delivery).where(is_its, delivery.c.at >= at).order_by(delivery.c.at, delivery.c.week)
    return [_delivery(row) for row in connection.execute(query)]


def claim(connection: sa.Connection, one: Delivery, answer: str, copied_to: str | None, at: datetime) -> None:
    """Mark a due delivery doubtful, just before its mail can be taken.

    BusyError where it is not due any more: somebody else has handed it over since it was read.
    """
    still_due = (*_is_delivery(one), delivery.c.state.in_(DUE))
    values = {"state": State.DOUBTFUL, "answer": answer, "copied_to": copied_to, "at": at}
    if connection.execute(delivery.update().where(*still_due).values(values)).rowcount != 1:
        raise BusyError(f"another run is sending the pack of {one.week} too: wait for it, then repeat")


def settle(connection: sa.Connection, one: Delivery, state: State, answer: str, at: datetime) -> None:
    """Record what became of a delivery."""
    values = {"state": state, "answer": _in_one_line(answer), "at": at}
    connection.execute(delivery.update().where(*_is_delivery(one)).values(values))


def queue_again(
    connection: sa.Connection, one: Delivery, message_id: str, at: datetime, occasion: str | None = None
) -> None:
    """Make a delivery due as the next attempt, under that message id: a person asked for it, or it is another note."""
    values = {"state": State.QUEUED, "attempt": one.attempt + 1, "message_id": message_id, "at": at}
    connection.execute(delivery.update().where(*_is_delivery(one)).values({**values, "occasion": occasion}))


@contextmanager
def lasting(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that a power cut cannot take back. SQLite's others may be lost then, and a mail sent would be sent
    again."""
    with engine.connect() as connection:
        _synchronous(connection, "FULL")
        with connection.begin():
            yield connection
        _synchronous(connection, "NORMAL")


def _synchronous(connection: sa.Connection, mode: str) -> None:
    """Set past SQLAlchemy: inside the transaction that it would begin, SQLite ignores the change."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute(f"PRAGMA synchronous = {mode}")


def _in_one_line(words: str) -> str:
    """Somebody else's words: printable, on one line, and not too many."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())[:ANSWER_LENGTH]


def _is(mailing: Mailing) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(delivery.c[name] == getattr(mailing, name) for name in ("source", "week", "version", "channel"))


def _is_delivery(one: Delivery) -> tuple[sa.ColumnElement[bool], ...]:
    """The attempt is part of it: what an old one comes to is no news of the new one."""
    return *_is(one), delivery.c.recipient == one.recipient, delivery.c.attempt == one.attempt


def _delivery(row: sa.Row) -> Delivery:
    return Delivery(**{**row._mapping, "channel": Channel(row.channel), "state": State(row.state)})
