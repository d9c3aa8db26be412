"""Intended writes to the CRM, kept with the ruling that asked for them, and the receipts that prove them done."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.dispute_states import DisputeState
from planerka.model import Command, Decision, DisputeOrigin, Receipt
from planerka.store.bulk import insert_into
from planerka.store.tables import command, dispute, dispute_step, receipt

COMMANDING = (DisputeState.EVIDENCE_REQUESTED, DisputeState.RETURN_RULED, DisputeState.FINAL_RETURN)
"""States in which something is to be written into the source."""


def add(
    connection: sa.Connection, source: str, ruling_id: int, intended: Command, at: datetime, not_before: datetime
) -> None:
    """`not_before`: until then the ruling may be undone, and the command does not leave."""
    content = {**asdict(intended), "due_at": intended.due_at.isoformat()}
    row = {"marker": intended.marker, "source": source, "ruling_id": ruling_id, "content": content}
    connection.execute(command.insert().values(row | {"created_at": at, "not_before": not_before}))


def pending(connection: sa.Connection, source: str, now: datetime | None = None) -> list[Command]:
    """Commands still to be carried out, oldest first. `now`: those that may leave by then; None: all of them."""
    query = (
        sa.select(command.c.content)
        .join(dispute, dispute.c.ruling_id == command.c.ruling_id)
        .where(command.c.source == source, *_is_wanted())
    )
    if now is not None:
        query = query.where(command.c.not_before <= now)
    return [_command(content) for content in connection.scalars(query.order_by(command.c.created_at, command.c.marker))]


def take(connection: sa.Connection, marker: str, at: datetime) -> bool:
    """Remember that a command is tried now, so that its ruling is not undone any more; False where it was before."""
    wanted = sa.select(command.c.marker).join(dispute, dispute.c.ruling_id == command.c.ruling_id).where(*_is_wanted())
    taking = command.update().where(command.c.marker == marker, command.c.marker.in_(wanted)).values(tried_at=at)
    return connection.execute(taking).rowcount == 1


def is_tried(connection: sa.Connection, marker: str) -> bool:
    """Whether something of the command may have been done by an earlier try."""
    return bool(connection.scalar(sa.select(command.c.tried_at.is_not(None)).where(command.c.marker == marker)))


def let_go(connection: sa.Connection, marker: str) -> None:
    """Forget that a command was taken: the source has done nothing of it."""
    connection.execute(command.update().where(command.c.marker == marker).values(tried_at=None))


def take_over(connection: sa.Connection, dispute_id: int, kind: Decision, ruling_id: int) -> None:
    """Have a ruling carry on such a command of its dispute that was tried and has no receipt, if there is one: it may
    have been done, and only its marker tells whether."""
    is_done = sa.exists().where(receipt.c.marker == command.c.marker)
    is_its = command.c.ruling_id.in_(rulings_of(dispute_id, kind))
    is_open_ended = is_its & command.c.tried_at.is_not(None) & ~is_done
    connection.execute(command.update().where(is_open_ended).values(ruling_id=ruling_id))


def withdraw(connection: sa.Connection, ruling_id: int) -> bool:
    """Take back the command of a ruling that is undone; False where it has left for the source."""
    of_it = command.c.ruling_id == ruling_id
    connection.execute(command.delete().where(of_it, command.c.tried_at.is_(None)))
    return not is_taken(connection, ruling_id)


def is_taken(connection: sa.Connection, ruling_id: int) -> bool:
    """Whether the command of a ruling has left for the source; False too where it asks for none."""
    is_its = (command.c.ruling_id == ruling_id) & command.c.tried_at.is_not(None)
    return bool(connection.scalar(sa.select(sa.exists().where(is_its))))


def is_begun(connection: sa.Connection, dispute_id: int, kind: Decision) -> bool:
    """Whether the source has such a command of this dispute, or may have it, by a ruling of any time."""
    is_its = command.c.ruling_id.in_(rulings_of(dispute_id, kind))
    return bool(connection.scalar(sa.select(sa.exists().where(is_its, command.c.tried_at.is_not(None)))))


def receipts_of(connection: sa.Connection, dispute_id: int) -> dict[Decision, Receipt]:
    """What the source has of a dispute: what the ruling that stands asked for, and a return, whatever was decided
    since."""
    is_told = (dispute_step.c.action == Decision.RETURN_TO_WORK) | (dispute.c.ruling_id == dispute_step.c.id)
    query = (
        sa.select(dispute_step.c.action, *(receipt.c[name] for name in Receipt.__dataclass_fields__))
        .join_from(receipt, command, command.c.marker == receipt.c.marker)
        .join(dispute_step, dispute_step.c.id == command.c.ruling_id)
        .join(dispute, dispute.c.id == dispute_step.c.dispute_id)
        .where(dispute.c.id == dispute_id, is_told)
    )
    found = connection.execute(query).mappings()
    return {Decision(row["action"]): Receipt(**{k: row[k] for k in Receipt.__dataclass_fields__}) for row in found}


def rulings_of(dispute_id: int, kind: Decision) -> sa.Select[tuple[int]]:
    return sa.select(dispute_step.c.id).where(dispute_step.c.dispute_id == dispute_id, dispute_step.c.action == kind)


def handed_over(kind: Decision) -> sa.Select[tuple[str]]:
    """The markers of such commands that the source has; by `dispute_step` the rulings that asked for them."""
    return (
        sa.select(receipt.c.marker)
        .join(command, command.c.marker == receipt.c.marker)
        .join(dispute_step, dispute_step.c.id == command.c.ruling_id)
        .where(dispute_step.c.action == kind)
    )


def _is_wanted() -> tuple[sa.ColumnElement[bool], ...]:
    """Whether what a row of `command`, joined to `dispute` by the ruling that stands, asks for has still to be done.

    Not what was ruled over, appealed, or has fallen: evidence was asked for, and a later verdict found it. But what has
    been tried may have been done, and an appeal calls nothing back: it is carried through to its receipt.
    """
    is_done = sa.exists().where(receipt.c.marker == command.c.marker)
    is_on_its_way = (dispute.c.state == DisputeState.APPEALED) & command.c.tried_at.is_not(None)
    return dispute.c.state.in_(COMMANDING) | is_on_its_way, ~is_done


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
