"""What the frame tests of a pull ask of the store."""

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.model import ReferenceKind
from planerka.store.bulk import staged
from planerka.store.frames import read_frame
from planerka.store.gates import check_of
from planerka.store.quarantine import State
from planerka.store.tables import gate_report, lead, pull_window, quarantine, reference
from planerka.store.windows import PulledWindow

HISTORY = timedelta(weeks=12)
NAMED = {
    "project_id": ReferenceKind.PROJECT,
    "channel_id": ReferenceKind.CHANNEL,
    "manager_id": ReferenceKind.MANAGER,
}


def leads_by_day(connection: sa.Connection, source: str, last_on: date) -> pd.Series:
    """Leads created on each local day of the last twelve weeks: index `datetime64` days, days without one absent."""
    is_recent = lead.c.created_on.between(last_on - HISTORY, last_on)
    query = sa.select(lead.c.created_on, sa.cast(sa.func.count(), sa.BigInteger).label("leads_n"))
    query = query.where(lead.c.source == source, lead.c.vanished_at.is_(None), is_recent)
    return read_frame(connection, query.group_by(lead.c.created_on)).set_index("created_on")["leads_n"]


def created_between(connection: sa.Connection, source: str) -> tuple[date | None, date | None]:
    """The local days of the oldest and the newest lead; None without any."""
    query = sa.select(sa.func.min(lead.c.created_on), sa.func.max(lead.c.created_on)).where(lead.c.source == source)
    first_on, last_on = connection.execute(query).one()
    return first_on, last_on


def unnamed_n(connection: sa.Connection, source: str) -> tuple[int, dict[str, int]]:
    """How many leads there are, and how many have a project, channel or manager that no reference explains."""
    counts = [sa.func.count(sa.case((_is_unnamed(source, name, kind), 1))) for name, kind in NAMED.items()]
    query = sa.select(sa.func.count(), *counts).select_from(lead).where(lead.c.source == source)
    leads_n, *unnamed = connection.execute(query).one()
    return leads_n, dict(zip(NAMED, unnamed, strict=True))


def _is_unnamed(source: str, name: str, kind: ReferenceKind) -> sa.ColumnElement[bool]:
    known = sa.select(reference.c.id).where(reference.c.source == source, reference.c.kind == kind)
    return lead.c[name].is_not(None) & lead.c[name].not_in(known)


def created_at_of(connection: sa.Connection, source: str, lead_ids: pd.Series) -> pd.Series:
    """When the leads with these ids were created, vanished ones too: index id, values `datetime64[us, UTC]`.

    Ids that the store does not know are left out.
    """
    asked = pd.DataFrame({"id": lead_ids.dropna().drop_duplicates()})
    with staged(connection, [lead.c.id], asked) as rows:
        is_asked = (lead.c.source == source) & lead.c.id.in_(sa.select(rows.c.id))
        known = read_frame(connection, sa.select(lead.c.id, lead.c.created_at).where(is_asked))
    return known.set_index("id")["created_at"]


def last_open_at(connection: sa.Connection, source: str, suite: str) -> datetime | None:
    """When the gate was last open; None for one that never was."""
    is_open = (gate_report.c.source == source) & (gate_report.c.suite == suite) & gate_report.c.is_open
    return connection.scalar(sa.select(sa.func.max(gate_report.c.at)).where(is_open))


def windows_since(connection: sa.Connection, source: str, since: datetime | None) -> list[PulledWindow]:
    """Windows pulled after `since` (None: all), oldest first.

    The newest window where there is none: a gate says something even when nothing new came.
    """
    query = sa.select(pull_window).where(pull_window.c.source == source)
    new = query.where(pull_window.c.pulled_at > since) if since else query
    newest = query.order_by(pull_window.c.id.desc()).limit(1)
    rows = connection.execute(new.order_by(pull_window.c.id)).all() or connection.execute(newest).all()
    return [pulled_window(row) for row in rows]


def last_window(connection: sa.Connection, source: str) -> PulledWindow | None:
    """The window that reaches furthest, of those the one pulled last; None before the first."""
    query = sa.select(pull_window).where(pull_window.c.source == source)
    row = connection.execute(query.order_by(pull_window.c.until.desc(), pull_window.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else pulled_window(row)


def last_exports(connection: sa.Connection, source: str) -> list[PulledWindow]:
    """The newest export and the one before it, of those that are whole each time; fewer where there were fewer."""
    query = sa.select(pull_window).where(pull_window.c.source == source, pull_window.c.token.is_not(None))
    return [pulled_window(row) for row in connection.execute(query.order_by(pull_window.c.id.desc()).limit(2))]


def pulled_window(row: sa.Row[Any]) -> PulledWindow:
    values = {name: value for name, value in row._mapping.items() if name != "id"}
    return PulledWindow(**{**values, "checks": tuple(map(check_of, row.checks))})


def whys_waiting(connection: sa.Connection, source: str, since: datetime) -> list[list[str]]:
    """For each row that went to quarantine at `since` or later and still waits, the tests that hold it back."""
    is_waiting = (quarantine.c.source == source) & (quarantine.c.state == State.QUARANTINED)
    query = sa.select(quarantine.c.why).where(is_waiting, quarantine.c.quarantined_at >= since)
    return list(connection.scalars(query))
