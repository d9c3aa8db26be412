"""What the ledger asks of the store: returns to work, what their leads did since, and whom else it is compared with."""

from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from planerka.model import Decision, EventKind, UnitKind
from planerka.store.frames import read_frame
from planerka.store.review import OWNER_THEN
from planerka.store.tables import EPOCH, command, contract, dispute, dispute_step, event, lead, receipt

FOLLOWED = (
    EventKind.MEETING_HELD,
    EventKind.BOOKED,
    EventKind.BOOKING_PAID,
    EventKind.REJECTED,
    EventKind.REOPENED,
)
"""The events by which it is told where a returned lead stands."""


def returns(connection: sa.Connection, source: str, until: datetime) -> pd.DataFrame:
    """One row a dispute whose standing ruling is to return, and whose lead was returned in the source before then.

    dispute_id, origin, subject_id, lead_id, client_id, url, vanished_at; author (None: the regulation, for nobody ruled
    in time), ruled_at, returned_at, confirmed_at (NaT: handed over and not seen yet); reason_id and manager_id of the
    disputed rejection, of a silence the owner now. In the order of their return.
    """
    handed = _handed_over().subquery("handed")
    ruling = dispute_step.alias()
    query = (
        sa.select(
            *(dispute.c.id.label("dispute_id"), dispute.c.origin, dispute.c.subject_id, dispute.c.lead_id),
            *(lead.c.client_id, lead.c.url, lead.c.vanished_at, ruling.c.author, ruling.c.at.label("ruled_at")),
            *(handed.c.returned_at, handed.c.confirmed_at, event.c.reason_id),
            OWNER_THEN.label("manager_id"),
        )
        .select_from(dispute)
        .join(ruling, (ruling.c.id == dispute.c.ruling_id) & (ruling.c.action == Decision.RETURN_TO_WORK))
        .join(handed, handed.c.dispute_id == dispute.c.id)
        .join(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(event, (event.c.source == source) & (event.c.id == dispute.c.subject_id))
        .where(dispute.c.source == source, handed.c.returned_at < until)
        .order_by(handed.c.returned_at, ruling.c.at, dispute.c.id)
    )
    return read_frame(connection, query)


def returned_since(connection: sa.Connection, source: str, since: datetime) -> int:
    """How many disputes whose standing ruling is to return were handed over since then."""
    asking, standing = dispute_step.alias(), dispute_step.alias()
    # From the few receipts: of an inner join, or asked for the source, SQLite begins with every return there was.
    query = (
        sa.select(dispute.c.id, dispute.c.source, asking.c.action, standing.c.action.label("stands"))
        .select_from(receipt)
        .outerjoin(command, command.c.marker == receipt.c.marker)
        .outerjoin(asking, asking.c.id == command.c.ruling_id)
        .outerjoin(dispute, dispute.c.id == asking.c.dispute_id)
        .outerjoin(standing, standing.c.id == dispute.c.ruling_id)
        .where(receipt.c.handed_over_at >= since)
    )
    wanted = (source, Decision.RETURN_TO_WORK, Decision.RETURN_TO_WORK)
    return len({row.id for row in connection.execute(query) if (row.source, row.action, row.stands) == wanted})


def upheld(connection: sa.Connection, source: str, since: datetime, until: datetime) -> pd.DataFrame:
    """lead_id, client_id and ruled_at of the disputes, over silences too, that were upheld in `[since, until)`."""
    ruling = dispute_step.alias()
    query = (
        sa.select(dispute.c.lead_id, lead.c.client_id, ruling.c.at.label("ruled_at"))
        .select_from(dispute)
        .join(ruling, (ruling.c.id == dispute.c.ruling_id) & (ruling.c.action == Decision.UPHOLD))
        .join(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .where(dispute.c.source == source, ruling.c.at >= since, ruling.c.at < until)
        .order_by(ruling.c.at, dispute.c.id)
    )
    return read_frame(connection, query)


def ever_returned(connection: sa.Connection, source: str) -> pd.DataFrame:
    """lead_id and client_id of all leads that were ever returned in the source, whatever was decided since."""
    is_it = lead.c.id.in_(_returned_leads(source))
    return read_frame(
        connection, sa.select(lead.c.id.label("lead_id"), lead.c.client_id).where(lead.c.source == source, is_it)
    )


def steps_of_returned(connection: sa.Connection, source: str, since: datetime, until: datetime) -> pd.DataFrame:
    """id, lead_id, kind, at, manager_id and reason_id of the FOLLOWED events in `[since, until)` of the leads that were
    returned then, oldest first."""
    columns = [event.c[name] for name in ("id", "lead_id", "kind", "at", "manager_id", "reason_id")]
    is_followed = event.c.kind.in_([str(kind) for kind in FOLLOWED])
    query = sa.select(*columns).where(event.c.source == source, is_followed, event.c.at >= since, event.c.at < until)
    return read_frame(connection, query.where(event.c.lead_id.in_(_returned_leads(source, since))).order_by(event.c.at))


def contracts_of_returned(connection: sa.Connection, source: str, until: datetime) -> pd.DataFrame:
    """The contracts of returned leads signed before then: id, lead_id, unit_kind, price_minor (NaN: not known),
    currency, signed_at, terminated_at (NaT: it stands, or stood then)."""
    names = ("id", "lead_id", "unit_kind", "price_minor", "currency", "signed_at")
    terminated_at = sa.case((contract.c.terminated_at < until, contract.c.terminated_at)).label("terminated_at")
    query = sa.select(*(contract.c[name] for name in names), terminated_at)
    query = query.where(contract.c.source == source, contract.c.signed_at < until)
    order = contract.c.signed_at, contract.c.id
    return read_frame(connection, query.where(contract.c.lead_id.in_(_returned_leads(source))).order_by(*order))


def buyers(connection: sa.Connection, source: str, since: datetime, until: datetime) -> pd.DataFrame:
    """lead_id, client_id (None: not known) and signed_at of the flats signed in `[since, until)` that stood then."""
    query = (
        sa.select(contract.c.lead_id, lead.c.client_id, contract.c.signed_at)
        .outerjoin(lead, (lead.c.source == source) & (lead.c.id == contract.c.lead_id))
        .where(contract.c.source == source, contract.c.unit_kind == UnitKind.FLAT)
        .where(contract.c.signed_at >= since, contract.c.signed_at < until)
        .where(contract.c.terminated_at.is_(None) | (contract.c.terminated_at >= until))
    )
    return read_frame(connection, query)


def _handed_over() -> sa.Select[tuple[int, datetime, datetime]]:
    """By dispute, when its first return left for the source: an appeal that ended as it began returns nothing anew."""
    return (
        sa.select(
            dispute_step.c.dispute_id,
            sa.func.min(receipt.c.handed_over_at).label("returned_at"),
            sa.func.min(receipt.c.confirmed_at).label("confirmed_at"),
        )
        .join(command, command.c.ruling_id == dispute_step.c.id)
        .join(receipt, receipt.c.marker == command.c.marker)
        .where(dispute_step.c.action == Decision.RETURN_TO_WORK)
        .group_by(dispute_step.c.dispute_id)
    )


def _returned_leads(source: str, since: datetime = EPOCH) -> sa.Select[tuple[str]]:
    handed = _handed_over().subquery("handed")
    returned = sa.select(dispute.c.lead_id).join(handed, handed.c.dispute_id == dispute.c.id)
    return returned.where(dispute.c.source == source, handed.c.returned_at >= since)
