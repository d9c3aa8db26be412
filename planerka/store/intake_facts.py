"""What the frame tests of a pull ask of the store."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.model import ReferenceKind
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
    leads_n = connection.scalar(sa.select(sa.func.count()).where(lead.c.source == source)) or 0
    return leads_n, {name: _unnamed(connection, source, name, kind) for name, kind in NAMED.items()}


def _unnamed(connection: sa.Connection, source: str, name: str, kind: ReferenceKind) -> int:
    known = sa.select(reference.c.id).where(reference.c.source == source, reference.c.kind == kind)
    is_unnamed = lead.c[name].is_not(None) & lead.c[name].not_in(known)
    return connection.scalar(sa.select(sa.func.count()).where(lead.c.source == source, is_unnamed)) or 0


def unsettled_windows(connection: sa.Connection, source: str, suite: str) -> list[PulledWindow]:
    """Windows pulled since the gate was last open, without those whose quarantined rows have all been decided.

    The newest window where there is none: a gate says something even when nothing new came.
    """
    is_open = (gate_report.c.source == source) & (gate_report.c.suite == suite) & gate_report.c.is_open
    last_open_at = sa.select(sa.func.max(gate_report.c.at)).where(is_open).scalar_subquery()
    is_waiting = sa.exists().where(
        quarantine.c.source == source,
        quarantine.c.quarantined_at == pull_window.c.pulled_at,
        quarantine.c.state == State.QUARANTINED,
    )
    query = sa.select(pull_window).where(pull_window.c.source == source)
    is_new = last_open_at.is_(None) | (pull_window.c.pulled_at > last_open_at)
    unsettled = query.where(is_new, (pull_window.c.quarantined_n == 0) | is_waiting).order_by(pull_window.c.id)
    newest = query.order_by(pull_window.c.id.desc()).limit(1)
    rows = connection.execute(unsettled).all() or connection.execute(newest).all()
    return [pulled_window(row) for row in rows]


def pulled_window(row: sa.Row[Any]) -> PulledWindow:
    values = {name: value for name, value in row._mapping.items() if name != "id"}
    return PulledWindow(**{**values, "checks": tuple(map(check_of, row.checks))})


def waiting_n(connection: sa.Connection, source: str) -> int:
    """Rows that wait in quarantine."""
    is_waiting = (quarantine.c.source == source) & (quarantine.c.state == State.QUARANTINED)
    return connection.scalar(sa.select(sa.func.count()).where(is_waiting)) or 0
