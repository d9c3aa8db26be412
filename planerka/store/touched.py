"""Which local days a change touches: their measures are computed again, and no others.

A row touches its own day, the day its lead was created (the cohort), and the days its lead was returned to work
(what became of it is counted there); as it was before the change and as it is after, for a row can move.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from planerka.model import Contract, Event, EventKind, Lead, Plan, Spend
from planerka.store.bulk import insert_into, same_key
from planerka.store.tables import TABLE_OF, contract, event, lead, touched_day

SCOPES = ("enquiry", "channel_id", "campaign_id", "project_id", "manager_id", "agency_id")
"""What of a lead decides where its events are counted: a change moves the whole history of the lead."""

OF_A_LEAD = {Event: ("happened_on",), Contract: ("signed_on", "terminated_on")}
OF_A_DAY = {Spend: "spent_on", Plan: "from_on"}

Days = sa.Select[Any]


def touch(connection: sa.Connection, source: str, days: Iterable[Days]) -> None:
    """Remember days, each given as a select of one date column, until their measures are computed."""
    if selects := list(days):
        day_on = sa.union(*selects).subquery().c[0]
        found = sa.select(sa.literal(source), day_on).where(day_on.is_not(None)).order_by(day_on)
        insert = insert_into(connection, touched_day).from_select(["source", "day_on"], found)
        connection.execute(insert.on_conflict_do_nothing())


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
        yield sa.select(rows.c[OF_A_DAY[noun]])


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
    for day_on in (contract.c.signed_on, contract.c.terminated_on):
        yield sa.select(day_on).where(contract.c.source == source, contract.c.lead_id.in_(lead_ids))


def leads_that_move(source: str, rows: sa.Table) -> Days:
    """Ids of staged leads that are new to the store, come back to it, or are counted elsewhere from now on."""
    is_elsewhere = [lead.c[name].is_distinct_from(rows.c[name]) for name in ("created_on", "vanished_at", *SCOPES)]
    known = rows.outerjoin(lead, same_key(lead, rows, source))
    return sa.select(rows.c.id).select_from(known).where(sa.or_(lead.c.id.is_(None), *is_elsewhere))
