"""What editions said of rejections: added, never changed."""

from collections.abc import Iterable
from datetime import date, datetime

import pandas as pd
import sqlalchemy as sa

from planerka.model import Verdict
from planerka.store.bulk import insert_into, staged
from planerka.store.tables import event, verdict
from planerka.store.touched import hold, touch


def add(connection: sa.Connection, source: str, verdicts: Iterable[Verdict], judged_at: datetime) -> int:
    """Keep verdicts and touch the days of their rejections; returns how many were new.

    A rejection that already has a verdict of that number keeps it: judging again changes nothing.
    """
    same = {"source": source, "judged_at": judged_at}
    rows = [{**vars(judged), **same, "findings": list(map(vars, judged.findings))} for judged in verdicts]
    if not rows:
        return 0
    hold(connection, source)
    insert = insert_into(connection, verdict).on_conflict_do_nothing().returning(verdict.c.rejection_id)
    added = pd.DataFrame({"rejection_id": connection.scalars(insert, rows).all()}, dtype="str")
    with staged(connection, [verdict.c.rejection_id], added) as new:
        is_rejected = (event.c.source == source) & event.c.id.in_(sa.select(new.c.rejection_id))
        touch(connection, source, [sa.select(event.c.happened_on).where(is_rejected)])
    return len(added)


def judged_by_others(connection: sa.Connection, edition: str, from_on: date, before_on: date | None) -> int:
    """How many rejections of the local days from `from_on`, and before `before_on`, other editions have judged."""
    is_of_days = event.c.happened_on >= from_on
    if before_on:
        is_of_days &= event.c.happened_on < before_on
    of_it = (event.c.source == verdict.c.source) & (event.c.id == verdict.c.rejection_id)
    judged = sa.select(verdict.c.source, verdict.c.rejection_id).join(event, of_it)
    found = judged.where(is_of_days, verdict.c.edition != edition).distinct().subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(found)) or 0
