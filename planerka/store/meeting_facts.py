"""What the pack asks of the store beyond the measures: verdicts, silences, the queue, bookings, stock.

Functions that take local days of a stretch (both included) or an instant count what had happened by then, and are
the same whenever they are asked: but for leads that vanished since, which count nowhere, as in the measures.
`silences`, `open_leads`, `queue` and `standings` are of now: the store keeps who owns a lead and where it stands,
not who owned it when. What is shown of them says so. Frames have the dtypes of `store.frames.read_frame`.
"""

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd
import sqlalchemy as sa

from planerka.model import ActorKind, EventKind, LeadStatus, Outcome, ReferenceKind, UnitKind
from planerka.store.frames import read_frame
from planerka.store.measure_selects import QUALIFIED
from planerka.store.review import is_left_in_peace, newest_verdict_of
from planerka.store.tables import contract, dispute, dispute_step, event, lead, neglect, reference, stock, verdict

BOOKING_ENDS = (
    EventKind.BOOKING_EXPIRED,
    EventKind.BOOKING_CANCELLED,
    EventKind.CONTRACT_SIGNED,
    EventKind.REJECTED,
)


IS_IN_WORK = (lead.c.status == LeadStatus.OPEN) & lead.c.vanished_at.is_(None)


def rejections_between(source: str, from_on: date, to_on: date) -> sa.Select[tuple[object, ...]]:
    """Every rejection of the stretch, who and what it concerned, and its newest verdict.

    `outcome` is not_judged and `edition` None where there is none (docs/decisions/0007).
    """
    reason = reference.alias()
    is_its_reason = (
        (reason.c.source == source) & (reason.c.kind == ReferenceKind.REASON) & (reason.c.id == event.c.reason_id)
    )
    outcome = sa.func.coalesce(verdict.c.outcome, sa.literal_column(f"'{Outcome.NOT_JUDGED}'", sa.Text))
    lacks = sa.cast(verdict.c.lacks, sa.Text).label("lacks")
    columns = (event.c.at, event.c.manager_id, lead.c.channel_id, reason.c.code, verdict.c.edition, lacks)
    return (
        sa.select(*columns, outcome.label("outcome"))
        .select_from(event)
        .join(lead, (lead.c.source == source) & (lead.c.id == event.c.lead_id))
        .outerjoin(verdict, newest_verdict_of(event.c.id, source))
        .outerjoin(reason, is_its_reason)
        .where(event.c.source == source, event.c.kind == EventKind.REJECTED)
        .where(event.c.happened_on.between(from_on, to_on), lead.c.vanished_at.is_(None))
    )


def verdict_counts(connection: sa.Connection, source: str, from_on: date, to_on: date) -> pd.DataFrame:
    """One row a (manager_id, channel_id, code, edition, outcome, lacks): `n` rejections of the stretch.

    `lacks` (JSON) is what the source did not have when they were judged.
    """
    found = rejections_between(source, from_on, to_on).subquery()
    keys = [found.c[name] for name in ("manager_id", "channel_id", "code", "edition", "outcome", "lacks")]
    return read_frame(connection, sa.select(*keys, sa.func.count().label("n")).group_by(*keys))


def waiting(connection: sa.Connection, source: str, from_on: date, to_on: date) -> pd.Series:
    """The instants of the rejections of the stretch that have no verdict."""
    found = rejections_between(source, from_on, to_on).subquery()
    return read_frame(connection, sa.select(found.c.at).where(found.c.outcome == Outcome.NOT_JUDGED))["at"]


def findings(connection: sa.Connection, source: str, from_on: date, to_on: date) -> pd.DataFrame:
    """Columns edition, manager_id and `findings` (the JSON text) of the rejections that were judged."""
    judged = rejections_between(source, from_on, to_on)
    rows = judged.add_columns(sa.cast(verdict.c.findings, sa.Text).label("findings")).subquery()
    query = sa.select(rows.c.edition, rows.c.manager_id, rows.c.findings)
    return read_frame(connection, query.where(rows.c.outcome != Outcome.NOT_JUDGED))


def qualified_marks(connection: sa.Connection, source: str, from_on: date, to_on: date) -> pd.DataFrame:
    """Rejections of the stretch whose leads the criteria of the regulation could tell qualified or not: lead_id, url,
    manager_id, is_qualified (by the criteria), is_marked (by the CRM), both as of the rejection.
    """
    mark = event.alias()
    is_marked = sa.exists().where(
        mark.c.source == source,
        mark.c.lead_id == event.c.lead_id,
        mark.c.kind.in_([str(kind) for kind in QUALIFIED]),
        mark.c.at <= event.c.at,
    )
    columns = (event.c.lead_id, lead.c.url, event.c.manager_id, verdict.c.is_qualified, is_marked.label("is_marked"))
    query = rejections_between(source, from_on, to_on).with_only_columns(*columns)
    return read_frame(connection, query.where(verdict.c.is_qualified.is_not(None)).order_by(event.c.at, event.c.id))


def silences(connection: sa.Connection, source: str, at: datetime) -> pd.DataFrame:
    """Leads in work that were neglected by `at` and untouched since: lead_id, last_touch_at, neglected_at, and
    `manager_id`, who owns the lead now. A client who may not be called is not neglected but left in peace.
    """
    is_touched = sa.exists().where(
        event.c.source == source,
        event.c.lead_id == neglect.c.lead_id,
        event.c.at > neglect.c.last_touch_at,
        event.c.at < at,
        ~((event.c.kind == EventKind.MESSAGE_OUT) & (event.c.actor_kind == ActorKind.ROBOT)),
    )
    query = (
        sa.select(lead.c.manager_id, neglect.c.lead_id, neglect.c.last_touch_at, neglect.c.neglected_at)
        .select_from(neglect)
        .join(lead, (lead.c.source == source) & (lead.c.id == neglect.c.lead_id))
        .where(neglect.c.source == source, neglect.c.neglected_at < at, ~is_touched)
        .where(IS_IN_WORK, ~is_left_in_peace(source))
    )
    return read_frame(connection, query)


