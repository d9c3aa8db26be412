"""Which local days a change touches: their measures are computed again, and no others.

A row touches its own day, the day its lead was created (the cohort), and the days its lead was returned to work
(what became of it is counted there); as it was before the change and as it is after, for a row can move.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa

from planerka.model import Contract, Event, EventKind, Lead, Plan, Spend
from planerka.store.bulk import insert_into, one_writer, same_key
from planerka.store.tables import TABLE_OF, contract, event, lead, measure, neglect, touched_day
from planerka.store.tables import source as sources

SCOPES = ("enquiry", "channel_id", "campaign_id", "project_id", "manager_id", "agency_id")
"""What of a lead decides where its events are counted: a change moves the whole history of the lead."""

OF_A_LEAD = {Event: ("happened_on",), Contract: ("signed_on", "terminated_on")}
OF_A_DAY = {Spend: ("spent_on",), Plan: ("from_on",)}

Days = sa.Select[Any]


def touch(connection: sa.Connection, source: str, days: Iterable[Days]) -> None:
    """Remember days, each given as a select of one date column, until their measures are computed."""
    if selects := list(days):
        hold(connection, source)
        day_on = sa.union(*selects).subquery().c[0]
        found = sa.select(sa.literal(source), day_on).where(day_on.is_not(None)).order_by(day_on)
        insert = insert_into(connection, touched_day).from_select(["source", "day_on"], found)
        connection.execute(insert.on_conflict_do_nothing())


def hold(connection: sa.Connection, source: str) -> None:
    """Be the only transaction that touches or measures days of this source, until it ends.

    Otherwise a day that was touched already, and is touched again beside a running computation, would be taken
    by it before what touched it can be seen: no longer touched, and measured without.
    """
    one_writer(connection, source)


def touch_leads_since(connection: sa.Connection, day: date) -> None:
    """Touch the days from `day` on on which leads were created, in every source: an edition holds for all."""
    for source in connection.scalars(sa.select(sources.c.source).order_by(sources.c.source)).all():
        is_since = (lead.c.source == source) & (lead.c.created_on >= day)
        touch(connection, source, [sa.select(lead.c.created_on).where(is_since)])


def touch_all(connection: sa.Connection, source: str) -> None:
    """Touch every day on which something is measured, or could be by other office hours or another analyst."""
    is_return = (event.c.source == source) & (event.c.kind == EventKind.REOPENED)
    days = [
        sa.select(measure.c.day_on).where(measure.c.source == source),
        sa.select(lead.c.created_on).where(lead.c.source == source),
        sa.select(event.c.happened_on).where(is_return),
    ]
    touch(connection, source, days)


def days_before(source: str, noun: type, rows: sa.Table) -> Iterator[Days]:
    """Days touched by what the staged rows are about to replace."""
    if noun is Lead:
        yield sa.select(rows.c.created_on)
        yield from days_of_leads(source, leads_that_move(source, rows))
    elif noun in OF_A_LEAD:
        table, names = TABLE_OF[noun], OF_A_LEAD[noun]
        stored = sa.select(*(table.c[name] for name in ("lead_id", *names))).join(rows, same_key(table, rows, source))
        yield from days_of_a_lead(source, stored.cte("replaced"), names)


def days_after(source: str, noun: type, rows: sa.Table) -> Iterator[Days]:
    """Days touched by the staged rows themselves."""
    if noun in OF_A_LEAD:
        yield from days_of_a_lead(source, rows, OF_A_LEAD[noun])
    elif noun in OF_A_DAY:
        yield from (sa.select(rows.c[name]) for name in OF_A_DAY[noun])


def days_of_a_lead(source: str, rows: sa.FromClause, names: Iterable[str]) -> Iterator[Days]:
    """The days in the columns `names`, and those of the cohorts and the returns of the rows' leads."""
    lead_ids = sa.select(rows.c.lead_id)
    yield from (sa.select(rows.c[name]) for name in names)
    yield sa.select(lead.c.created_on).where(lead.c.source == source, lead.c.id.in_(lead_ids))
    is_return = (event.c.kind == EventKind.REOPENED) & event.c.lead_id.in_(lead_ids)
    yield sa.select(event.c.happened_on).where(event.c.source == source, is_return)


def days_of_leads(source: str, lead_ids: Days) -> Iterator[Days]:
    """Every day on which something of these leads is counted."""
    lead_ids = sa.select(lead_ids.cte("whose"))
    yield sa.select(lead.c.created_on).where(lead.c.source == source, lead.c.id.in_(lead_ids))
    yield sa.select(event.c.happened_on).where(event.c.source == source, event.c.lead_id.in_(lead_ids))
    yield sa.select(neglect.c.neglected_on).where(neglect.c.source == source, neglect.c.lead_id.in_(lead_ids))
    for day_on in (contract.c.signed_on, contract.c.terminated_on):
        yield sa.select(day_on).where(contract.c.source == source, contract.c.lead_id.in_(lead_ids))


def leads_that_move(source: str, rows: sa.Table) -> Days:
    """Ids of staged leads that are new to the store, come back to it, or are counted elsewhere from now on."""
    is_elsewhere = [lead.c[name].is_distinct_from(rows.c[name]) for name in ("created_on", "vanished_at", *SCOPES)]
    known = rows.outerjoin(lead, same_key(lead, rows, source))
    return sa.select(rows.c.id).select_from(known).where(sa.or_(lead.c.id.is_(None), *is_elsewhere))
