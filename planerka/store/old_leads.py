"""Leads that are old enough to be forgotten."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from planerka.model import LeadStatus
from planerka.store.disputes import CLOSED
from planerka.store.erasure import lead_of_row
from planerka.store.tables import contract, dispute, erased_lead, event, lead, quarantine


def old_leads(source: str, before_on: date) -> sa.Select[Any]:
    """Ids of the leads to which nothing has happened since before that local day.

    A lead in work, one with a dispute that waits, and one with a contract that stands are kept, however old. A lead
    without a date of its own has no age.
    """
    has_news = sa.exists().where(
        event.c.source == source, event.c.lead_id == lead.c.id, event.c.happened_on >= before_on
    )
    has_contract = sa.exists().where(
        contract.c.source == source, contract.c.lead_id == lead.c.id, contract.c.terminated_at.is_(None)
    )
    is_in_work = (lead.c.status == LeadStatus.OPEN) & lead.c.vanished_at.is_(None)
    is_old = (lead.c.source == source) & (lead.c.created_on < before_on)
    return sa.select(lead.c.id).where(
        is_old, ~_is_marked(source, lead.c.id), ~is_in_work, ~has_news, ~has_contract, ~_has_open_dispute(source)
    )


def old_rows(source: str, before_at: datetime) -> sa.Select[Any]:
    """The leads of rows that went to quarantine before then, and are known from nowhere else."""
    key = lead_of_row()
    is_stored = key.in_(sa.select(lead.c.id).where(lead.c.source == source))
    is_old = (quarantine.c.source == source) & (quarantine.c.quarantined_at < before_at)
    return sa.select(key).where(is_old, key.is_not(None), ~is_stored, ~_is_marked(source, key)).distinct()


def _has_open_dispute(source: str) -> sa.ColumnElement[bool]:
    is_open = dispute.c.state.not_in(CLOSED)
    return sa.exists().where(dispute.c.source == source, dispute.c.lead_id == lead.c.id, is_open)


def _is_marked(source: str, lead_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.exists().where(erased_lead.c.source == source, erased_lead.c.lead_id == lead_id)
