"""Returned leads as the store keeps them, told in days since DAY_0."""

from datetime import UTC, datetime, timedelta
from itertools import count

import sqlalchemy as sa

from planerka.disputes.ledger import Ledger, ledger
from planerka.model import Command, Contract, Decision, DisputeOrigin, Event, Lead, Receipt
from planerka.store import commands, disputes, leads
from planerka.store.disputes import NewDispute
from tests.builders_disputes import put_ruling
from tests.builders_store import MOSCOW, frame_of

DAY_0 = datetime(2026, 7, 1, 9, tzinfo=UTC)
NUMBERS = count(1)


def on(days: float) -> datetime:
    return DAY_0 + timedelta(days=days)


def keep(engine: sa.Engine, noun: type, *rows: dict) -> None:
    with engine.begin() as connection:
        leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), MOSCOW)


def keep_lead(engine: sa.Engine, lead_id: str = "L1", **values: object) -> None:
    keep(engine, Lead, {"id": lead_id, "client_id": f"client of {lead_id}", "manager_id": "M1", **values})


def rule_on(
    engine: sa.Engine,
    decision: Decision,
    days: float,
    lead_id: str = "L1",
    *,
    handed_over: float | None = None,
    origin: DisputeOrigin = DisputeOrigin.UNLAWFUL,
    author: str = "Анна",
    manager_id: str | None = "M1",
) -> int:
    """A dispute over a rejection of its own, by that manager, ruled on that day; a return leaves for the source at
    `handed_over`."""
    number = next(NUMBERS)
    subject_id = f"rejection {number}"
    rejected = {"id": subject_id, "lead_id": lead_id, "kind": "rejected", "at": on(days - 1).isoformat()}
    if origin != DisputeOrigin.NEGLECT:
        keep(engine, Event, {**rejected, "manager_id": manager_id, "reason_id": "17"})
    times = {"opened_at": on(days), "due_at": on(days + 2)}
    new = NewDispute(origin=origin, subject_id=subject_id, lead_id=lead_id, **times)
    command = command_of(f"marker {number}", lead_id, origin) if decision == Decision.RETURN_TO_WORK else None
    with engine.begin() as connection:
        disputes.open_disputes(connection, "crm", [new])
        dispute_id = next(view.id for view in disputes.listing(connection, "crm") if view.subject_id == subject_id)
        put_ruling(connection, dispute_id, decision, "комментарий", on(days), command, author)
        if command and handed_over is not None:
            receipt = Receipt(marker=command.marker, handed_over_at=on(handed_over), confirmed_at=on(handed_over))
            commands.put_receipt(connection, receipt)
    return dispute_id


def command_of(marker: str, lead_id: str, origin: DisputeOrigin) -> Command:
    texts = {"manager_id": "M1", "stage_id": None, "note": "note", "task": "task"}
    kind = Decision.RETURN_TO_WORK
    return Command(marker=marker, lead_id=lead_id, origin=origin, kind=kind, due_at=on(0), **texts)


def return_on(engine: sa.Engine, days: float, lead_id: str = "L1", **more: object) -> int:
    """A lead returned to work on that day; the number of its dispute."""
    return rule_on(engine, Decision.RETURN_TO_WORK, days, lead_id, handed_over=days, **more)


def sign_on(engine: sa.Engine, days: float, lead_id: str = "L1", **values: object) -> None:
    """A contract signed on that day, of a flat for ten million roubles unless told otherwise."""
    signed = {"id": f"K{next(NUMBERS)}", "lead_id": lead_id, "signed_at": on(days).isoformat()}
    keep(engine, Contract, {**signed, "price_minor": 10_000_000_00, **values})


def happens_on(engine: sa.Engine, days: float, kind: str, lead_id: str = "L1", **values: object) -> str:
    """An event of the lead; its id."""
    id_ = f"event {next(NUMBERS)}"
    at = on(days).isoformat()
    keep(engine, Event, {"id": id_, "lead_id": lead_id, "kind": kind, "at": at, "manager_id": "M1", **values})
    return id_


def ledger_on(engine: sa.Engine, days: float, since: float | None = None, cost: int | None = None) -> Ledger:
    """The ledger as of that day."""
    return ledger(engine, "crm", None if since is None else on(since), on(days), MOSCOW, cost)
