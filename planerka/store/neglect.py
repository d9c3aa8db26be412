"""Neglected leads, each silence once, and how far they have been looked for."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from planerka.clock import start_of
from planerka.store.bulk import changes, keys_of, same_key, upsert
from planerka.store.frames import local_day, read_frame
from planerka.store.tables import event, neglect, verdict
from planerka.store.tables import source as sources
from planerka.store.touched import touch


def store(connection: sa.Connection, source: str, silences: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Keep silences (columns lead_id, manager_id, last_touch_at, neglected_at) and touch the days they fall on.

    Returns the keys of those that were new or have changed.
    """
    dated = silences.assign(neglected_on=local_day(silences["neglected_at"], zone))
    with changes(connection, neglect, source, dated) as rows:
        changed = keys_of(connection, neglect, rows)
        before = sa.select(neglect.c.neglected_on).join(rows, same_key(neglect, rows, source))
        touch(connection, source, [before, sa.select(rows.c.neglected_on)])
        upsert(connection, neglect, source, rows)
    return changed


def looked_until(connection: sa.Connection, source: str) -> datetime | None:
    """The instant up to which every neglect of the source is stored; None before the first look."""
    return connection.scalar(sa.select(sources.c.neglect_until).where(sources.c.source == source))


def put_looked_until(connection: sa.Connection, source: str, until: datetime) -> None:
    """In the transaction that stores what was found: a look that is killed has not been."""
    connection.execute(sources.update().where(sources.c.source == source).values(neglect_until=until))


def leads_closed_since(
    connection: sa.Connection, source: str, kinds: Iterable[str], day: date, zone: ZoneInfo
) -> pd.Series:
    """Ids of the leads that an event of these kinds closed on the local day `day` or later, or a rejection of which,
    however old, was judged since: one that came late, or out of quarantine, is known by its verdict."""
    is_its = (event.c.source == source) & (event.c.id == verdict.c.rejection_id)
    is_late = (verdict.c.source == source) & (verdict.c.judged_at >= start_of(day, zone))
    is_closing = event.c.kind.in_([str(kind) for kind in kinds])
    closed = sa.select(event.c.lead_id).where(event.c.source == source, is_closing, event.c.happened_on >= day)
    late = sa.select(event.c.lead_id).join(verdict, is_its).where(is_late)
    return read_frame(connection, sa.select(sa.union(closed, late).subquery().c.lead_id))["lead_id"]
