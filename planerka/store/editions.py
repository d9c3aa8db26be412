"""Editions of the regulation, who signed them and who has read them: the hash stays, whatever happens to the file."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

import sqlalchemy as sa

from planerka.errors import RulebookError
from planerka.store.bulk import insert_into
from planerka.store.tables import acknowledgement as acknowledgements
from planerka.store.tables import edition as editions
from planerka.store.tables import signature as signatures


@dataclass(frozen=True, kw_only=True)
class StoredEdition:
    """`content` is the canonical form that `sha256` is the hash of."""

    edition: str
    effective_on: date
    sha256: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A head of department (`role`) signed the edition whose content had this hash."""

    edition: str
    role: str
    name: str
    sha256: str
    signed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A manager of a source has read the edition whose content has this hash."""

    edition: str
    source: str
    manager_id: str
    sha256: str
    acknowledged_at: datetime


def put_edition(connection: sa.Connection, edition: StoredEdition) -> None:
    """Keep an edition; an unsigned one may still change, a signed one may not: RulebookError."""
    signed = connection.scalars(
        sa.select(signatures.c.sha256).where(
            signatures.c.edition == edition.edition, signatures.c.sha256 != edition.sha256
        )
    ).first()
    if signed:
        raise RulebookError(
            f"Edition {edition.edition} was signed as {signed[:12]}… and now reads {edition.sha256[:12]}…: "
            "restore what was signed, or give the change an edition of its own"
        )
    insert = insert_into(connection, editions).values(**asdict(edition))
    values = {name: insert.excluded[name] for name in ("effective_on", "sha256", "content")}
    connection.execute(insert.on_conflict_do_update(index_elements=["edition"], set_=values))


def sign(connection: sa.Connection, signature: Signature) -> bool:
    """Keep a signature; False where that role had signed before: the first signature stands."""
    insert = insert_into(connection, signatures).values(**asdict(signature)).on_conflict_do_nothing()
    return connection.scalar(insert.returning(signatures.c.role)) is not None


def all_editions(connection: sa.Connection) -> list[StoredEdition]:
    """Every edition ever kept, by the day it takes effect."""
    rows = connection.execute(sa.select(editions).order_by(editions.c.effective_on, editions.c.edition))
    return [StoredEdition(**row._mapping) for row in rows]


def all_signatures(connection: sa.Connection) -> list[Signature]:
    rows = connection.execute(sa.select(signatures).order_by(signatures.c.signed_at, signatures.c.role))
    return [Signature(**row._mapping) for row in rows]


def acknowledge(connection: sa.Connection, acknowledgement: Acknowledgement) -> bool:
    """Keep that a manager has read an edition; False where it was kept before: the first time stands."""
    insert = insert_into(connection, acknowledgements).values(**asdict(acknowledgement)).on_conflict_do_nothing()
    return connection.scalar(insert.returning(acknowledgements.c.manager_id)) is not None


def all_acknowledgements(connection: sa.Connection) -> list[Acknowledgement]:
    ordered = sa.select(acknowledgements).order_by(acknowledgements.c.acknowledged_at, acknowledgements.c.manager_id)
    return [Acknowledgement(**row._mapping) for row in connection.execute(ordered)]
