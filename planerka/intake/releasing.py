"""Letting a quarantined row in: a person has looked at it and vouches for it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.intake.quarantine import released
from planerka.model import PULLED, noun_name
from planerka.store import leads, quarantine
from planerka.store.quarantine import QuarantinedRow, State

NOUNS = {noun_name(noun): noun for noun in PULLED}


def release_row(
    engine: sa.Engine, source: str, number: int, author: str, zone: ZoneInfo, now: datetime
) -> QuarantinedRow:
    """Store a quarantined row as it is and remember who vouched; UsageError where it cannot be stored."""
    with engine.begin() as connection:
        row = quarantine.decide(connection, number, State.RELEASED, author, now)
        noun = NOUNS[row.noun]
        leads.store_batch(connection, source, noun, released(noun, [row.row]), zone)
    return row
