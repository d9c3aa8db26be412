"""What was done last, above the page that comes next: with the minute in which it can be taken back."""

from dataclasses import dataclass

import sqlalchemy as sa

from planerka.desk.bench import can_undo
from planerka.desk.show.disputes import Shower, StepLine
from planerka.desk.visit import Visit
from planerka.store import disputes
from planerka.store.dispute_steps import last_step


@dataclass(frozen=True, kw_only=True)
class LastStep:
    """The last step of a dispute; `can_undo`: by whoever reads it, now."""

    id: int
    told: StepLine
    can_undo: bool


def done_of(visit: Visit, connection: sa.Connection, shower: Shower, dispute_id: int | None) -> LastStep | None:
    """None where nothing was done, or not by this reader."""
    if dispute_id is None or not disputes.is_there(connection, visit.desk.source, dispute_id):
        return None
    view, last = disputes.show(connection, visit.desk.source, dispute_id), last_step(connection, dispute_id)
    if visit.person is None or last.author != visit.person.name:
        return None
    return LastStep(id=dispute_id, told=shower.told(last, view.origin), can_undo=can_undo(visit, connection, last))
