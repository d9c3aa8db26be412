"""Disputes for tests that are about something else: a docket, and rulings as the store keeps them."""

from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.dispute_states import DisputeAction
from planerka.disputes.docket import Docket
from planerka.model import Command, Decision, DisputeOrigin
from planerka.store import commands, disputes
from planerka.store.dispute_steps import Act, take_step
from planerka.store.disputes import NewDispute
from planerka.words import words_for
from tests.builders_regulation import OFFICE
from tests.builders_store import MOSCOW

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
REVIEW = WorkCalendar(zone=MOSCOW, opens=time(9), closes=time(18), weekdays=(1, 2, 3, 4, 5))


def docket_of(engine: sa.Engine, source: str = "crm") -> Docket:
    return Docket(engine=engine, source=source, office=OFFICE, review=REVIEW, words=words_for("ru"))


def put_ruling(
    connection: sa.Connection,
    dispute_id: int,
    decision: Decision,
    comment: str,
    at: datetime,
    command: Command | None = None,
    author: str = "Анна",
    source: str = "crm",
) -> None:
    """A ruling and its command in the store, whatever the rules of ruling would say."""
    act = Act(action=DisputeAction(decision), at=at, author=author, comment=comment)
    ruling_id = take_step(connection, source, dispute_id, act)
    if command:
        commands.add(connection, source, ruling_id, command, at, at)


def open_one(connection: sa.Connection, subject_id: str = "E1", lead_id: str = "L1") -> int:
    """A dispute over a wrong rejection; its number."""
    times = {"opened_at": NOW, "due_at": NOW + timedelta(days=2)}
    new = NewDispute(origin=DisputeOrigin.UNLAWFUL, subject_id=subject_id, lead_id=lead_id, **times)
    disputes.open_disputes(connection, "crm", [new])
    return next(view.id for view in disputes.listing(connection, "crm") if view.subject_id == subject_id)
