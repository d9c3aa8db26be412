"""What is blanked for ever: leads of clients who asked for it, and leads too old to be known any longer.

Counts, money and days stay, for nothing that is measured reads what goes. A text becomes `***`, not nothing: that
something was written is what the regulation asks for. Everything here runs in the caller's transaction.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.dispute_states import RULING
from planerka.errors import StoreBusyError
from planerka.phones import MASK
from planerka.store.bulk import insert_into, staged
from planerka.store.database import BUSY_TIMEOUT_S, in_words
from planerka.store.review import leads_who_asked
from planerka.store.tables import (
    command,
    dispute,
    dispute_step,
    erased_client,
    erased_lead,
    event,
    lead,
    quarantine,
    reading,
    rejection,
    verdict,
)

LINKS = ("client_id", "url")
"""Of a lead: what leads to its client."""

TEXTS = ("comment", "wanted_area", "wish", "offer", "competitor", "mortgage_decision")
"""Of a card: what somebody wrote about its client."""


@dataclass(frozen=True, kw_only=True)
class Blanked:
    """How many rows lost something; second readings count as rulings. `notes`: what the notes of the leads' commands
    say now, by marker."""

    leads_n: int
    cards_n: int
    rulings_n: int
    quarantined_n: int
    notes: dict[str, str]


def digest(client_id: str) -> str:
    """What is kept of an erased client: it recognises the client's id, and cannot be turned back into it."""
    return hashlib.sha256(client_id.encode()).hexdigest()


def put_client(connection: sa.Connection, source: str, client_sha256: str, at: datetime) -> bool:
    """Remember when the client with this digest was erased, the last time; returns whether it was the first."""
    is_it = (erased_client.c.source == source) & (erased_client.c.client_sha256 == client_sha256)
    is_known = connection.scalar(sa.select(sa.exists().where(is_it)))
    row = {"source": source, "client_sha256": client_sha256, "erased_at": at}
    insert = insert_into(connection, erased_client).values(row)
    erased_at = insert.excluded.erased_at
    is_later, keys = erased_at > erased_client.c.erased_at, list(erased_client.primary_key)
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_={"erased_at": erased_at}, where=is_later))
    return not is_known


def leads_of_client(source: str, client_id: str) -> sa.Select[Any]:
    """Ids of the client's leads, those that wait in quarantine too."""
    stored = sa.select(lead.c.id).where(lead.c.source == source, lead.c.client_id == client_id)
    is_held = (quarantine.c.source == source) & (quarantine.c.noun == "lead")
    held = sa.select(quarantine.c.row_key).where(is_held, quarantine.c.row["client_id"].as_string() == client_id)
    return sa.select(sa.union(stored, held).subquery().c[0])


def mark(
    connection: sa.Connection, source: str, lead_ids: sa.Select[Any], now: datetime, *, is_by_request: bool
) -> int:
    """Mark leads as erased at `now`; returns how many were not yet. A client's wish outweighs the age of a lead."""
    found = lead_ids.subquery().c[0]
    rows = sa.select(sa.literal(source), found, _instant(now), sa.literal(is_by_request)).where(found.is_not(None))
    insert = insert_into(connection, erased_lead).from_select(erased_lead.c.keys(), rows)
    values = {"erased_at": insert.excluded.erased_at, "is_by_request": True}
    is_wish = insert.excluded.is_by_request & ~erased_lead.c.is_by_request
    marking = insert.on_conflict_do_update(index_elements=list(erased_lead.primary_key), set_=values, where=is_wish)
    return connection.execute(marking.execution_options(preserve_rowcount=True)).rowcount


def is_erased(connection: sa.Connection, source: str, lead_id: str) -> bool:
    """Whether the lead is marked; once `hold` is had, and until the transaction ends, that cannot change."""
    is_it = (erased_lead.c.source == source) & (erased_lead.c.lead_id == lead_id)
    return bool(connection.scalar(sa.select(sa.exists().where(is_it))))


def erased_of(connection: sa.Connection, source: str, lead_ids: pd.Series) -> set[str]:
    """Which of these leads are marked; None among the ids is none of them."""
    asked_ids = lead_ids.dropna().drop_duplicates().to_frame("lead_id")
    with staged(connection, [erased_lead.c.lead_id], asked_ids) as asked:
        is_asked = erased_lead.c.lead_id.in_(sa.select(asked.c.lead_id))
        return set(connection.scalars(sa.select(erased_lead.c.lead_id).where(erased_lead.c.source == source, is_asked)))


def blank(connection: sa.Connection, source: str) -> Blanked:
    """Blank all that is stored of marked leads, whenever they were marked: what was written since goes too.

    Which of them are one client's cannot be told any more.
    """
    marked = sa.select(erased_lead.c.lead_id).where(erased_lead.c.source == source)
    notes = _blank_notes(connection, source, marked)
    _blank_whys(connection, source, marked)
    disputes = sa.select(dispute.c.id).where(dispute.c.source == source, dispute.c.lead_id.in_(marked))
    connection.execute(dispute.update().where(dispute.c.id.in_(disputes)).values(said=None))
    is_said = dispute_step.c.dispute_id.in_(disputes) & (dispute_step.c.comment != MASK)
    ruled = dispute_step.update().where(is_said).values(comment=MASK)
    of_lead = (reading.c.source == source) & reading.c.lead_id.in_(marked)
    read = reading.update().where(of_lead, reading.c.comment != MASK).values(comment=MASK)
    return Blanked(
        leads_n=_blank_leads(connection, source, marked),
        cards_n=_blank_cards(connection, source, marked),
        rulings_n=connection.execute(ruled).rowcount + connection.execute(read).rowcount,
        quarantined_n=_blank_quarantined(connection, source, marked),
        notes=notes,
    )


