"""Appeals: a head of department asks the commercial director to look at a ruling again; that decision is final."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.dispute_states import DisputeAction, DisputeState
from planerka.disputes.docket import Docket
from planerka.disputes.ruling import decide, held, refuse_the_unsaid
from planerka.errors import UsageError
from planerka.model import Decision
from planerka.regulation.signed import edition_in_force
from planerka.store.dispute_steps import Act
from planerka.store.disputes import DisputeView

APPEALABLE = (DisputeState.UPHELD, DisputeState.RETURN_RULED)


def appealable_until(docket: Docket, connection: sa.Connection, dispute: DisputeView) -> datetime | None:
    """Until when the ruling that stands may be appealed, by the edition of its day; None where there is none to be."""
    if dispute.state not in APPEALABLE or dispute.ruled_at is None:
        return None
    edition = edition_in_force(connection, dispute.ruled_at, docket.review.zone)
    return docket.review.after(dispute.ruled_at, timedelta(hours=edition.norms.appeal_hours)) if edition else None


def appeal(
    docket: Docket, dispute_id: int, author: str, comment: str, now: datetime, *, seen_n: int | None = None
) -> None:
    """Ask the director to decide; a return that has not left for the source waits until then.

    UsageError: no comment or author, and a ruling whose window has passed. ChangedError: there is no ruling to appeal,
    it is final, or the dispute was changed since.
    """
    refuse_the_unsaid(author, comment)
    with docket.engine.begin() as connection:
        dispute, comment = held(docket, connection, dispute_id, comment)
        until = appealable_until(docket, connection, dispute)
        if until and now > until:
            raise UsageError(f"dispute {dispute_id} could be appealed until {until:%Y-%m-%d %H:%M} UTC: it is final")
        act = Act(action=DisputeAction.APPEAL, at=now, author=author.strip(), comment=comment, seen_n=seen_n)
        docket.take(connection, dispute_id, act)


def decide_appeal(
    docket: Docket,
    dispute_id: int,
    decision: Decision,
    author: str,
    comment: str,
    now: datetime,
    *,
    seen_n: int | None = None,
    undo_time: timedelta = timedelta(),
) -> int:
    """Decide for good; returns the ruling's number.

    UsageError: no comment or author, a dispute that was not appealed, a request for evidence, and a return that
    `rule` would refuse. ChangedError: the dispute was changed since.
    """
    refuse_the_unsaid(author, comment)
    with docket.engine.begin() as connection:
        dispute, comment = held(docket, connection, dispute_id, comment)
        if dispute.state != DisputeState.APPEALED or decision == Decision.REQUEST_EVIDENCE:
            raise UsageError(f"dispute {dispute_id} is {dispute.state}: an appeal is upheld or returned to work")
        act = Act(action=DisputeAction(decision), at=now, author=author.strip(), comment=comment, seen_n=seen_n)
        return decide(docket, connection, dispute, act, undo_time)
