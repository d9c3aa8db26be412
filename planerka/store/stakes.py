"""What the money at stake in a dispute is counted from: how far its lead had come, and what flats have sold for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.dispute_states import WAITING
from planerka.model import UnitKind
from planerka.store.frames import read_frame
from planerka.store.measure_selects import BOOKING, MEETING, QUALIFIED
from planerka.store.review import is_open_in
from planerka.store.tables import contract, dispute, event, lead

ENQUIRY_STEP, QUALIFIED_STEP, MEETING_STEP, BOOKING_STEP = range(4)
FURTHEST = ((BOOKING, BOOKING_STEP), (MEETING, MEETING_STEP), (QUALIFIED, QUALIFIED_STEP))


def waiting_leads(connection: sa.Connection, source: str) -> pd.DataFrame:
    """One row a waiting dispute: dispute_id, channel_id ("" where it is not known), and the furthest step of its lead,
    0 (an enquiry) to 3 (a booking)."""
    reached = sa.case(
        *((event.c.kind.in_([str(kind) for kind in kinds]), step) for kinds, step in FURTHEST), else_=ENQUIRY_STEP
    )
    query = (
        sa.select(
            dispute.c.id.label("dispute_id"),
            sa.func.coalesce(lead.c.channel_id, "").label("channel_id"),
            sa.func.coalesce(sa.func.max(reached), ENQUIRY_STEP).label("step"),
        )
        .join(lead, (lead.c.source == source) & (lead.c.id == dispute.c.lead_id))
        .outerjoin(event, (event.c.source == source) & (event.c.lead_id == dispute.c.lead_id))
        .where(dispute.c.source == source, is_open_in(*WAITING))
        .group_by(dispute.c.id, lead.c.channel_id)
    )
    return read_frame(connection, query)


def flat_prices(connection: sa.Connection, source: str, since: datetime) -> pd.DataFrame:
    """price_minor and currency of the flats that were sold since then, and are not given back."""
    query = sa.select(contract.c.price_minor, contract.c.currency).where(
        contract.c.source == source,
        contract.c.unit_kind == UnitKind.FLAT,
        contract.c.signed_at >= since,
        contract.c.terminated_at.is_(None),
        contract.c.price_minor.is_not(None),
    )
    return read_frame(connection, query)


def put_stakes(connection: sa.Connection, stakes: Mapping[int, dict[str, Any] | None]) -> None:
    """Keep what is at stake by dispute; None where it cannot be told."""
    rows = [
        {"id_": dispute_id, "amount": stake and stake["amount_minor"], "told": stake}
        for dispute_id, stake in stakes.items()
    ]
    if rows:
        is_it = dispute.c.id == sa.bindparam("id_")
        values: dict[str, Any] = {"at_stake_minor": sa.bindparam("amount"), "stake": sa.bindparam("told")}
        connection.execute(dispute.update().where(is_it).values(values), rows)
