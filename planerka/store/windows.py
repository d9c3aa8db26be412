"""What has been pulled: a window is recorded in the transaction that stores its rows."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.model import Check
from planerka.store.bulk import insert_into
from planerka.store.tables import pull_window
from planerka.store.tables import source as sources


@dataclass(frozen=True, kw_only=True)
class PulledWindow:
    """A window that is in the store, with what came of it; `since`, `until` and `token` as in `crm.base.Window`."""

    source: str
    since: datetime | None
    until: datetime
    token: str | None
    rows_n: int
    changed_n: int
    quarantined_n: int
    checks: tuple[Check, ...]
    pulled_at: datetime


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a source can never supply, and how far it is complete (`crm.base.Crm`).

    `data_from`: what changed before is not pulled yet; None where everything is. A lead that is older may be known
    by its later changes, but not what was done about it.
    """

    source: str
    lacks: frozenset[str]
    data_until: datetime
    data_from: datetime | None = None


def record(connection: sa.Connection, window: PulledWindow) -> None:
    connection.execute(pull_window.insert().values(asdict(window)))


def has_token(connection: sa.Connection, source: str, token: str) -> bool:
    """Whether the same content (the digest of an export) was pulled last: one put back after another is news."""
    query = sa.select(pull_window.c.token).where(pull_window.c.source == source)
    return connection.scalar(query.order_by(pull_window.c.id.desc()).limit(1)) == token


def put_source(connection: sa.Connection, source: Source) -> None:
    """What is known of a source now.

    Where its history has become longer, neglect is looked for anew in all of it: leads whose past was not known were
    passed over.
    """
    values = {"lacks": sorted(source.lacks), "data_from": source.data_from, "data_until": source.data_until}
    insert = insert_into(connection, sources).values(source=source.source, **values)
    is_longer = sources.c.data_from.is_distinct_from(insert.excluded.data_from)
    looked = {"neglect_until": sa.case((is_longer, None), else_=sources.c.neglect_until)}
    connection.execute(insert.on_conflict_do_update(index_elements=["source"], set_={**values, **looked}))


def get_source(connection: sa.Connection, source: str) -> Source | None:
    """None for a source that has never been pulled."""
    row = connection.execute(sa.select(sources).where(sources.c.source == source)).one_or_none()
    if row is None:
        return None
    return Source(source=row.source, lacks=frozenset(row.lacks), data_until=row.data_until, data_from=row.data_from)


def all_sources(connection: sa.Connection) -> list[str]:
    """Every source that has ever been pulled."""
    return list(connection.scalars(sa.select(sources.c.source).order_by(sources.c.source)))
