"""What each measure counts, as SELECTs that run on SQLite and on PostgreSQL alike.

Every SELECT gives the columns of `measure` after `source`: name, local day, the five scopes ("" where not known),
value. Channel, campaign, project and agency are the lead's. The manager is the one who owned the lead at that
moment where an event says so, and the lead's own otherwise. A lead that vanished from the source counts nowhere;
its contracts do.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from planerka.model import EventKind, Outcome, ReferenceKind, UnitKind
from planerka.rulebook.measures import JUNK_REASONS
from planerka.store.tables import contract, event, lead, neglect, reference, spend, verdict

DAY_US = 86_400_000_000
SCOPES = ("project_id", "channel_id", "campaign_id", "manager_id", "agency_id")

CONTRACT = (EventKind.CONTRACT_SIGNED,)
BOOKING = (EventKind.BOOKED, EventKind.BOOKING_PAID, *CONTRACT)
MEETING = (EventKind.MEETING_HELD, *BOOKING)
QUALIFIED = (EventKind.QUALIFIED, *MEETING)
"""What proves that a lead reached a step: reaching a later one implies the earlier ones."""

FALLEN = (EventKind.BOOKING_EXPIRED, EventKind.BOOKING_CANCELLED)
STEPS = (*QUALIFIED, *FALLEN, EventKind.REJECTED, EventKind.REOPENED)

JUDGED = (Outcome.LAWFUL, Outcome.UNLAWFUL, Outcome.UNPROVABLE)

COHORTS = {
    "qualified_in_7d_n": (QUALIFIED, 7),
    "qualified_in_21d_n": (QUALIFIED, 21),
    "rejected_in_30d_n": ((EventKind.REJECTED,), 30),
    "meeting_in_21d_n": (MEETING, 21),
    "meeting_in_60d_n": (MEETING, 60),
    "booking_in_60d_n": (BOOKING, 60),
    "booking_in_365d_n": (BOOKING, 365),
    "contract_in_365d_n": (CONTRACT, 365),
}
"""Leads that reached a step within so many days (24 hours each) of their creation."""

Expression = sa.ColumnElement[Any]

working = sa.MetaData()
"""Temporary tables of one computation: `measures.recompute` makes and drops them."""

measured_day = sa.Table("measured_day", working, sa.Column("day_on", sa.Date), prefixes=["TEMPORARY"])
measured_lead = sa.Table("measured_lead", working, sa.Column("lead_id", sa.Text), prefixes=["TEMPORARY"])
step = sa.Table(
    "step",
    working,
    sa.Column("lead_id", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("at", sa.BigInteger),
    sa.Column("happened_on", sa.Date),
    sa.Column("manager_id", sa.Text),
    sa.Index(None, "lead_id"),
    prefixes=["TEMPORARY"],
)
"""Steps of the measured leads; of reopenings only those by the quality-control analyst."""

cohort = sa.Table(
    "cohort",
    working,
    sa.Column("day_on", sa.Date),
    *(sa.Column(scope, sa.Text) for scope in SCOPES),
    *(sa.Column(name, sa.BigInteger) for name in ("leads_n", *COHORTS)),
    prefixes=["TEMPORARY"],
)

EMPTY: Expression = sa.literal_column("''")
ONE: Expression = sa.literal_column("1")


def is_measured(day: Expression) -> Expression:
    return day.in_(sa.select(measured_day.c.day_on))


def is_in(column: Expression, words: tuple[Any, ...]) -> Expression:
    return column.in_([str(word) for word in words])


def scopes_of(manager: Expression, project: Expression = lead.c.project_id) -> list[Expression]:
    known = (project, lead.c.channel_id, lead.c.campaign_id, manager, lead.c.agency_id)
    return [sa.func.coalesce(column, EMPTY).label(scope) for column, scope in zip(known, SCOPES, strict=True)]


def all_measures(source: str) -> Iterator[sa.Select[Any]]:
    """Every measure that SQL alone can count, for the days in `measured_day`."""
    yield from _cohorts()
    yield from _first_steps(source)
    yield from _followed(source, EventKind.BOOKED, (*FALLEN, *CONTRACT), FALLEN, "bookings_n", "bookings_fallen_n")
    yield from _followed(source, EventKind.REOPENED, CONTRACT, CONTRACT, "returned_n", "returned_to_contract_n")
    yield from _rejections(source)
    yield from _neglect(source)
    yield from _contracts(source)
    yield from _net_contracts(source)
    yield _returned_revenue(source)
    yield _spend(source)


def leads_by_cohort(source: str) -> sa.Select[Any]:
    """Rows of `cohort`: leads by their first local day, and how many of them reached each step in time."""
    label = {kinds: f"first_{number}_at" for number, (kinds, _) in enumerate(COHORTS.values())}
    first_at = [sa.func.min(sa.case((is_in(step.c.kind, kinds), step.c.at))).label(n) for kinds, n in label.items()]
    first = sa.select(step.c.lead_id, *first_at).group_by(step.c.lead_id).subquery("first")
    created_at = sa.type_coerce(lead.c.created_at, sa.BigInteger)
    reached = [
        sa.func.sum(sa.case((first.c[label[kinds]] <= created_at + days_n * DAY_US, 1), else_=0)).label(name)
        for name, (kinds, days_n) in COHORTS.items()
    ]
    cells = [lead.c.created_on, *scopes_of(lead.c.manager_id)]
    select = sa.select(*cells, sa.func.count().label("leads_n"), *reached).group_by(*cells)
    select = select.select_from(lead.outerjoin(first, first.c.lead_id == lead.c.id))
    return select.where(lead.c.source == source, lead.c.vanished_at.is_(None), is_measured(lead.c.created_on))


def _cohorts() -> Iterator[sa.Select[Any]]:
    cells = [cohort.c.day_on, *(cohort.c[scope] for scope in SCOPES)]
    for name in ("leads_n", *COHORTS):
        yield sa.select(sa.literal(name), *cells, cohort.c[name]).where(cohort.c[name] > 0)


def _measure(name: str, day: Expression, scopes: list[Expression], value: Expression) -> sa.Select[Any]:
    """One measure summed by day and scopes; a sum of zero is not kept."""
    total = sa.func.sum(value)
    select = sa.select(sa.literal(name), day, *scopes, total).where(is_measured(day))
    return select.group_by(day, *scopes).having(total != 0)


def _of_leads(select: sa.Select, source: str, lead_id: Expression) -> sa.Select[Any]:
    return select.where(lead.c.source == source, lead.c.id == lead_id, lead.c.vanished_at.is_(None))


def _first_steps(source: str) -> Iterator[sa.Select[Any]]:
    """Leads by the day on which they reached a step for the first time."""
    for name, kinds in {"qualified_n": QUALIFIED, "meetings_n": MEETING}.items():
        order = (step.c.at, step.c.manager_id.is_(None), step.c.manager_id)
        place = sa.func.row_number().over(partition_by=step.c.lead_id, order_by=order).label("place")
        first = sa.select(step, place).where(is_in(step.c.kind, kinds)).subquery("first")
        select = _measure(name, first.c.happened_on, scopes_of(first.c.manager_id), ONE).where(first.c.place == 1)
        yield _of_leads(select, source, first.c.lead_id)


def _followed(
    source: str,
    kind: EventKind,
    nexts: tuple[EventKind, ...],
    wanted: tuple[EventKind, ...],
    all_name: str,
    wanted_name: str,
) -> Iterator[sa.Select[Any]]:
    """Steps of a kind on their own day: all of them, and those where the first of `kind` and `nexts` that
    the lead did next is `wanted`. A booking that became a contract has not fallen, though it expires later.
    """
    order = (step.c.at, sa.case((step.c.kind == str(kind), 0), else_=1))
    next_kind = sa.func.lead(step.c.kind).over(partition_by=step.c.lead_id, order_by=order).label("next_kind")
    followed = sa.select(step, next_kind).where(is_in(step.c.kind, (kind, *nexts))).subquery("followed")
    for name, condition in ((all_name, sa.true()), (wanted_name, is_in(followed.c.next_kind, wanted))):
        select = _measure(name, followed.c.happened_on, scopes_of(followed.c.manager_id), ONE)
        select = select.where(followed.c.kind == str(kind), condition)
        yield _of_leads(select, source, followed.c.lead_id)


def _rejections(source: str) -> Iterator[sa.Select[Any]]:
    """Rejections by the day and the owner of the rejected event, and what the latest verdict says of each."""
    latest = sa.select(verdict.c.outcome).where(verdict.c.source == source, verdict.c.rejection_id == event.c.id)
    outcome = latest.order_by(verdict.c.number.desc()).limit(1).scalar_subquery().label("outcome")
    is_its_reason = sa.and_(
        reference.c.source == source,
        reference.c.kind == str(ReferenceKind.REASON),
        reference.c.id == event.c.reason_id,
    )
    rejections = sa.select(event.c.lead_id, event.c.happened_on, event.c.manager_id, reference.c.code, outcome)
    is_rejected = sa.and_(event.c.source == source, event.c.kind == str(EventKind.REJECTED))
    named = rejections.select_from(event.outerjoin(reference, is_its_reason))
    rejected = named.where(is_rejected, is_measured(event.c.happened_on)).subquery("rejected")
    conditions = {"rejected_n": sa.true(), "judged_n": is_in(rejected.c.outcome, JUDGED)}
    conditions |= {f"{outcome}_n": rejected.c.outcome == str(outcome) for outcome in JUDGED}
    is_lawful = rejected.c.outcome == str(Outcome.LAWFUL)
    conditions["valid_junk_n"] = sa.and_(is_lawful, is_in(rejected.c.code, JUNK_REASONS))
    for name, condition in conditions.items():
        select = _measure(name, rejected.c.happened_on, scopes_of(rejected.c.manager_id), ONE).where(condition)
        yield _of_leads(select, source, rejected.c.lead_id)


def _neglect(source: str) -> Iterator[sa.Select[Any]]:
    select = _measure("neglected_n", neglect.c.neglected_on, scopes_of(neglect.c.manager_id), ONE)
    yield _of_leads(select.where(neglect.c.source == source), source, neglect.c.lead_id)


def _of_contracts(
    source: str, name: str, contracts: sa.FromClause, day: Expression, value: Expression
) -> sa.Select[Any]:
    """A contract counts for its own project where it has one, and for the rest for what its lead says."""
    scopes = scopes_of(lead.c.manager_id, sa.func.coalesce(contracts.c.project_id, lead.c.project_id))
    of_lead = sa.and_(lead.c.source == contracts.c.source, lead.c.id == contracts.c.lead_id)
    select = _measure(name, day, scopes, value).select_from(contracts.outerjoin(lead, of_lead))
    return select.where(contracts.c.source == source)


def _contracts(source: str) -> Iterator[sa.Select[Any]]:
    """Flats by the day they were signed, and those of them that were terminated since; parking and storage apart."""
    is_flat = contract.c.unit_kind == str(UnitKind.FLAT)
    signed = {
        "signed_n": is_flat,
        "terminated_of_signed_n": sa.and_(is_flat, contract.c.terminated_at.is_not(None)),
        "parking_n": contract.c.unit_kind == str(UnitKind.PARKING),
        "storage_n": contract.c.unit_kind == str(UnitKind.STORAGE),
    }
    for name, condition in signed.items():
        yield _of_contracts(source, name, contract, contract.c.signed_on, ONE).where(condition)
    yield _of_contracts(source, "terminated_n", contract, contract.c.terminated_on, ONE).where(is_flat)


def _net_contracts(source: str) -> Iterator[sa.Select[Any]]:
    """Flats on the day they were signed, and taken back on the day they were terminated."""
    is_flat = contract.c.unit_kind == str(UnitKind.FLAT)
    days = ((contract.c.signed_on, "1"), (contract.c.terminated_on, "-1"))
    moves = [
        sa.select(contract, day.label("day_on"), sa.literal_column(n).label("n")).where(is_flat) for day, n in days
    ]
    move = sa.union_all(*moves).subquery("move")
    area_dm2 = sa.cast(sa.func.round(move.c.area_m2 * 100), sa.BigInteger)
    for name, value in (("contracts_n", ONE), ("revenue_minor", move.c.price_minor), ("area_dm2", area_dm2)):
        yield _of_contracts(source, name, move, move.c.day_on, move.c.n * value)


def _returned_revenue(source: str) -> sa.Select[Any]:
    """Standing flats by the day on which the analyst last returned their lead before it signed."""
    place = sa.func.row_number().over(partition_by=contract.c.id, order_by=step.c.at.desc()).label("place")
    columns = (contract.c.price_minor, step.c.lead_id, step.c.happened_on, step.c.manager_id)
    returned = sa.select(*columns, place).where(
        contract.c.source == source,
        contract.c.unit_kind == str(UnitKind.FLAT),
        contract.c.terminated_at.is_(None),
        step.c.lead_id == contract.c.lead_id,
        step.c.kind == str(EventKind.REOPENED),
        step.c.at < sa.type_coerce(contract.c.signed_at, sa.BigInteger),
    )
    last = returned.subquery("last")
    scopes = scopes_of(last.c.manager_id)
    select = _measure("returned_revenue_minor", last.c.happened_on, scopes, last.c.price_minor)
    return _of_leads(select.where(last.c.place == 1), source, last.c.lead_id)


def _spend(source: str) -> sa.Select[Any]:
    scopes = [spend.c.project_id, spend.c.channel_id, spend.c.campaign_id, EMPTY, EMPTY]
    select = sa.select(sa.literal("spend_minor"), spend.c.spent_on, *scopes, spend.c.amount_minor)
    return select.where(spend.c.source == source, is_measured(spend.c.spent_on))
