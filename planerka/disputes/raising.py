"""A dispute raised by hand: marketing doubts a rejection that the machine let pass."""

from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from planerka.dispute_states import DisputeAction
from planerka.disputes.docket import Docket
from planerka.disputes.ruling import refuse_the_unsaid
from planerka.disputes.stake import weigh
from planerka.errors import UsageError
from planerka.model import DisputeOrigin
from planerka.phones import masked
from planerka.regulation.signed import edition_in_force
from planerka.store import disputes
from planerka.store.disputes import NewDispute
from planerka.store.review import last_rejection, may_not_be_called
from planerka.store.touched import hold
from planerka.store.windows import get_source


class NotRaised(StrEnum):
    """Why the last rejection of a lead is not disputed, in words that follow its name."""

    NO_EDITION = "no edition of the regulation is in force: sign one first"
    NOT_REJECTED = "it is not rejected now, or not known: give the id that the CRM has for it"
    NOT_TO_BE_CALLED = "its client asked not to be called: there is nothing to return"
    DISPUTED = "its last rejection is disputed already"


class NotRaisedError(UsageError):
    """No dispute is raised over the last rejection of a lead; `dispute_id` is the one that is over it already."""

    def __init__(self, lead_id: str, why: NotRaised, dispute_id: int | None = None) -> None:
        where = f": see dispute {dispute_id}" if dispute_id else ""
        super().__init__(f"lead {lead_id}: {why}{where}")
        self.why = why
        self.dispute_id = dispute_id


def to_be_raised(docket: Docket, connection: sa.Connection, lead_id: str, now: datetime) -> NewDispute:
    """The dispute to be opened on the last rejection of a lead; NotRaisedError says why none is."""
    edition = edition_in_force(connection, now, docket.review.zone)
    rejection_id = last_rejection(connection, docket.source, lead_id)
    if edition is None:
        raise NotRaisedError(lead_id, NotRaised.NO_EDITION)
    if rejection_id is None:
        raise NotRaisedError(lead_id, NotRaised.NOT_REJECTED)
    if may_not_be_called(connection, docket.source, lead_id):
        raise NotRaisedError(lead_id, NotRaised.NOT_TO_BE_CALLED)
    if number := disputes.number_over(connection, docket.source, rejection_id):
        raise NotRaisedError(lead_id, NotRaised.DISPUTED, number)
    times = {"opened_at": now, "due_at": docket.review.after(now, timedelta(hours=edition.norms.review_hours))}
    return NewDispute(origin=DisputeOrigin.RAISED, subject_id=rejection_id, lead_id=lead_id, **times)


def raise_by_hand(docket: Docket, lead_id: str, author: str, comment: str, now: datetime) -> int:
    """Open a dispute on the last rejection of a lead, whatever its verdict; returns its number. What is at stake in it
    is counted at once: the queue puts it where it belongs.

    UsageError: no comment or author. NotRaisedError: what `to_be_raised` says.
    """
    refuse_the_unsaid(author, comment)
    with docket.engine.begin() as connection:
        hold(connection, docket.source)
        new = to_be_raised(docket, connection, lead_id, now)
        number = disputes.raise_dispute(connection, docket.source, new, author.strip(), masked(comment.strip()))
        if known := get_source(connection, docket.source):
            weigh(connection, docket.source, known.data_until, docket.review.zone)
        docket.witness(connection, DisputeAction.OPEN, number)
        return number
