"""What editions said of rejections: added, never changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.model import Outcome, Verdict
from planerka.store.bulk import insert_into
from planerka.store.tables import event, verdict
from planerka.store.touched import touch


def add(connection: sa.Connection, source: str, verdicts: Iterable[Verdict], judged_at: datetime) -> int:
    """Keep verdicts and touch the days of their rejections; returns how many were new.

    A rejection that already has a verdict of that number keeps it: judging again changes nothing.
    """
    same = {"source": source, "judged_at": judged_at}
    rows = [{**vars(judged), **same, "findings": list(map(vars, judged.findings))} for judged in verdicts]
    if not rows:
        return 0
    before_n = _count(connection, source)
    connection.execute(insert_into(connection, verdict).on_conflict_do_nothing(), rows)
    is_new = (verdict.c.source == source) & (verdict.c.judged_at == judged_at)
    is_its = (event.c.source == source) & (event.c.id == verdict.c.rejection_id)
    touch(connection, source, [sa.select(event.c.happened_on).join(verdict, is_its).where(is_new)])
    return _count(connection, source) - before_n


def latest(source: str) -> sa.Subquery:
    """The last verdict of each rejection, to be joined in the repositories."""
    last = sa.select(verdict.c.rejection_id, sa.func.max(verdict.c.number).label("number"))
    last_number = last.where(verdict.c.source == source).group_by(verdict.c.rejection_id).subquery()
    is_last = (verdict.c.rejection_id == last_number.c.rejection_id) & (verdict.c.number == last_number.c.number)
    return sa.select(verdict).join(last_number, is_last).where(verdict.c.source == source).subquery()


def counts(connection: sa.Connection, source: str) -> dict[Outcome, int]:
    """Rejections by the outcome of their last verdict; outcomes without any are left out."""
    last = latest(source)
    query = sa.select(last.c.outcome, sa.func.count()).group_by(last.c.outcome)
    return {Outcome(outcome): n for outcome, n in connection.execute(query)}


def _count(connection: sa.Connection, source: str) -> Any:
    return connection.scalar(sa.select(sa.func.count()).select_from(verdict).where(verdict.c.source == source))
