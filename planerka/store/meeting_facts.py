"""What the pack asks of the store beyond the measures: verdicts, silences, the queue, bookings, stock.

Every function takes the source, local days of a stretch (both included) or an instant, and reads the state as it
was then. Frames have the dtypes of `store.frames.read_frame`.
"""

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd
import sqlalchemy as sa

from planerka.model import ActorKind, EventKind, LeadStatus, Outcome, ReferenceKind
from planerka.store.frames import read_frame
from planerka.store.tables import contract, dispute, event, lead, neglect, reference, ruling, stock, verdict

BOOKING_ENDS = (
    EventKind.BOOKING_EXPIRED,
    EventKind.BOOKING_CANCELLED,
    EventKind.CONTRACT_SIGNED,
    EventKind.REJECTED,
)


def latest_verdicts(source: str, from_on: date, to_on: date) -> sa.Select[tuple[object, ...]]:
    """The newest verdict of each rejection of the stretch, with who and what it concerned."""
    newer = verdict.alias()
    is_newest = ~sa.exists().where(
        newer.c.source == source, newer.c.rejection_id == verdict.c.rejection_id, newer.c.number > verdict.c.number
    )
    reason = reference.alias()
    return (
        sa.select(
            event.c.id,
            event.c.manager_id,
            lead.c.channel_id,
            reason.c.code,
            verdict.c.outcome,
        )
        .select_from(verdict)
        .join(event, (event.c.source == verdict.c.source) & (event.c.id == verdict.c.rejection_id))
        .join(lead, (lead.c.source == event.c.source) & (lead.c.id == event.c.lead_id))
        .outerjoin(
            reason,
            (reason.c.source == event.c.source)
            & (reason.c.kind == ReferenceKind.REASON)
            & (reason.c.id == event.c.reason_id),
        )
        .where(verdict.c.source == source, event.c.happened_on.between(from_on, to_on), is_newest)
    )


def verdict_counts(connection: sa.Connection, source: str, from_on: date, to_on: date) -> pd.DataFrame:
    """One row a (manager_id, channel_id, code, outcome): `n` rejections of the stretch."""
    latest = latest_verdicts(source, from_on, to_on).subquery()
    keys = [latest.c[name] for name in ("manager_id", "channel_id", "code", "outcome")]
    return read_frame(connection, sa.select(*keys, sa.func.count().label("n")).group_by(*keys))


def findings(connection: sa.Connection, source: str, from_on: date, to_on: date) -> pd.DataFrame:
    """Columns code, manager_id and `findings` (the JSON text) of the rejections with something to say."""
    latest = latest_verdicts(source, from_on, to_on).add_columns(sa.cast(verdict.c.findings, sa.Text).label("findings"))
    rows = latest.subquery()
    query = sa.select(rows.c.code, rows.c.manager_id, rows.c.findings).where(rows.c.outcome != Outcome.NOT_JUDGED)
    return read_frame(connection, query)


def silences(connection: sa.Connection, source: str, at: datetime) -> pd.DataFrame:
    """Leads neglected at `at`, untouched since: manager_id, lead_id, last_touch_at, neglected_at."""
    is_touched = sa.exists().where(
        event.c.source == source,
        event.c.lead_id == neglect.c.lead_id,
        event.c.at > neglect.c.last_touch_at,
        event.c.at < at,
        ~((event.c.kind == EventKind.MESSAGE_OUT) & (event.c.actor_kind == ActorKind.ROBOT)),
    )
    names = ("manager_id", "lead_id", "last_touch_at", "neglected_at")
    query = sa.select(*(neglect.c[name] for name in names))
    return read_frame(connection, query.where(neglect.c.source == source, neglect.c.neglected_at < at, ~is_touched))


def open_leads(connection: sa.Connection, source: str) -> dict[str | None, int]:
    """Leads in work now, by manager."""
    is_open = (lead.c.status == LeadStatus.OPEN) & lead.c.vanished_at.is_(None)
    query = sa.select(lead.c.manager_id, sa.func.count().label("n")).where(lead.c.source == source, is_open)
    return {row.manager_id: row.n for row in connection.execute(query.group_by(lead.c.manager_id))}


def queue(connection: sa.Connection, source: str) -> pd.DataFrame:
    """Every dispute: opened_at, due_at, and the decision and time of its last ruling."""
    later = ruling.alias()
    is_last = ~sa.exists().where(later.c.dispute_id == ruling.c.dispute_id, later.c.id > ruling.c.id)
    query = sa.select(dispute.c.opened_at, dispute.c.due_at, ruling.c.decision, ruling.c.ruled_at)
    ruled = query.select_from(dispute).outerjoin(ruling, (ruling.c.dispute_id == dispute.c.id) & is_last)
    return read_frame(connection, ruled.where(dispute.c.source == source))


