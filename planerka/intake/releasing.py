"""Letting a quarantined row in: a person has looked at it and vouches for it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.intake.quarantine import released
from planerka.model import PULLED, Lead, noun_name
from planerka.store import leads, quarantine
from planerka.store.quarantine import QuarantinedRow, State

NOUNS = {noun_name(noun): noun for noun in PULLED}


def release_row(
    engine: sa.Engine, source: str, number: int, author: str, zone: ZoneInfo, now: datetime
) -> list[QuarantinedRow]:
    """Store a quarantined row as it is and remember who vouched; UsageError where it cannot be stored.

    With a lead go the rows that waited for nothing but it. Returns all that were released, the row itself first.
    """
    with engine.begin() as connection:
        rows = [quarantine.decide(connection, source, number, State.RELEASED, author, now)]
        if NOUNS[rows[0].noun] is Lead:
            ids = [row.id for row in waiting_for(connection, source, rows[0].row["id"])]
            rows += [quarantine.decide(connection, source, id_, State.RELEASED, author, now) for id_ in ids]
        for row in rows:
            noun = NOUNS[row.noun]
            leads.store_batch(connection, source, noun, released(noun, [row.row]), zone)
    return rows


def waiting_for(connection: sa.Connection, source: str, lead_id: str) -> list[QuarantinedRow]:
    """Rows of the lead that are held back only because it was not known."""
    rows = quarantine.waiting_of_lead(connection, source, lead_id)
    return [row for row in rows if row.why == [f"{row.noun}.lead_known"]]
