"""What editions said of rejections: added, never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.model import EventKind, Finding, Outcome, Rejudged, Verdict
from planerka.store.bulk import insert_into, staged
from planerka.store.review import is_superseded
from planerka.store.tables import event, verdict
from planerka.store.touched import hold, touch


def add(connection: sa.Connection, source: str, verdicts: Iterable[Verdict], judged_at: datetime) -> list[str]:
    """Keep verdicts and touch the days of their rejections; returns the ids of those whose verdict was new.

    A rejection that already has a verdict of that number keeps it: judging again changes nothing.
    """
    same = {"source": source, "judged_at": judged_at}
    rows = [{**vars(judged), **same, **as_json(judged)} for judged in verdicts]
    if not rows:
        return []
    hold(connection, source)
    insert = insert_into(connection, verdict).on_conflict_do_nothing().returning(verdict.c.rejection_id)
    added = list(connection.scalars(insert, rows))
    with staged(connection, [verdict.c.rejection_id], pd.DataFrame({"rejection_id": added}, dtype="str")) as new:
        is_rejected = (event.c.source == source) & event.c.id.in_(sa.select(new.c.rejection_id))
        touch(connection, source, [sa.select(event.c.happened_on).where(is_rejected)])
    return added


def as_json(judged: Verdict) -> dict[str, Any]:
    """The columns that hold more than one value."""
    return {
        "findings": list(map(vars, judged.findings)),
        "rejudged": vars(judged.rejudged) if judged.rejudged else None,
    }


def newest(connection: sa.Connection, source: str, rejection_ids: pd.Series) -> dict[str, Verdict]:
    """The newest verdict on each of these rejections that has one."""
    names = [field.name for field in fields(Verdict)]
    with staged(connection, [verdict.c.rejection_id], rejection_ids.to_frame("rejection_id")) as asked:
        is_asked = verdict.c.rejection_id.in_(sa.select(asked.c.rejection_id))
        query = sa.select(*(verdict.c[name] for name in names)).where(verdict.c.source == source, is_asked)
        rows = connection.execute(query.where(~is_superseded())).all()
    return {row.rejection_id: verdict_of(row._mapping) for row in rows}


def verdict_of(row: Mapping[Any, Any]) -> Verdict:
    """The noun from its columns as JSON has them."""
    return Verdict(
        **{
            **row,
            "outcome": Outcome(row["outcome"]),
            "findings": tuple(Finding(**found) for found in row["findings"]),
            "lacks": tuple(row["lacks"]),
            "rejudged": Rejudged(**row["rejudged"]) if row.get("rejudged") else None,
        }
    )


def judged_by_others(connection: sa.Connection, edition: str, from_on: date, before_on: date | None) -> int:
    """How many rejections of the local days from `from_on`, and before `before_on`, have their verdict of others."""
    is_of_days = (event.c.kind == EventKind.REJECTED) & (event.c.happened_on >= from_on)
    if before_on:
        is_of_days &= event.c.happened_on < before_on
    of_it = (event.c.source == verdict.c.source) & (event.c.id == verdict.c.rejection_id)
    query = sa.select(sa.func.count()).select_from(verdict).join(event, of_it)
    return connection.scalar(query.where(is_of_days, verdict.c.edition != edition, ~is_superseded())) or 0
