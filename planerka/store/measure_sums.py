"""Sums of measures over a stretch of days, and what else a KPI is computed from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from planerka.store.tables import contract, measure, plan, spend

Scope = tuple[Any, ...]
"""Ids of one scope (or a day) in the order of the columns asked for; "" is not known. () is the company."""


@dataclass(frozen=True)
class Sums:
    """Measures by name. `paid` counts only the channels whose spend is known in the same stretch."""

    all: dict[str, int]
    paid: dict[str, int]


def sums(
    connection: sa.Connection,
    source: str,
    names: Collection[str],
    from_on: date,
    to_on: date,
    by: Sequence[str] = (),
) -> dict[Scope, Sums]:
    """Measures summed over local days, both ends included, by scope; a scope where nothing happened is left out."""
    scopes = [measure.c[name] for name in by]
    is_asked = sa.and_(measure.c.source == source, measure.c.day_on.between(from_on, to_on))
    paid_channels = sa.select(measure.c.channel_id).where(is_asked, measure.c.measure == "spend_minor").distinct()
    is_paid = measure.c.channel_id.in_(paid_channels)
    totals = [sa.func.sum(measure.c.value), sa.func.sum(sa.case((is_paid, measure.c.value), else_=0))]
    select = sa.select(measure.c.measure, *scopes, *totals).where(is_asked, measure.c.measure.in_(sorted(names)))
    found: dict[Scope, Sums] = {}
    for name, *scope, total, paid in connection.execute(select.group_by(measure.c.measure, *scopes)):
        sums_of = found.setdefault(tuple(scope), Sums({}, {}))
        sums_of.all[name], sums_of.paid[name] = int(total), int(paid)
    return found


def stray_spend(connection: sa.Connection, source: str, from_on: date, to_on: date) -> dict[str, int]:
    """Spend of local days, both included, in minor units by channel, the most first: of channels that no lead has.

    No lead of any day: a channel whose leads have yet to come in these days is paid for like every other.
    """
    is_ours = measure.c.source == source
    channels_of_leads = sa.select(measure.c.channel_id).where(is_ours, measure.c.measure == "leads_n")
    spent = sa.func.sum(measure.c.value).label("spent_minor")
    select = sa.select(measure.c.channel_id, spent).where(
        is_ours,
        measure.c.measure == "spend_minor",
        measure.c.day_on.between(from_on, to_on),
        measure.c.channel_id.not_in(channels_of_leads),
    )
    rows = connection.execute(select.group_by(measure.c.channel_id).order_by(spent.desc(), measure.c.channel_id))
    return {channel_id: int(spent_minor) for channel_id, spent_minor in rows}


def currencies(connection: sa.Connection, source: str) -> dict[str, list[str]]:
    """Which currencies the amounts of a noun ("contract", "spend") are in."""
    selects = (
        sa.select(sa.literal(table.name), table.c.currency).where(table.c.source == source).distinct()
        for table in (contract, spend)
    )
    found: dict[str, list[str]] = {}
    for noun, currency in connection.execute(sa.union(*selects)):
        found.setdefault(noun, []).append(currency)
    return found


@dataclass(frozen=True)
class Planned:
    """One row of the plan; both days included, project "" is the company."""

    project_id: str
    from_on: date
    to_on: date
    value: int

    @property
    def days_n(self) -> int:
        return (self.to_on - self.from_on).days + 1


def plans(connection: sa.Connection, source: str, name: str, from_on: date, to_on: date) -> list[Planned]:
    """What was planned for a measure or a KPI on any of these days."""
    is_asked = sa.and_(plan.c.source == source, plan.c.kpi == name, plan.c.from_on <= to_on, plan.c.to_on >= from_on)
    columns = (plan.c.project_id, plan.c.from_on, plan.c.to_on, plan.c.value)
    return [Planned(*row) for row in connection.execute(sa.select(*columns).where(is_asked))]
