"""What nobody ruled on in time is decided as the edition says, and shown to the director."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.dispute_states import WAITING, DisputeAction
from planerka.disputes.docket import Docket
from planerka.disputes.returning import obstacle_to_ruling
from planerka.disputes.ruling import decide
from planerka.model import Decision
from planerka.regulation.signed import edition_in_force
from planerka.rulebook.regulation import Edition
from planerka.store import disputes
from planerka.store.database import reading
from planerka.store.dispute_steps import Act
from planerka.store.disputes import DisputeView
from planerka.store.touched import hold
from planerka.words import _

NOT_IN_TIME = _("Nobody ruled in time: decided as edition {edition} says")
NOT_RETURNABLE = _("Nobody ruled in time, and the lead cannot be returned to work")


@dataclass(frozen=True, kw_only=True)
class ExpiryReport:
    """How many disputes the edition decided, and how."""

    upheld_n: int = 0
    returned_n: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """All of them, the upheld and the returned."""
        return self.upheld_n + self.returned_n, self.upheld_n, self.returned_n


def expire_overdue(docket: Docket, now: datetime) -> ExpiryReport:
    """Decide every waiting dispute whose deadline has passed by `now`, each in a transaction of its own."""
    with reading(docket.engine) as connection:
        edition = edition_in_force(connection, now, docket.review.zone)
        overdue = [view for view in disputes.listing(connection, docket.source, WAITING) if view.due_at < now]
    decided = Counter(expire(docket, view.id, edition, now) for view in overdue if edition)
    return ExpiryReport(upheld_n=decided[Decision.UPHOLD], returned_n=decided[Decision.RETURN_TO_WORK])


def expire(docket: Docket, dispute_id: int, edition: Edition, now: datetime) -> Decision | None:
    """What was decided; None where somebody ruled meanwhile."""
    with docket.engine.begin() as connection:
        hold(connection, docket.source)
        dispute = disputes.show(connection, docket.source, dispute_id)
        if not dispute.state.is_waiting or dispute.due_at >= now:
            return None
        docket.take(connection, dispute_id, Act(action=DisputeAction.EXPIRE, at=now))
        decision, why = decided(docket, connection, dispute, edition, now)
        decide(docket, connection, dispute, Act(action=DisputeAction(decision), at=now, comment=why))
        return decision


def decided(
    docket: Docket, connection: sa.Connection, dispute: DisputeView, edition: Edition, now: datetime
) -> tuple[Decision, str]:
    """What the edition decides, and why in the company's words: what cannot be returned stays rejected."""
    decision, why = edition.norms.on_expiry, docket.words.say(NOT_IN_TIME, edition=edition.name)
    if decision == Decision.RETURN_TO_WORK and obstacle_to_ruling(docket, connection, dispute, now):
        return Decision.UPHOLD, docket.words.say(NOT_RETURNABLE)
    return decision, why
