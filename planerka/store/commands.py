"""Intended writes to the CRM, kept with the ruling that asked for them, and the receipts that prove them done."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.model import Command, Decision, DisputeOrigin, Receipt
from planerka.store.bulk import insert_into
from planerka.store.review import is_fallen
from planerka.store.tables import command, dispute, receipt, ruling


def add(connection: sa.Connection, source: str, ruling_id: int, intended: Command, at: datetime) -> None:
    content = {**asdict(intended), "due_at": intended.due_at.isoformat()}
    row = {"marker": intended.marker, "source": source, "ruling_id": ruling_id, "content": content, "created_at": at}
    connection.execute(command.insert().values(row))


def pending(connection: sa.Connection, source: str) -> list[Command]:
    """Commands without a receipt, oldest first: still to be carried out.

    Not those of a dispute that has fallen: evidence was asked for, and a later verdict found it.
    """
    query = (
        sa.select(command.c.content)
        .outerjoin(receipt, receipt.c.marker == command.c.marker)
        .join(ruling, ruling.c.id == command.c.ruling_id)
        .join(dispute, dispute.c.id == ruling.c.dispute_id)
        .where(command.c.source == source, receipt.c.marker.is_(None), ~is_fallen(source))
    )
    return [_command(content) for content in connection.scalars(query.order_by(command.c.created_at, command.c.marker))]


def put_refusal(connection: sa.Connection, marker: str, why: str, at: datetime) -> None:
    """Keep why the last try of a command was refused; it stays pending."""
    connection.execute(command.update().where(command.c.marker == marker).values(refusal=why, refused_at=at))


def put_receipt(connection: sa.Connection, proof: Receipt) -> bool:
    """Keep the proof of a command; a confirmed one stays as it is. Returns whether it says anything new."""
    insert = insert_into(connection, receipt).values(asdict(proof))
    confirmed_at = insert.excluded.confirmed_at
    keeping = insert.on_conflict_do_update(
        index_elements=["marker"],
        set_={"confirmed_at": confirmed_at},
        where=receipt.c.confirmed_at.is_(None) & confirmed_at.is_not(None),
    )
    return connection.scalar(keeping.returning(receipt.c.marker)) is not None


def _command(content: dict[str, Any]) -> Command:
    named = {"origin": DisputeOrigin(content["origin"]), "kind": Decision(content["kind"])}
    return Command(**{**content, **named, "due_at": datetime.fromisoformat(content["due_at"])})
