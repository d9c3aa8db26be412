"""What a dispute is about, as the source tells it: the card at the rejection, and all that happened to the lead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.model import ActorKind, CallOutcome, Event, EventKind, Rejection
from planerka.store.tables import event, lead, rejection

EVENTS_MOST_N = 300
"""The latest so many: a lead with more has been called by a robot."""


def events_of_lead(connection: sa.Connection, source: str, lead_id: str, until: datetime | None = None) -> list[Event]:
    """What happened to a lead up to then, the first thing first; of very many the latest EVENTS_MOST_N.

    `until` None: all that is known.
    """
    columns = [event.c[name] for name in Event.__dataclass_fields__]
    query = sa.select(*columns).where(event.c.source == source, event.c.lead_id == lead_id)
    if until is not None:
        query = query.where(event.c.at <= until)
    rows = connection.execute(query.order_by(event.c.at.desc(), event.c.id.desc()).limit(EVENTS_MOST_N)).all()
    return [_event(row) for row in reversed(rows)]


def card_of(connection: sa.Connection, source: str, rejection_id: str) -> dict[str, Any]:
    """The card of the lead as it stood at a rejection, by the fields of `Rejection`; empty where there is none."""
    columns = [rejection.c[name] for name in Rejection.__dataclass_fields__]
    query = sa.select(*columns).where(rejection.c.source == source, rejection.c.id == rejection_id)
    row = connection.execute(query).one_or_none()
    return dict(row._mapping) if row else {}


@dataclass(frozen=True, kw_only=True)
class LeadFacts:
    """What else of a lead a reader decides by; None where it is not known."""

    created_at: datetime | None
    enquiry: str | None
    campaign_id: str | None
    agency_id: str | None
    manager_id: str | None


def facts_of_lead(connection: sa.Connection, source: str, lead_id: str) -> LeadFacts | None:
    """None for a lead that is not in the store."""
    columns = [lead.c[name] for name in LeadFacts.__dataclass_fields__]
    row = connection.execute(sa.select(*columns).where(lead.c.source == source, lead.c.id == lead_id)).one_or_none()
    return LeadFacts(**row._mapping) if row else None


def _event(row: sa.Row[Any]) -> Event:
    kinds = {"kind": EventKind(row.kind), "actor_kind": ActorKind(row.actor_kind)}
    outcome = CallOutcome(row.outcome) if row.outcome else None
    return Event(**{**row._mapping, **kinds, "outcome": outcome})
