"""What the review asks of the store: which verdicts may be disputed, and what became of commands."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.dispute_states import DisputeState
from planerka.model import Decision, DisputeOrigin, EventKind, LeadStatus, Outcome
from planerka.store.tables import (
    IS_OPEN,
    command,
    dispute,
    dispute_step,
    erased_lead,
    event,
    lead,
    receipt,
    rejection,
    verdict,
)

WRONG = (Outcome.UNLAWFUL, Outcome.UNPROVABLE)
DAY = timedelta(days=1)
"""A local day is at most this far from the day in UTC: so the index of days narrows what is then asked by instant."""

OWNER_THEN = sa.case((event.c.id.is_(None), lead.c.manager_id), else_=event.c.manager_id)
"""Whose a disputed lead was when it was rejected, None where that is not known; of a neglected one, without a row of
`event`, whose it is."""


def disputable(
    connection: sa.Connection, source: str, since: datetime
) -> list[tuple[DisputeOrigin, str, str, int | None]]:
    """Origin, rejection and lead of every wrong rejection since then that nobody is asked about, oldest first.

    Last the dispute that has fallen, and stands again by the newest verdict; None where there was never one. A client
    who asked not to be called is left in peace, and so is a lead that is in work again.
    """
    is_its = (dispute.c.source == source) & (dispute.c.subject_id == event.c.id)
    query = (
        sa.select(verdict.c.outcome, event.c.id, event.c.lead_id, dispute.c.id.label("dispute_id"))
        .select_from(event)
        .join(verdict, newest_verdict_of(event.c.id, source))
        .join(lead, (lead.c.source == source) & (lead.c.id == event.c.lead_id))
        .outerjoin(dispute, is_its)
        .where(event.c.source == source, event.c.kind == EventKind.REJECTED, verdict.c.outcome.in_(WRONG))
        .where(event.c.happened_on >= (since - DAY).date(), event.c.at >= since)
        .where(dispute.c.id.is_(None) | (dispute.c.state == DisputeState.FALLEN))
        .where(lead.c.status == LeadStatus.REJECTED, lead.c.vanished_at.is_(None), ~is_left_in_peace(source))
        .order_by(event.c.at, event.c.id)
    )
    return [(DisputeOrigin(outcome), *found) for outcome, *found in connection.execute(query)]


def older_n(connection: sa.Connection, source: str, since: datetime) -> int:
    """Wrong rejections before then that were never disputed."""
    is_its = (event.c.source == source) & (event.c.id == verdict.c.rejection_id)
    query = (
        sa.select(sa.func.count())
        .select_from(verdict)
        .join(event, is_its)
        .where(verdict.c.source == source, event.c.at < since, _is_wrong_and_undisputed(source), ~is_superseded())
    )
    return int(connection.scalar(query) or 0)


def newest_verdict_of(rejection_id: sa.ColumnElement[str], source: str) -> sa.ColumnElement[bool]:
    """The condition that joins `verdict` to a rejection: asked of a few of them, the others cost nothing."""
    return (verdict.c.source == source) & (verdict.c.rejection_id == rejection_id) & ~is_superseded()


def is_superseded() -> sa.ColumnElement[bool]:
    """Whether a row of `verdict` is followed by another on the same rejection."""
    newer = verdict.alias()
    is_same = (newer.c.source == verdict.c.source) & (newer.c.rejection_id == verdict.c.rejection_id)
    return sa.exists().where(is_same, newer.c.number > verdict.c.number)


def leads_who_asked(source: str) -> sa.Subquery:
    """`lead_id` of the leads whose clients asked not to be called or withdrew consent."""
    asked = sa.select(rejection.c.lead_id).where(rejection.c.source == source, rejection.c.asked_not_to_call.is_(True))
    is_withdrawal = event.c.kind == EventKind.CONSENT_WITHDRAWN
    withdrew = sa.select(event.c.lead_id).where(event.c.source == source, is_withdrawal)
    return sa.union_all(asked, withdrew).subquery()


def is_left_in_peace(source: str) -> sa.ColumnElement[bool]:
    """Whether the client of a row of `lead` asked not to be called or withdrew consent, by this lead or another, or
    asked to be erased."""
    asked = leads_who_asked(source)
    other = lead.alias()
    clients = sa.select(other.c.client_id).where(
        other.c.source == source, other.c.id.in_(sa.select(asked.c.lead_id)), other.c.client_id.is_not(None)
    )
    is_client = lead.c.client_id.is_not(None) & lead.c.client_id.in_(clients)
    erased = sa.select(erased_lead.c.lead_id).where(erased_lead.c.source == source, erased_lead.c.is_by_request)
    return lead.c.id.in_(sa.select(asked.c.lead_id)) | is_client | lead.c.id.in_(erased)


def may_not_be_called(connection: sa.Connection, source: str, lead_id: str) -> bool:
    """Whether the client of a lead is left in peace for ever: `is_left_in_peace` of one lead, whatever the others."""
    client_id = sa.select(lead.c.client_id).where(lead.c.source == source, lead.c.id == lead_id).scalar_subquery()
    of_client = sa.select(lead.c.id).where(lead.c.source == source, lead.c.client_id == client_id)
    its = sa.union(of_client, sa.select(sa.literal(lead_id)))
    is_of_card, is_of_event = rejection.c.lead_id.in_(its), event.c.lead_id.in_(its)
    has_asked = rejection.c.asked_not_to_call.is_(True)
    asked = sa.exists().where(rejection.c.source == source, is_of_card, has_asked)
    is_withdrawal = event.c.kind == EventKind.CONSENT_WITHDRAWN
    withdrew = sa.exists().where(event.c.source == source, is_of_event, is_withdrawal)
    is_erased = (erased_lead.c.lead_id == lead_id) & erased_lead.c.is_by_request
    erased = sa.exists().where(erased_lead.c.source == source, is_erased)
    return bool(connection.scalar(sa.select(asked | withdrew | erased)))


def is_open_in(*states: DisputeState) -> sa.ColumnElement[bool]:
    """Whether a row of `dispute` is in one of these states, which are of `OPEN`: asked by the index over those."""
    return sa.and_(sa.text(f"dispute.{IS_OPEN}"), dispute.c.state.in_(states))


def last_rejection(connection: sa.Connection, source: str, lead_id: str) -> str | None:
    """The last rejection of a lead that is rejected now; None for any other."""
    is_its = (lead.c.source == source) & (lead.c.id == event.c.lead_id)
    query = (
        sa.select(event.c.id)
        .join(lead, is_its)
        .where(event.c.source == source, event.c.lead_id == lead_id, event.c.kind == EventKind.REJECTED)
        .where(lead.c.status == LeadStatus.REJECTED, lead.c.vanished_at.is_(None))
    )
    found: str | None = connection.scalar(query.order_by(event.c.at.desc(), event.c.id.desc()).limit(1))
    return found


def seen_open(connection: sa.Connection, source: str, data_until: datetime) -> list[tuple[str, datetime]]:
    """Marker and time of the returns handed to people whose leads are open in data newer than that.

    Only a return of a rejected lead shows. A neglected lead is open whatever is done about it, and no data tell
    that evidence was given: such commands stay unconfirmed.
    """
    is_open = (lead.c.source == source) & (lead.c.id == dispute.c.lead_id) & (lead.c.status == LeadStatus.OPEN)
    query = (
        sa.select(receipt.c.marker, receipt.c.handed_over_at)
        .join(command, command.c.marker == receipt.c.marker)
        .join(dispute_step, dispute_step.c.id == command.c.ruling_id)
        .join(dispute, dispute.c.id == dispute_step.c.dispute_id)
        .join(lead, is_open & lead.c.vanished_at.is_(None))
        .where(command.c.source == source, receipt.c.confirmed_at.is_(None), receipt.c.handed_over_at < data_until)
        .where(dispute_step.c.action == Decision.RETURN_TO_WORK, dispute.c.origin != DisputeOrigin.NEGLECT)
    )
    return [(marker, at) for marker, at in connection.execute(query)]


def _is_wrong_and_undisputed(source: str) -> sa.ColumnElement[bool]:
    is_disputed = sa.exists().where(dispute.c.source == source, dispute.c.subject_id == verdict.c.rejection_id)
    return verdict.c.outcome.in_(WRONG) & ~is_disputed
