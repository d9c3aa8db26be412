"""Measures: additive whole numbers by local day and scope, recomputed for the days that something touched.

Grain of `measure`: source, local day, measure, project, channel, campaign, manager, agency. So any week, month or
quarter, any scope and any two crossed is a SUM. Everything here runs in the caller's transaction.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.model import ActorKind, CallOutcome, Enquiry, EventKind
from planerka.store import touched
from planerka.store.bulk import insert_into, staged
from planerka.store.frames import read_frame
from planerka.store.measure_selects import (
    SCOPES,
    STEPS,
    Expression,
    all_measures,
    cohort,
    is_in,
    is_measured,
    leads_by_cohort,
    measured_day,
    measured_lead,
    scopes_of,
    step,
    working,
)
from planerka.store.tables import contract, event, lead, measure, touched_day, verdict
from planerka.store.tables import source as sources

COLUMNS = ("measure", "day_on", *SCOPES, "value")
DECIDING = tuple(kind for kind in STEPS if kind != EventKind.REJECTED)
"""Steps that decide what other days of the same lead count; a rejection counts on its own day alone."""


@contextmanager
def recomputing(connection: sa.Connection, source: str, analyst_ids: Iterable[str]) -> Iterator[int]:
    """Replace the measures of every touched day; gives the number of days, which are no longer touched.

    Until the transaction ends no other touches or measures a day of this source: one of PostgreSQL waits.
    `analyst_ids`: the people whose reopening of a lead is a return to work. Inside the block, `first_responses`
    reads and `add` writes what SQL cannot count.
    """
    touched.hold(connection, source)
    working.create_all(connection)
    _take_days(connection, source)
    _analyse(connection, lead, event, contract, verdict)
    _take_steps(connection, source, sorted(analyst_ids))
    _analyse(connection, measured_day, measured_lead, step)
    connection.execute(measure.delete().where(measure.c.source == source, is_measured(measure.c.day_on)))
    connection.execute(cohort.insert().from_select(cohort.c.keys(), leads_by_cohort(source)))
    for select in all_measures(source):
        _insert(connection, source, select)
    yield connection.execute(sa.select(sa.func.count()).select_from(measured_day)).scalar_one()
    # Not in a `finally`: after a failed statement the transaction is rolled back, and the tables go with it.
    working.drop_all(connection)


def add(connection: sa.Connection, source: str, rows: pd.DataFrame) -> None:
    """Store measures counted outside SQL; `rows` has the columns measure, day_on, the scopes and value."""
    with staged(connection, [measure.c[name] for name in COLUMNS], rows) as table:
        _insert(connection, source, sa.select(*(table.c[name] for name in COLUMNS)))


def touch(connection: sa.Connection, source: str, days: Iterable[date]) -> None:
    """Have the next run measure these local days again."""
    if rows := [{"source": source, "day_on": day} for day in days]:
        touched.hold(connection, source)
        connection.execute(insert_into(connection, touched_day).on_conflict_do_nothing(), rows)


def put_rules(connection: sa.Connection, source: str, rules: str) -> None:
    """Remember by what the days of the source are measured; where it was something else, touch every day."""
    is_ours = sources.c.source == source
    if connection.scalar(sa.select(sources.c.measured_by).where(is_ours)) not in (None, rules):
        touched.touch_all(connection, source)
    connection.execute(sources.update().where(is_ours).values(measured_by=rules))


def first_responses(connection: sa.Connection, source: str) -> pd.DataFrame:
    """One row a lead of the measured days that needed a response: an enquiry that nobody answered as it came.

    Columns: day_on, the scopes, enquiry, created_at, response_at. `response_at` is the first call out, message out or
    answered call in by a person at or after the enquiry, NaT while there is none; the manager is the owner at that
    moment, and the lead's own until then. A robot does not respond.
    """
    manager = sa.func.coalesce(event.c.manager_id, lead.c.manager_id)
    days = [lead.c.created_on.label("day_on"), *scopes_of(manager)]
    cells = [*days, lead.c.enquiry, lead.c.created_at, event.c.at.label("response_at")]
    place = sa.func.row_number().over(partition_by=lead.c.id, order_by=(event.c.at, event.c.id)).label("place")
    responses = (
        sa.select(*cells, place)
        .select_from(lead.outerjoin(event, _is_response(source)))
        .where(
            lead.c.source == source,
            lead.c.vanished_at.is_(None),
            is_measured(lead.c.created_on),
            lead.c.enquiry != str(Enquiry.ANSWERED_CALL),
        )
    )
    response = responses.subquery("response")
    return read_frame(connection, sa.select(*(response.c[cell.name] for cell in cells)).where(response.c.place == 1))


def _is_response(source: str) -> Expression:
    """The event is a person's answer to the lead beside it."""
    is_answered_call = sa.and_(event.c.kind == str(EventKind.CALL_IN), event.c.outcome == str(CallOutcome.ANSWERED))
    return sa.and_(
        event.c.source == source,
        event.c.lead_id == lead.c.id,
        event.c.at >= lead.c.created_at,
        event.c.actor_kind == str(ActorKind.PERSON),
        sa.or_(is_in(event.c.kind, (EventKind.CALL_OUT, EventKind.MESSAGE_OUT)), is_answered_call),
    )