def open_leads(connection: sa.Connection, source: str) -> dict[str | None, int]:
    """Leads in work now, by who owns them."""
    query = sa.select(lead.c.manager_id, sa.func.count().label("n")).where(lead.c.source == source, IS_IN_WORK)
    return {row.manager_id: row.n for row in connection.execute(query.group_by(lead.c.manager_id))}


def queue(connection: sa.Connection, source: str) -> pd.DataFrame:
    """Every dispute: opened_at, due_at, state, since when it is in it (`changed_at`), and the decision and time of the
    ruling that stands.
    """
    own = (dispute.c[name] for name in ("opened_at", "due_at", "state", "changed_at"))
    ruled = (dispute_step.c.action.label("decision"), dispute_step.c.at.label("ruled_at"))
    query = sa.select(*own, *ruled).outerjoin_from(dispute, dispute_step, dispute_step.c.id == dispute.c.ruling_id)
    return read_frame(connection, query.where(dispute.c.source == source))


def rejudged_n(connection: sa.Connection, source: str, since: datetime) -> int:
    """How many rejections have had another verdict since then, by being judged again."""
    is_again = (verdict.c.source == source) & (verdict.c.judged_at >= since) & (verdict.c.number > 1)
    return connection.scalar(sa.select(sa.func.count(verdict.c.rejection_id.distinct())).where(is_again)) or 0


def returns(
    connection: sa.Connection, source: str, analyst_ids: Sequence[str], since: datetime, until: datetime
) -> pd.DataFrame:
    """Leads that an analyst returned to work: lead_id and the instant of the first return of the stretch."""
    is_return = (event.c.kind == EventKind.REOPENED) & event.c.actor_id.in_(analyst_ids)
    query = sa.select(event.c.lead_id, sa.func.min(event.c.at).label("returned_at"))
    is_there = (lead.c.source == source) & (lead.c.id == event.c.lead_id) & lead.c.vanished_at.is_(None)
    stretch = (event.c.at >= since) & (event.c.at < until)
    returned = query.join(lead, is_there).where(event.c.source == source, is_return, stretch)
    return read_frame(connection, returned.group_by(event.c.lead_id))


def events_of(connection: sa.Connection, source: str, lead_ids: Sequence[str], until: datetime) -> pd.DataFrame:
    """lead_id, kind, at of the events of some leads, oldest first."""
    query = sa.select(event.c.lead_id, event.c.kind, event.c.at).order_by(event.c.at, event.c.id)
    return read_frame(
        connection, query.where(event.c.source == source, event.c.lead_id.in_(lead_ids), event.c.at < until)
    )


def flats_of(connection: sa.Connection, source: str, lead_ids: Sequence[str], until: datetime) -> pd.DataFrame:
    """lead_id, signed_at, price_minor (NaN: not known) of the flats of some leads whose contracts stand at `until`."""
    stands = contract.c.terminated_at.is_(None) | (contract.c.terminated_at >= until)
    query = sa.select(contract.c.lead_id, contract.c.signed_at, contract.c.price_minor)
    return read_frame(
        connection,
        query.where(
            contract.c.source == source,
            contract.c.unit_kind == UnitKind.FLAT,
            contract.c.lead_id.in_(lead_ids),
            contract.c.signed_at < until,
            stands,
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
        .where(event.c.due_at >= from_at, event.c.due_at < to_at, ~has_ended, lead.c.vanished_at.is_(None))
        .order_by(event.c.due_at, event.c.lead_id)
    )
    return read_frame(connection, query)


def stock_on(connection: sa.Connection, source: str, on: date) -> pd.DataFrame:
    """The newest known stock of each project at the end of a local day, one row a project and flat type."""
    known = sa.select(stock.c.project_id, sa.func.max(stock.c.stock_on).label("newest_on"))
    newest = known.where(stock.c.source == source, stock.c.stock_on <= on).group_by(stock.c.project_id).subquery()
    is_newest = (stock.c.project_id == newest.c.project_id) & (stock.c.stock_on == newest.c.newest_on)
    query = sa.select(stock).join(newest, is_newest).where(stock.c.source == source)
    return read_frame(connection, query.order_by(stock.c.project_id, stock.c.flat_type))


def sold(connection: sa.Connection, source: str, from_on: date, to_on: date) -> dict[tuple[str, str], int]:
    """Contracts signed in the stretch, by (project_id, flat_type)."""
    keys = (contract.c.project_id, contract.c.flat_type)
    query = sa.select(*keys, sa.func.count()).where(
        contract.c.source == source, contract.c.signed_on.between(from_on, to_on)
    )
    return {(project_id, flat_type): n for project_id, flat_type, n in connection.execute(query.group_by(*keys))}


def standings(connection: sa.Connection, source: str) -> pd.DataFrame:
    """Every lead that has not vanished, by its state now: channel_id, status, reason_id, `n`."""
    keys = (lead.c.channel_id, lead.c.status, lead.c.reason_id)
    query = sa.select(*keys, sa.func.count().label("n")).where(lead.c.source == source, lead.c.vanished_at.is_(None))
    return read_frame(connection, query.group_by(*keys))
