"""What was done, looked at and refused on the desk: rows are added, and never changed."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from planerka.people import Role
from planerka.store.tables import audit


class Action(StrEnum):
    LINK_ASKED = "link_asked"
    LINK_MADE = "link_made"
    LINK_NOT_SENT = "link_not_sent"
    LINK_REFUSED = "link_refused"
    ENTERED = "entered"
    LEFT = "left"
    ROLE_REFUSED = "role_refused"
    VIEWED = "viewed"
    VIEWED_READING = "viewed_reading"
    READ = "read"
    OPEN = "open"
    ASSIGN = "assign"
    REQUEST_EVIDENCE = "request_evidence"
    ANSWER = "answer"
    UPHOLD = "uphold"
    RETURN_TO_WORK = "return_to_work"
    UNDO = "undo"
    APPEAL = "appeal"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`person` is an e-mail, None for who is not known, and `roles` what the person was then; `subject` names what it
    is about; `from_address` is the browser's machine, None for the shell; `detail` more words, if any. Never a token.
    """

    at: datetime
    action: Action
    person: str | None = None
    roles: tuple[Role, ...] = ()
    subject: str | None = None
    from_address: str | None = None
    detail: str | None = None


def put(connection: sa.Connection, entry: Entry) -> None:
    connection.execute(audit.insert().values({**asdict(entry), "roles": ",".join(entry.roles) or None}))


def count_since(
    connection: sa.Connection,
    action: Action,
    since: datetime,
    *,
    subject: str | None = None,
    from_address: str | None = None,
) -> int:
    """How often something has happened since then, about that subject or from that address."""
    asked = {"subject": subject, "from_address": from_address}
    concerned = [audit.c[name] == value for name, value in asked.items() if value is not None]
    query = sa.select(sa.func.count()).where(audit.c.at >= since, audit.c.action == action, *concerned)
    return connection.execute(query).scalar_one()


def listing(connection: sa.Connection, page: int, per_page: int) -> list[Entry]:
    """The entries of a page, from 1, and the first of the next one; the newest first."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(per_page + 1).offset((page - 1) * per_page)
    rows = connection.execute(query)
    return [_entry(row) for row in rows]


def _entry(row: sa.Row) -> Entry:
    columns = {name: getattr(row, name) for name in Entry.__dataclass_fields__}
    roles = tuple(map(Role, row.roles.split(","))) if row.roles else ()
    return Entry(**{**columns, "action": Action(row.action), "roles": roles})
