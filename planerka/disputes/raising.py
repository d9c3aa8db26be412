"""A dispute raised by hand: marketing doubts a rejection that the machine let pass."""

from datetime import datetime, timedelta

from planerka.dispute_states import DisputeAction
from planerka.disputes.docket import Docket
from planerka.disputes.ruling import refuse_the_unsaid
from planerka.errors import UsageError
from planerka.model import DisputeOrigin
from planerka.phones import masked
from planerka.regulation.signed import edition_in_force
from planerka.store import disputes
from planerka.store.disputes import NewDispute
from planerka.store.review import last_rejection, may_not_be_called
from planerka.store.touched import hold


def raise_by_hand(docket: Docket, lead_id: str, author: str, comment: str, now: datetime) -> int:
    """Open a dispute on the last rejection of a lead, whatever its verdict; returns its number.

    UsageError: no comment or author, no edition in force, a lead that is not rejected or whose client is left in
    peace, and a rejection that is disputed already.
    """
    refuse_the_unsaid(author, comment)
    with docket.engine.begin() as connection:
        hold(connection, docket.source)
        edition = edition_in_force(connection, now, docket.review.zone)
        if edition is None:
            raise UsageError("no edition of the regulation is in force: sign one first")
        rejection_id = last_rejection(connection, docket.source, lead_id)
        if rejection_id is None:
            raise UsageError(f"lead {lead_id!r} is not rejected now, or not known: give the id that the CRM has for it")
        if may_not_be_called(connection, docket.source, lead_id):
            raise UsageError(f"the client of lead {lead_id} asked not to be called: there is nothing to dispute")
        due_at = docket.review.after(now, timedelta(hours=edition.norms.review_hours))
        new = NewDispute(
            origin=DisputeOrigin.RAISED, subject_id=rejection_id, lead_id=lead_id, opened_at=now, due_at=due_at
        )
        number = disputes.raise_dispute(connection, docket.source, new, author.strip(), masked(comment.strip()))
        if number is None:
            raise UsageError(f"the last rejection of lead {lead_id} is disputed already: search for the lead")
        docket.witness(connection, DisputeAction.OPEN, number)
        return number
