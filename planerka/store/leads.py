"""What a source supplies, stored: leads, their events, cards, contracts, and the rest of `model.PULLED`."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from planerka.errors import CrmError
from planerka.model import Contract, Event, EventKind, Lead, LeadStatus, Stock
from planerka.store import measures
from planerka.store.bulk import changes, load, staged, upsert
from planerka.store.frames import local_day, read_frame
from planerka.store.tables import TABLE_OF, event, lead
from planerka.store.touched import OF_A_DAY, days_after, days_before, days_of_leads, touch
from planerka.store.withheld import withheld

DAYS: dict[type, dict[str, str]] = {
    Lead: {"created_on": "created_at"},
    Event: {"happened_on": "at"},
    Contract: {"signed_on": "signed_at", "terminated_on": "terminated_at"},
}
"""The local days kept with a noun, and the instants they are the days of."""


def store_batch(connection: sa.Connection, source: str, noun: type, frame: pd.DataFrame, zone: ZoneInfo) -> int:
    """Insert or update the rows of a noun, and remember the days that this touches.

    `frame` as `crm.base.Batch.rows`; returns how many rows were new or really changed. What was erased stays so.
    """
    frame = withheld(connection, source, noun, frame)
    with changes(connection, TABLE_OF[noun], source, with_days(noun, frame, zone)) as rows:
        changed_n = connection.scalar(sa.select(sa.func.count()).select_from(rows)) or 0
        if changed_n:
            touch(connection, source, days_before(source, noun, rows))
            upsert(connection, TABLE_OF[noun], source, rows)
            touch(connection, source, days_after(source, noun, rows))
    return changed_n


def load_batch(connection: sa.Connection, source: str, noun: type, frame: pd.DataFrame, zone: ZoneInfo) -> int:
    """`store_batch` for a source of which nothing is stored but by this transaction: what is touched are the days of
    the rows themselves, for nothing that they replace was ever measured.
    """
    dated = with_days(noun, withheld(connection, source, noun, frame), zone)
    changed_n = load(connection, TABLE_OF[noun], source, dated)
    for name in [*DAYS.get(noun, {}), *OF_A_DAY.get(noun, ())]:
        measures.touch(connection, source, dated[name].dropna().dt.date.unique())
    return changed_n


def with_days(noun: type, frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """The frame with the local days of its instants; a lead that is seen again has not vanished."""
    days = {day: local_day(frame[instant], zone) for day, instant in DAYS.get(noun, {}).items()}
    if noun is Lead:
        days["vanished_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    return frame.assign(**days)


def open_ids(connection: sa.Connection, source: str) -> pd.Series:
    """Leads that are open now and still in the source: those that can be neglected."""
    is_open = (lead.c.source == source) & (lead.c.status == LeadStatus.OPEN) & lead.c.vanished_at.is_(None)
    return read_frame(connection, sa.select(lead.c.id).where(is_open))["id"]


def leads_of(connection: sa.Connection, source: str, lead_ids: pd.Series) -> pd.DataFrame:
    """The leads with these ids and the columns of `model.Lead`; ids unknown to the store are left out."""
    return _rows_of(connection, source, lead.c.id, columns_of(Lead), lead_ids)


def events_of(
    connection: sa.Connection,
    source: str,
    lead_ids: pd.Series,
    names: Sequence[str],
    kinds: Sequence[EventKind] | None = None,
) -> pd.DataFrame:
    """The events of the leads with these ids, in no order, of these kinds or (None) of every kind.

    `names` are the fields of `model.Event` to read.
    """
    is_kind = [] if kinds is None else [event.c.kind.in_([str(kind) for kind in kinds])]
    return _rows_of(connection, source, event.c.lead_id, [event.c[name] for name in names], lead_ids, *is_kind)


def stock_of(connection: sa.Connection, source: str) -> pd.DataFrame:
    """Every row of stock, with the columns of `model.Stock`."""
    return read_frame(connection, sa.select(*columns_of(Stock)).where(TABLE_OF[Stock].c.source == source))


def sweep(connection: sa.Connection, source: str, seen_ids: Iterable[str], now: datetime) -> int:
    """Mark the leads that the source no longer has as vanished; returns how many are newly so.

    A source that lists no lead at all has lost its access rights, not its leads: CrmError.
    """
    seen = pd.DataFrame({"id": pd.Series(list(seen_ids), dtype="str")})
    if seen.empty:
        raise CrmError(f"{source} lists no lead at all, so none was marked vanished: check the rights of its key")
    with staged(connection, [lead.c.id], seen) as rows:
        is_gone = (lead.c.source == source) & lead.c.vanished_at.is_(None) & lead.c.id.not_in(sa.select(rows.c.id))
        touch(connection, source, days_of_leads(source, sa.select(lead.c.id).where(is_gone)))
        return connection.execute(lead.update().where(is_gone).values(vanished_at=now)).rowcount


def columns_of(noun: type) -> list[sa.Column[Any]]:
    """The columns that a source supplies, in the order of the model."""
    return [TABLE_OF[noun].c[field.name] for field in fields(noun)]


def _rows_of(
    connection: sa.Connection,
    source: str,
    lead_id: sa.Column[Any],
    columns: Sequence[sa.Column[Any]],
    lead_ids: pd.Series,
    *conditions: sa.ColumnElement[bool],
) -> pd.DataFrame:
    asked = pd.DataFrame({lead_id.name: lead_ids.dropna().drop_duplicates()})
    with staged(connection, [lead_id], asked) as rows:
        # IN, not a join: SQLite knows nothing of the size of a temporary table and would scan it once an event.
        is_asked = lead_id.in_(sa.select(rows.c[lead_id.name]))
        query = sa.select(*columns).where(lead_id.table.c.source == source, is_asked, *conditions)
        return read_frame(connection, query)
