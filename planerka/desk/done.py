"""What was done last, above the page that comes next: with the minute in which it can be taken back."""

from dataclasses import dataclass

import sqlalchemy as sa

from planerka.desk.bench import can_undo
from planerka.desk.show.disputes import Shower, StepLine
from planerka.desk.visit import Visit
from planerka.store.dispute_steps import steps


@dataclass(frozen=True, kw_only=True)
class LastStep:
    """The last step of a dispute; `can_undo`: by whoever reads it, now."""

    id: int
    told: StepLine
    can_undo: bool


def done_of(visit: Visit, connection: sa.Connection, shower: Shower, dispute_id: int | None) -> LastStep | None:
    """None where nothing was done, or not by this reader."""
    taken = steps(connection, dispute_id) if dispute_id else []
    if not taken or visit.person is None or taken[-1].author != visit.person.name:
        return None
    last = taken[-1]
    return LastStep(id=last.dispute_id, told=shower.told(last), can_undo=can_undo(visit, connection, last))
