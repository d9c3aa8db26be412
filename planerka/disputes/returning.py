"""Which leads can be returned to work: asked at the ruling, and again before the command goes to the source."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.errors import UsageError
from planerka.regulation.signed import edition_in_force
from planerka.store import disputes
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


@dataclass(frozen=True, kw_only=True)
class Returns:
    """How often a lead was returned by other disputes, and how often the edition in force allows it; None: no limit."""

    before_n: int
    most_n: int | None
    edition: str | None

    @property
    def is_enough(self) -> bool:
        return self.most_n is not None and self.before_n >= self.most_n


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


def returns_of(connection: sa.Connection, source: str, dispute: DisputeView, now: datetime, zone: ZoneInfo) -> Returns:
    edition = edition_in_force(connection, now, zone)
    before_n = disputes.returned_n(connection, source, dispute.lead_id, besides=dispute.id)
    most_n = edition.norms.returns_max if edition else None
    return Returns(before_n=before_n, most_n=most_n, edition=edition.name if edition else None)


def refuse_a_senseless_return(connection: sa.Connection, source: str, dispute: DisputeView) -> None:
    """UsageError where something is in the way."""
    if found := obstacle(connection, source, dispute):
        raise UsageError(f"lead {dispute.lead_id} is not returned to work: {found}")


def refuse_a_forbidden_return(
    connection: sa.Connection, source: str, dispute: DisputeView, now: datetime, zone: ZoneInfo
) -> None:
    """UsageError where something is in the way, or the lead has been returned as often as the edition allows."""
    refuse_a_senseless_return(connection, source, dispute)
    returns = returns_of(connection, source, dispute, now, zone)
    if returns.is_enough:
        raise UsageError(
            f"lead {dispute.lead_id} was returned {returns.before_n} times, the most that {returns.edition} allows"
        )
