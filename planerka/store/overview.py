"""What a store holds of a source, at a glance: counts by day and code, ranges, ids that do not meet."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from planerka.model import PULLED, LeadStatus, Reference, ReferenceKind, noun_name
from planerka.store.tables import TABLE_OF, Instant, contract, lead, plan, reference, spend


@dataclass(frozen=True, kw_only=True)
class Range:
    """The least and the greatest value of a field, in its unit (money in minor units), over `filled_n` of the rows.

    `total`: their sum, None where nobody adds them up. Planned figures have the name of their KPI for a field.
    """

    noun: str
    field: str
    rows_n: int
    filled_n: int
    low: date | datetime | float
    high: date | datetime | float
    total: float | None = None


@dataclass(frozen=True, kw_only=True)
class Became:
    """Leads of one stage or one reason, "" for those without, by what became of them. `code` None: not mapped."""

    id: str
    title: str
    code: str | None
    open_n: int
    rejected_n: int
    won_n: int


@dataclass(frozen=True, kw_only=True)
class Unmatched:
    """Spend (or the plan) and the leads by one id. `strays` are no lead's; `bare` are of leads, and have none of it.

    `ids_n`: how many ids the spend, or the plan, has; 0 where it is not split by them.
    """

    noun: str
    field: str
    ids_n: int
    strays: tuple[str, ...]
    bare: tuple[str, ...]


ADDED_UP = {"contract": ("price_minor", "area_m2"), "spend": ("amount_minor",)}
"""What can be held against a total that the company knows."""

MATCHED = ((spend, "channel_id"), (spend, "project_id"), (plan, "project_id"))


def leads_by_day(connection: sa.Connection, source: str) -> list[tuple[date | None, LeadStatus, int]]:
    """Leads by local day of the enquiry (None: not known) and by what became of them."""
    count = sa.func.count()
    query = sa.select(lead.c.created_on, lead.c.status, count).where(lead.c.source == source)
    rows = connection.execute(query.group_by(lead.c.created_on, lead.c.status).order_by(lead.c.created_on))
    return [(on, LeadStatus(status), n) for on, status, n in rows]


def became(connection: sa.Connection, source: str, kind: ReferenceKind) -> list[Became]:
    """Leads by stage or by reason, the most frequent first."""
    id_ = lead.c[f"{kind}_id"]
    is_named = (reference.c.source == source) & (reference.c.kind == kind) & (reference.c.id == id_)
    counts = [sa.func.count(sa.case((lead.c.status == status, 1))) for status in LeadStatus]
    query = sa.select(id_, reference.c.title, reference.c.code, *counts)
    query = query.select_from(lead.outerjoin(reference, is_named)).where(lead.c.source == source)
    rows = connection.execute(query.group_by(id_, reference.c.title, reference.c.code).order_by(sa.func.count().desc()))
    return [
        Became(id=id_ or "", title=title or "", code=code, open_n=open_n, rejected_n=rejected_n, won_n=won_n)
        for id_, title, code, open_n, rejected_n, won_n in rows
    ]


def ranges(connection: sa.Connection, source: str) -> list[Range]:
    """The range of every number and date that has a value, noun by noun; planned figures KPI by KPI."""
    found = []
    for noun in PULLED:
        table = TABLE_OF[noun]
        columns = [column for column in table.columns if noun is not Reference and _has_range(column)]
        if columns:
            found += _ranges_of(connection, source, noun_name(noun), table, columns)
    return found + _planned(connection, source)


def _planned(connection: sa.Connection, source: str) -> list[Range]:
    value = plan.c.value
    query = sa.select(plan.c.kpi, sa.func.count(), sa.func.min(value), sa.func.max(value), sa.func.sum(value))
    rows = connection.execute(query.where(plan.c.source == source).group_by(plan.c.kpi).order_by(plan.c.kpi))
    return [
        Range(noun="plan", field=kpi, rows_n=n, filled_n=n, low=low, high=high, total=float(total))
        for kpi, n, low, high, total in rows
    ]


def _has_range(column: sa.Column[Any]) -> bool:
    is_ordered = isinstance(column.type, (Instant, sa.Date, sa.BigInteger, sa.Float))
    is_derived = column.name in ("created_on", "happened_on", "signed_on", "terminated_on", "vanished_at")
    return is_ordered and not is_derived and column is not plan.c.value


def _ranges_of(
    connection: sa.Connection, source: str, noun: str, table: sa.Table, columns: list[sa.Column[Any]]
) -> list[Range]:
    asked = [f(column) for column in columns for f in (sa.func.count, sa.func.min, sa.func.max)]
    row = connection.execute(sa.select(sa.func.count(), *asked).where(table.c.source == source)).one()
    cells = [row[n : n + 3] for n in range(1, len(row), 3)]
    totals = _totals(connection, source, table, ADDED_UP.get(noun, ()))
    return [
        Range(
            noun=noun,
            field=column.name,
            rows_n=row[0],
            filled_n=filled_n,
            low=low,
            high=high,
            total=totals.get(column.name),
        )
        for column, (filled_n, low, high) in zip(columns, cells, strict=True)
        if filled_n
    ]


def _totals(connection: sa.Connection, source: str, table: sa.Table, names: tuple[str, ...]) -> dict[str, float]:
    if not names:
        return {}
    row = connection.execute(sa.select(*(sa.func.sum(table.c[n]) for n in names)).where(table.c.source == source)).one()
    return {name: float(total) for name, total in zip(names, row, strict=True) if total is not None}


def unmatched(connection: sa.Connection, source: str) -> tuple[Unmatched, ...]:
    """Channels and projects of the spend, projects of the plan, against those of the leads and contracts."""
    found = []
    for table, field in MATCHED:
        ids, known = _ids(connection, source, table, field), set[str]()
        for owner in (lead, contract) if ids else ():
            known |= _ids(connection, source, owner, field) if field in owner.c else set()
        found.append(
            Unmatched(
                noun=table.name,
                field=field,
                ids_n=len(ids),
                strays=tuple(sorted(ids - known)),
                bare=tuple(sorted(known - ids)),
            )
        )
    return tuple(found)


def _ids(connection: sa.Connection, source: str, table: sa.Table, field: str) -> set[str]:
    query = sa.select(table.c[field]).where(table.c.source == source, table.c[field] != "").distinct()
    return set(connection.scalars(query))
