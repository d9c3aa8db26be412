"""What the review asks of the store: which verdicts may be disputed, and what became of commands."""

from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from planerka.model import DisputeOrigin, EventKind, LeadStatus, Outcome
from planerka.store import verdicts
from planerka.store.frames import read_frame
from planerka.store.tables import command, dispute, event, lead, receipt, rejection, verdict

WRONG = (Outcome.UNLAWFUL, Outcome.UNPROVABLE)


def disputable(connection: sa.Connection, source: str, since: datetime) -> list[tuple[DisputeOrigin, str, str]]:
    """Origin, rejection and lead of every wrong rejection since then without a dispute, oldest first.

    A client who asked not to be called is left in peace, and so is a lead that is in work again.
    """
    last, wrong = _wrong(source)
    is_disputed = sa.exists().where(dispute.c.source == source, dispute.c.subject_id == event.c.id)
    query = (
        sa.select(last.c.outcome, event.c.id, event.c.lead_id)
        .join(event, wrong)
        .join(lead, (lead.c.source == source) & (lead.c.id == event.c.lead_id))
        .where(event.c.at >= since, ~is_disputed, lead.c.status == LeadStatus.REJECTED, lead.c.vanished_at.is_(None))
        .where(~is_left_in_peace(source))
        .order_by(event.c.at, event.c.id)
    )
    return [(DisputeOrigin(outcome), id_, lead_id) for outcome, id_, lead_id in connection.execute(query)]


def older_n(connection: sa.Connection, source: str, since: datetime) -> int:
    """Wrong rejections before then that were never disputed."""
    last, wrong = _wrong(source)
    is_disputed = sa.exists().where(dispute.c.source == source, dispute.c.subject_id == event.c.id)
    query = sa.select(sa.func.count()).select_from(last).join(event, wrong).where(event.c.at < since, ~is_disputed)
    return int(connection.scalar(query) or 0)


def is_left_in_peace(source: str) -> sa.ColumnElement[bool]:
    """Whether the client of a row of `lead` asked not to be called or withdrew consent, by this lead or another."""
    asked = sa.select(rejection.c.lead_id).where(rejection.c.source == source, rejection.c.asked_not_to_call.is_(True))
    is_withdrawal = event.c.kind == EventKind.CONSENT_WITHDRAWN
    withdrew = sa.select(event.c.lead_id).where(event.c.source == source, is_withdrawal)
    leads_who_asked = sa.union_all(asked, withdrew).subquery()
    other = lead.alias()
    clients = sa.select(other.c.client_id).where(
        other.c.source == source, other.c.id.in_(sa.select(leads_who_asked.c.lead_id)), other.c.client_id.is_not(None)
    )
    is_client = lead.c.client_id.is_not(None) & lead.c.client_id.in_(clients)
    return lead.c.id.in_(sa.select(leads_who_asked.c.lead_id)) | is_client


def may_not_be_called(connection: sa.Connection, source: str, lead_id: str) -> bool:
    """Whether the client of a lead is left in peace for ever."""
    is_it = (lead.c.source == source) & (lead.c.id == lead_id)
    return bool(connection.scalar(sa.select(sa.exists().where(is_it, is_left_in_peace(source)))))


def leads_judged_at(connection: sa.Connection, source: str, judged_at: datetime) -> pd.Series:
    """Leads whose rejections were judged at this instant: those of one run."""
    is_its = (event.c.source == source) & (event.c.id == verdict.c.rejection_id)
    query = sa.select(event.c.lead_id).join(verdict, is_its)
    return read_frame(connection, query.where(verdict.c.source == source, verdict.c.judged_at == judged_at))["lead_id"]


def seen_open(connection: sa.Connection, source: str, data_until: datetime) -> list[tuple[str, datetime]]:
    """Marker and time of commands handed to people whose leads are open in data newer than that."""
    lead_id = command.c.content["lead_id"].as_string()
    is_open = (lead.c.source == source) & (lead.c.id == lead_id) & (lead.c.status == LeadStatus.OPEN)
    query = (
        sa.select(receipt.c.marker, receipt.c.handed_over_at)
        .join(command, command.c.marker == receipt.c.marker)
        .join(lead, is_open)
        .where(command.c.source == source, receipt.c.confirmed_at.is_(None), receipt.c.handed_over_at < data_until)
    )
    return [(marker, at) for marker, at in connection.execute(query)]


def _wrong(source: str) -> tuple[sa.Subquery, sa.ColumnElement[bool]]:
    """The last verdicts, and the condition that joins an event to one that is wrong."""
    last = verdicts.latest(source)
    is_its = (event.c.source == source) & (event.c.id == last.c.rejection_id)
    return last, is_its & last.c.outcome.in_(WRONG)
