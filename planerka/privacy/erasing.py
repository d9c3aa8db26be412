"""Erasure: what is known of a client goes, what was counted stays."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.crm.worklist import FILE_NAME, Worklist
from planerka.errors import UsageError
from planerka.settings import Settings
from planerka.store import erasure
from planerka.store.touched import hold


@dataclass(frozen=True, kw_only=True)
class Erased:
    """How many rows lost something: leads their client and link, cards, rulings and second readings their texts, and
    the rows of leads in quarantine and on the worklist. All zero: it had been done before."""

    leads_n: int
    cards_n: int
    rulings_n: int
    quarantined_n: int
    worklist_n: int


def erase_client(engine: sa.Engine, source: str, client_id: str, settings: Settings, now: datetime) -> Erased:
    """Blank all that is known of a client, and remember that it was, by a hash: no later pull brings it back.

    One transaction, and the worklist before it ends: a killed erasure is repeated whole. UsageError for a client
    that is not known.
    """
    with engine.begin() as connection:
        hold(connection, source)
        lead_ids = erasure.leads_of_client(source, client_id)
        marked_n = erasure.mark(connection, source, lead_ids, now, is_by_request=True)
        is_new = erasure.put_client(connection, source, erasure.digest(client_id), now)
        if is_new and not marked_n:
            raise UsageError(
                "no lead of that client is known: give the id that the CRM has for the client, or the phone"
            )
        erased = blank(connection, source, worklist_of(settings))
    erasure.scrub(engine)
    return erased


def blank(connection: sa.Connection, source: str, worklist: Worklist) -> Erased:
    """Blank the marked leads, in the store and on the worklist."""
    found = erasure.blank(connection, source)
    return Erased(
        leads_n=found.leads_n,
        cards_n=found.cards_n,
        rulings_n=found.rulings_n,
        quarantined_n=found.quarantined_n,
        worklist_n=worklist.rewrite_notes(found.notes) if found.notes else 0,
    )


def worklist_of(settings: Settings) -> Worklist:
    return Worklist(settings.out / FILE_NAME, settings.zone)
