"""Packs, frozen by week and version."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.store.database import JSON
from planerka.store.tables import pack


def put(connection: sa.Connection, source: str, week: str, facts: dict[str, Any], at: datetime) -> tuple[int, bool]:
    """Freeze the facts of a week; returns the version that holds them and whether it is new.

    Facts equal to those of the last version are that version. ValueError for what JSON cannot hold, NaN for one.
    """
    facts = json.loads(JSON.encode(facts))
    last = latest(connection, source, week)
    if last and last[1] == facts:
        return last[0], False
    version = last[0] + 1 if last else 1
    row = {"source": source, "week": week, "version": version, "facts": facts, "assembled_at": at}
    connection.execute(pack.insert().values(row))
    return version, True


def latest(connection: sa.Connection, source: str, week: str) -> tuple[int, dict[str, Any]] | None:
    """The last version of a week's pack and its facts; None where there is none."""
    query = sa.select(pack.c.version, pack.c.facts).where(pack.c.source == source, pack.c.week == week)
    row = connection.execute(query.order_by(pack.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else (row.version, row.facts)


def newest_week(connection: sa.Connection, source: str) -> str | None:
    """The last week that has a pack; None where there is none."""
    return connection.scalar(sa.select(sa.func.max(pack.c.week)).where(pack.c.source == source))


def latest_before(connection: sa.Connection, source: str, week: str) -> dict[str, Any] | None:
    """The facts of the last pack of an earlier week; None for the first one."""
    query = sa.select(pack.c.facts).where(pack.c.source == source, pack.c.week < week)
    return connection.scalar(query.order_by(pack.c.week.desc(), pack.c.version.desc()).limit(1))
