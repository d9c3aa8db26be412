"""What has been pulled: a window is recorded in the transaction that stores its rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

import sqlalchemy as sa

from planerka.model import Check, EventKind
from planerka.store.bulk import insert_into
from planerka.store.tables import event, pull_window
from planerka.store.tables import source as sources

CONNECTED = (
    (EventKind.CALL_OUT, EventKind.CALL_IN),
    (EventKind.MESSAGE_OUT, EventKind.MESSAGE_IN),
)
"""What telephony and messengers record beside the CRM. Of the days before one was connected it knows nothing."""


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
    by its later changes, but not what was done about it. `first_on`: by a name of `Crm.lacks`, the local day of the
    first event of a system beside the CRM; a system without one, which the source says it has, it has of every day.
    """

    source: str
    lacks: frozenset[str]
    data_until: datetime
    data_from: datetime | None = None
    first_on: Mapping[str, date] = field(default_factory=dict)

    def lacks_on(self, day: date) -> frozenset[str]:
        """What it cannot tell of a local day: none made and none recorded are two things."""
        return self.lacks | {name for name, first_on in self.first_on.items() if day < first_on}


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
    return Source(
        source=row.source,
        lacks=frozenset(row.lacks),
        data_until=row.data_until,
        data_from=row.data_from,
        first_on=first_days(connection, source),
    )


def first_days(connection: sa.Connection, source: str) -> dict[str, date]:
    """`Source.first_on`."""
    days: dict[str, date] = {}
    for kinds in CONNECTED:
        firsts = [connection.scalar(first_day(source, kind)) for kind in kinds]
        known = [day for day in firsts if day]
        days |= {f"event.{kind}": min(known) for kind in kinds if known}
    return days


def first_day(source: str, kind: EventKind) -> sa.Select[tuple[date | None]]:
    """Read from the end of an index: for several kinds at once all their events would be."""
    return sa.select(sa.func.min(event.c.happened_on)).where(event.c.source == source, event.c.kind == kind)


def all_sources(connection: sa.Connection) -> list[str]:
    """Every source that has ever been pulled."""
    return list(connection.scalars(sa.select(sources.c.source).order_by(sources.c.source)))