def _analyse(connection: sa.Connection, *tables: sa.Table) -> None:
    """Give PostgreSQL, before it needs them, the statistics that it would gather by itself some minutes later.

    Without them it takes a table just filled for a small one: the first computation took minutes of nested loops.
    """
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.execute(sa.text(f"ANALYZE {table.name}"))


def _insert(connection: sa.Connection, source: str, select: sa.Select[Any]) -> None:
    rows = select.add_columns(sa.literal(source))
    connection.execute(measure.insert().from_select([*COLUMNS, "source"], rows))


def _take_days(connection: sa.Connection, source: str) -> None:
    """Move the touched days of the source to `measured_day`, by one statement: exactly what is deleted is measured."""
    taken = touched_day.delete().where(touched_day.c.source == source).returning(touched_day.c.day_on)
    if days := connection.scalars(taken).all():
        connection.execute(measured_day.insert(), [{"day_on": day} for day in days])


def _take_steps(connection: sa.Connection, source: str, analyst_ids: list[str]) -> None:
    """Fill `step` with all that the leads with a step or a birthday on a measured day ever reached.

    A step on one day decides what another day counts: which meeting was the first, whether a booking fell. So the
    other days of those leads are measured again too, and then need all the leads of their own.
    """

    def of_days(lead_id: Expression, day: Expression) -> Expression:
        return is_measured(day)

    def of_leads(lead_id: Expression, day: Expression) -> Expression:
        return lead_id.in_(sa.select(measured_lead.c.lead_id))

    _add_new(connection, measured_lead.c.lead_id, _steps(source, analyst_ids, DECIDING, of_days).c.lead_id)
    _add_new(connection, measured_day.c.day_on, _steps(source, analyst_ids, DECIDING, of_leads).c.happened_on)
    _add_new(connection, measured_lead.c.lead_id, _steps(source, analyst_ids, DECIDING, of_days).c.lead_id)
    born = sa.select(lead.c.id).where(lead.c.source == source, is_measured(lead.c.created_on)).subquery()
    _add_new(connection, measured_lead.c.lead_id, born.c.id)
    connection.execute(
        step.insert().from_select(step.c.keys(), sa.select(_steps(source, analyst_ids, STEPS, of_leads)))
    )


def _add_new(connection: sa.Connection, column: sa.Column[Any], found: Expression) -> None:
    """Insert the found values that the one-column table does not have yet."""
    connection.execute(
        column.table.insert().from_select([column.name], sa.except_(sa.select(found), sa.select(column)))
    )


def _steps(
    source: str,
    analyst_ids: list[str],
    kinds: tuple[EventKind, ...],
    is_wanted: Callable[[Expression, Expression], Expression],
) -> sa.Subquery:
    """Steps as events tell them, and signed contracts, which some sources keep without an event.

    `is_wanted` of lead and day is asked of each part apart: neither database would look behind a UNION for it.
    """
    is_return = sa.or_(event.c.kind != str(EventKind.REOPENED), event.c.actor_id.in_(analyst_ids))
    at = sa.type_coerce(event.c.at, sa.BigInteger).label("at")
    told = sa.select(event.c.lead_id, event.c.kind, at, event.c.happened_on, event.c.manager_id)
    signed = sa.select(
        contract.c.lead_id,
        sa.literal(str(EventKind.CONTRACT_SIGNED)),
        sa.type_coerce(contract.c.signed_at, sa.BigInteger),
        contract.c.signed_on,
        sa.null(),
    )
    return sa.union_all(
        told.where(
            event.c.source == source,
            is_in(event.c.kind, kinds),
            is_return,
            is_wanted(event.c.lead_id, event.c.happened_on),
        ),
        signed.where(contract.c.source == source, is_wanted(contract.c.lead_id, contract.c.signed_on)),
    ).subquery("steps")
