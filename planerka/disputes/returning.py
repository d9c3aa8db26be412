"""Which leads can be returned to work: asked at the ruling, and again before the command goes to the source."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from planerka.disputes.docket import Docket
from planerka.errors import UsageError
from planerka.model import Decision
from planerka.regulation.signed import edition_in_force
from planerka.store import commands, disputes
from planerka.store.disputes import DisputeView
from planerka.store.review import may_not_be_called


class Obstacle(StrEnum):
    """Why a lead is not returned, in words that follow its name."""

    GONE = "the source has it no more"
    OPEN = "it is open now"
    WON = "it is won now"
    REJECTED = "it is rejected now"
    NOT_TO_BE_CALLED = "the client asked not to be called, which holds for ever"
    RETURNED_ENOUGH = "it was returned as often as the regulation allows"


def obstacle(connection: sa.Connection, source: str, dispute: DisputeView) -> Obstacle | None:
    """None where the lead is where the dispute found it, and its client may be called.

    A rejected lead may be returned; an open one only if nobody touches it. A return would take a buyer, or a
    client who books today, back to the first call.
    """
    if dispute.status is None:
        return Obstacle.GONE
    if dispute.status not in dispute.origin.returnable:
        return Obstacle[dispute.status.name]
    return Obstacle.NOT_TO_BE_CALLED if may_not_be_called(connection, source, dispute.lead_id) else None


def obstacle_to_ruling(
    docket: Docket, connection: sa.Connection, dispute: DisputeView, now: datetime
) -> Obstacle | None:
    """What `obstacle` finds, and that other disputes have returned the lead as often as the edition in force allows.

    Nothing is in the way of one that is back already, or may be.
    """
    if is_return_begun(connection, dispute):
        return None
    if found := obstacle(connection, docket.source, dispute):
        return found
    edition = edition_in_force(connection, now, docket.office.zone)
    before_n = disputes.returned_n(connection, docket.source, dispute.lead_id, besides=dispute.id)
    return Obstacle.RETURNED_ENOUGH if edition and before_n >= edition.norms.returns_max else None


def is_return_begun(connection: sa.Connection, dispute: DisputeView) -> bool:
    """Whether a return that this dispute asked for was handed over, or may have been, by whichever of its rulings."""
    return commands.is_begun(connection, dispute.id, Decision.RETURN_TO_WORK)


def refuse(dispute: DisputeView, found: Obstacle | None) -> None:
    """UsageError where something is in the way of a return."""
    if found:
        raise UsageError(f"lead {dispute.lead_id} is not returned to work: {found}")