def _blank_leads(connection: sa.Connection, source: str, marked: sa.Select[Any]) -> int:
    forgets = lead.c.id.in_(marked.where(forgets_client(source)))
    values = {"url": None, "client_id": sa.case((forgets, sa.null()), else_=lead.c.client_id)}
    is_known = lead.c.url.is_not(None) | (lead.c.client_id.is_not(None) & forgets)
    blanking = lead.update().where(lead.c.source == source, lead.c.id.in_(marked), is_known)
    return connection.execute(blanking.values(values)).rowcount


def _blank_cards(connection: sa.Connection, source: str, marked: sa.Select[Any]) -> int:
    texts = [rejection.c[name] for name in TEXTS]
    values = {text.name: sa.case((text.is_not(None), MASK)) for text in texts}
    blanking = rejection.update().where(rejection.c.source == source, rejection.c.lead_id.in_(marked))
    return connection.execute(blanking.where(sa.or_(*(text != MASK for text in texts))).values(values)).rowcount


def _blank_whys(connection: sa.Connection, source: str, marked: sa.Select[Any]) -> None:
    """Why rejections were judged again: somebody wrote it, maybe of this client."""
    of_it = (event.c.source == verdict.c.source) & (event.c.id == verdict.c.rejection_id)
    query = sa.select(verdict.c.rejection_id, verdict.c.number, verdict.c.rejudged).join(event, of_it)
    asked = query.where(verdict.c.source == source, verdict.c.number > 1, event.c.lead_id.in_(marked))
    for rejection_id, number, rejudged in connection.execute(asked).all():
        if rejudged["why"] != MASK:
            is_it = (verdict.c.rejection_id == rejection_id) & (verdict.c.number == number)
            blanking = verdict.update().where(verdict.c.source == source, is_it)
            connection.execute(blanking.values(rejudged={**rejudged, "why": MASK}))


def _blank_notes(connection: sa.Connection, source: str, marked: sa.Select[Any]) -> dict[str, str]:
    """The note of a command quotes a ruling of its dispute before its marker: its own, or the one it was taken over
    from. The longest is sought first, for the words of another may be its end."""
    ruling, quoted = dispute_step.alias(), dispute_step.alias()
    is_quoted = (quoted.c.dispute_id == ruling.c.dispute_id) & quoted.c.action.in_(RULING)
    query = (
        sa.select(command.c.marker, command.c.content, quoted.c.comment)
        .join(ruling, ruling.c.id == command.c.ruling_id)
        .join(quoted, is_quoted)
        .join(dispute, dispute.c.id == ruling.c.dispute_id)
        .where(command.c.source == source, dispute.c.lead_id.in_(marked))
        .order_by(sa.func.length(quoted.c.comment).desc())
    )
    notes: dict[str, str] = {}
    contents: dict[str, dict[str, Any]] = {}
    for marker, content, comment in connection.execute(query):
        contents[marker] = content
        note = notes.get(marker, content["note"])
        notes[marker] = note.replace(f"{comment} [{marker}]", f"{MASK} [{marker}]")
    for marker, content in contents.items():
        blanking = command.update().where(command.c.marker == marker)
        connection.execute(blanking.values(content={**content, "note": notes[marker]}))
    return notes


def _blank_quarantined(connection: sa.Connection, source: str, marked: sa.Select[Any]) -> int:
    is_of_lead = (quarantine.c.source == source) & lead_of_row().in_(marked)
    changed_n = 0
    for id_, row in connection.execute(sa.select(quarantine.c.id, quarantine.c.row).where(is_of_lead)).all():
        if (blank_row := blanked_row(row)) != row:
            connection.execute(quarantine.update().where(quarantine.c.id == id_).values(row=blank_row))
            changed_n += 1
    return changed_n


def lead_of_row() -> sa.ColumnElement[Any]:
    """The lead that a quarantined row is, or belongs to."""
    of_lead = quarantine.c.row["lead_id"].as_string()
    return sa.case((quarantine.c.noun == "lead", quarantine.c.row_key), else_=of_lead)


def blanked_row(row: dict[str, Any]) -> dict[str, Any]:
    """A quarantined row without what is known of its client."""
    links, texts = dict.fromkeys(row.keys() & set(LINKS)), {name for name in TEXTS if row.get(name) is not None}
    return row | links | dict.fromkeys(texts, MASK)


def forgets_client(source: str) -> sa.ColumnElement[bool]:
    """Whether a row of `erased_lead` lost its client too. One who asked not to be called is known for that alone:
    the promise is for ever, unless the client wishes to be forgotten instead."""
    return erased_lead.c.is_by_request | erased_lead.c.lead_id.not_in(sa.select(leads_who_asked(source).c.lead_id))


def _instant(at: datetime) -> sa.ColumnElement[Any]:
    return sa.literal(at, erased_lead.c.erased_at.type)


def scrub(engine: sa.Engine) -> None:
    """Have the file of SQLite hold nothing of what was blanked: it keeps old bytes in free space and in its log.

    PostgreSQL does so by itself, in its own time. StoreBusyError while somebody reads the old state: repeat it.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection, in_words(engine):
            cursor: Any = connection.connection.cursor()  # past SQLAlchemy, which would begin a transaction
            cursor.execute("VACUUM")
            is_busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise StoreBusyError(
                f"What was erased is still in the log of the store, for another program has been reading it for "
                f"{BUSY_TIMEOUT_S} s: wait for it, or stop it, and repeat"
            )
