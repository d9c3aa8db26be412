"""Rows held back from a pull, until a person releases or drops them or the source delivers them in order.

States: `quarantined`, then `released` or `dropped` by a person, or `superseded` by a good row of the same key.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from planerka.errors import UsageError
from planerka.store.bulk import insert_into
from planerka.store.tables import quarantine
from planerka.store.withheld import withheld_rows


class State(StrEnum):
    QUARANTINED = "quarantined"
    RELEASED = "released"
    DROPPED = "dropped"
    SUPERSEDED = "superseded"


FORM = ("row", "why")
"""What a row is held for: what it says, and the tests that it fails."""


@dataclass(frozen=True, kw_only=True)
class QuarantinedRow:
    """A row as it came (JSON-able, masked), the row tests that hold it back, and what was decided of it.

    `place`: where it stands in the newest export that has it. `file` and `row_ns`, the rows of the file with its key,
    None and none of a CRM; `columns` names those at fault, by field, and `cells` has what stands there.
    """

    id: int
    noun: str
    row_key: str
    row: dict[str, Any]
    why: list[str]
    place: dict[str, Any]
    quarantined_at: datetime
    state: State
    decided_by: str | None
    decided_at: datetime | None


def add(connection: sa.Connection, source: str, rows: Iterable[dict[str, Any]], at: datetime) -> int:
    """Hold rows back, given as noun, row_key, row, why and place; returns how many were not held in this form before.

    A row that comes again unchanged keeps what was decided of it; changed, it waits for a new decision. One that waits
    is held anew where it fails other tests, as after a correction of the mapping. Of rows with one key the last
    counts. What was erased stays so.
    """
    same = {"source": source, "quarantined_at": at, "state": State.QUARANTINED}
    last = {(row["noun"], row["row_key"]): {**row, **same} for row in withheld_rows(connection, source, rows)}
    if not last:
        return 0
    insert = insert_into(connection, quarantine)
    renewed = {name: insert.excluded[name] for name in ("row", "why", "quarantined_at", "state")}
    differs = {name: sa.cast(quarantine.c[name], sa.Text) != sa.cast(insert.excluded[name], sa.Text) for name in FORM}
    is_other_why = (quarantine.c.state == State.QUARANTINED) & differs["why"]
    adding = insert.on_conflict_do_update(
        index_elements=["source", "noun", "row_key"],
        set_={**renewed, "decided_by": None, "decided_at": None},
        where=differs["row"] | is_other_why | (quarantine.c.state == State.SUPERSEDED),
    )
    added_n = len(connection.execute(adding.returning(quarantine.c.id), list(last.values())).all())
    put_places(connection, source, last)
    return added_n


def put_places(connection: sa.Connection, source: str, rows: Mapping[tuple[str, str], dict[str, Any]]) -> None:
    """Rows, given by noun and key, go up and down in a file from one export to the next, and are the same rows."""
    is_its_noun = quarantine.c.noun == sa.bindparam("its_noun")
    is_it = (quarantine.c.source == source) & is_its_noun & (quarantine.c.row_key == sa.bindparam("its_key"))
    places = [{"its_noun": noun, "its_key": key, "place": row["place"]} for (noun, key), row in rows.items()]
    connection.execute(quarantine.update().where(is_it), places)


def waiting_n(connection: sa.Connection, source: str) -> int:
    """How many rows wait for a person, from whichever pull."""
    is_waiting = (quarantine.c.source == source) & (quarantine.c.state == State.QUARANTINED)
    return connection.scalar(sa.select(sa.func.count()).where(is_waiting)) or 0


def waiting_nouns(connection: sa.Connection, source: str) -> set[str]:
    """Nouns of which a row waits: where none does, nothing can be superseded."""
    is_waiting = (quarantine.c.source == source) & (quarantine.c.state == State.QUARANTINED)
    return set(connection.scalars(sa.select(quarantine.c.noun).where(is_waiting).distinct()))


def supersede(connection: sa.Connection, source: str, noun: str, row_keys: Collection[str], at: datetime) -> int:
    """Rows of these keys have arrived in order: those that still waited are settled. Returns how many."""
    waiting = (quarantine.c.source == source, quarantine.c.noun == noun, quarantine.c.state == State.QUARANTINED)
    held = connection.scalars(sa.select(quarantine.c.row_key).where(*waiting)).all()
    good = set(row_keys).intersection(held)
    if good:
        settling = quarantine.update().where(*waiting, quarantine.c.row_key.in_(good))
        connection.execute(settling.values(state=State.SUPERSEDED, decided_at=at))
    return len(good)


def listing(connection: sa.Connection, source: str, state: State | None = None) -> list[QuarantinedRow]:
    """Rows held back, oldest first; of one state or, by default, of all."""
    query = sa.select(quarantine).where(quarantine.c.source == source).order_by(quarantine.c.id)
    if state:
        query = query.where(quarantine.c.state == state)
    return [_row(row) for row in connection.execute(query)]


def waiting_of_lead(connection: sa.Connection, source: str, lead_id: str) -> list[QuarantinedRow]:
    """Rows that wait and belong to the lead, oldest first."""
    is_of_lead = quarantine.c.row["lead_id"].as_string() == lead_id
    query = sa.select(quarantine).where(quarantine.c.source == source, quarantine.c.state == State.QUARANTINED)
    return [_row(row) for row in connection.execute(query.where(is_of_lead).order_by(quarantine.c.id))]


def decide(connection: sa.Connection, source: str, row_id: int, state: State, by: str, at: datetime) -> QuarantinedRow:
    """Release or drop a row that waits; returns it. UsageError for one that does not exist or does not wait."""
    if not by.strip():
        raise UsageError("a decision about a quarantined row needs its author: say who vouches for it")
    deciding = quarantine.update().where(
        quarantine.c.source == source, quarantine.c.id == row_id, quarantine.c.state == State.QUARANTINED
    )
    decided = deciding.values(state=state, decided_by=by, decided_at=at).returning(quarantine)
    row = connection.execute(decided).one_or_none()
    if row is None:
        raise UsageError(f"No row {row_id} waits in quarantine: see `planerka quarantine list`")
    return _row(row)


def _row(row: sa.Row[Any]) -> QuarantinedRow:
    values = {name: value for name, value in row._mapping.items() if name != "source"}
    return QuarantinedRow(**{**values, "state": State(row.state)})