def returns(
    connection: sa.Connection, source: str, analyst_ids: Sequence[str], since: datetime, until: datetime
) -> pd.DataFrame:
    """Leads that an analyst returned to work: lead_id and the instant of the first return of the stretch."""
    is_return = (event.c.kind == EventKind.REOPENED) & event.c.actor_id.in_(analyst_ids)
    query = sa.select(event.c.lead_id, sa.func.min(event.c.at).label("returned_at"))
    stretch = (event.c.at >= since) & (event.c.at < until)
    return read_frame(connection, query.where(event.c.source == source, is_return, stretch).group_by(event.c.lead_id))


def events_of(connection: sa.Connection, source: str, lead_ids: Sequence[str], until: datetime) -> pd.DataFrame:
    """lead_id, kind, at of the events of some leads, oldest first."""
    query = sa.select(event.c.lead_id, event.c.kind, event.c.at).order_by(event.c.at, event.c.id)
    return read_frame(
        connection, query.where(event.c.source == source, event.c.lead_id.in_(lead_ids), event.c.at < until)
    )


def contracts_of(connection: sa.Connection, source: str, lead_ids: Sequence[str], until: datetime) -> pd.DataFrame:
    """lead_id, signed_at, price_minor of the contracts of some leads that stand at `until`."""
    stands = contract.c.terminated_at.is_(None) | (contract.c.terminated_at >= until)
    query = sa.select(contract.c.lead_id, contract.c.signed_at, contract.c.price_minor)
    return read_frame(
        connection,
        query.where(
            contract.c.source == source, contract.c.lead_id.in_(lead_ids), contract.c.signed_at < until, stands
        ),
    )


def expiring_bookings(
    connection: sa.Connection, source: str, at: datetime, from_at: datetime, to_at: datetime
) -> pd.DataFrame:
    """Bookings alive at `at` that expire in `[from_at, to_at)`: lead_id, url, project_id, manager_id, due_at."""
    end = event.alias()
    has_ended = sa.exists().where(
        end.c.source == source,
        end.c.lead_id == event.c.lead_id,
        end.c.kind.in_(BOOKING_ENDS),
        end.c.at >= event.c.at,
        end.c.at < at,
    )
    query = (
        sa.select(event.c.lead_id, lead.c.url, lead.c.project_id, lead.c.manager_id, event.c.due_at)
        .select_from(event)
        .join(lead, (lead.c.source == event.c.source) & (lead.c.id == event.c.lead_id))
        .where(event.c.source == source, event.c.kind == EventKind.BOOKED, event.c.at < at)
        .where(event.c.due_at >= from_at, event.c.due_at < to_at, ~has_ended)
        .order_by(event.c.due_at, event.c.lead_id)
    )
    return read_frame(connection, query)


def stock_on(connection: sa.Connection, source: str, on: date) -> pd.DataFrame:
    """The newest known stock at the end of a local day, one row a project and flat type."""
    newest = sa.select(sa.func.max(stock.c.stock_on)).where(stock.c.source == source, stock.c.stock_on <= on)
    query = sa.select(stock).where(stock.c.source == source, stock.c.stock_on == newest.scalar_subquery())
    return read_frame(connection, query.order_by(stock.c.project_id, stock.c.flat_type))


def sold(connection: sa.Connection, source: str, from_on: date, to_on: date) -> dict[tuple[str, str], int]:
    """Contracts signed in the stretch, by (project_id, flat_type)."""
    keys = (contract.c.project_id, contract.c.flat_type)
    query = sa.select(*keys, sa.func.count()).where(
        contract.c.source == source, contract.c.signed_on.between(from_on, to_on)
    )
    return {(project_id, flat_type): n for project_id, flat_type, n in connection.execute(query.group_by(*keys))}


def currencies(connection: sa.Connection, source: str) -> list[str]:
    """Currencies that occur in contracts, or in stock where there is no contract."""
    for table in (contract, stock):
        query = sa.select(table.c.currency).where(table.c.source == source).distinct().order_by(table.c.currency)
        found = list(connection.scalars(query))
        if found:
            return found
    return []


def standings(connection: sa.Connection, source: str) -> pd.DataFrame:
    """Every lead that has not vanished, by its state now: channel_id, status, reason_id, `n`."""
    keys = (lead.c.channel_id, lead.c.status, lead.c.reason_id)
    query = sa.select(*keys, sa.func.count().label("n")).where(lead.c.source == source, lead.c.vanished_at.is_(None))
    return read_frame(connection, query.group_by(*keys))
