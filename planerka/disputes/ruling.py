"""Rulings: what a person decides of a dispute, and the write to the CRM that follows from it."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.disputes.returning import refuse_a_senseless_return
from planerka.errors import UsageError
from planerka.model import Command, Decision, DisputeOrigin
from planerka.phones import MASK, masked
from planerka.regulation.signed import edition_in_force
from planerka.store import disputes
from planerka.store.disputes import DisputeView
from planerka.store.erasure import is_erased
from planerka.store.touched import hold
from planerka.words import Words, _

TASK_WORKING_TIME = timedelta(hours=4)
"""Within half a working day of a ruling somebody calls the client: a lead that lies longer is lost again."""

RETURNED = _("The lead is back in work"), _("Call the client: the lead is back in work")
EVIDENCE_OF_REJECTION = _("Evidence requested"), _("Give the evidence for the rejection")
EVIDENCE_OF_WORK = _("Evidence requested"), _("Say what has been done about the lead since the last touch")
"""The note and the task that a ruling writes into the CRM."""


def rule(
    engine: sa.Engine,
    source: str,
    dispute_id: int,
    decision: Decision,
    author: str,
    comment: str,
    office: WorkCalendar,
    words: Words,
    now: datetime,
) -> int:
    """Record a ruling, and in the same transaction the command that carries it out; returns the ruling's number.

    Of a lead that was erased the comment is kept as `***`, and goes so to the source.
    UsageError: no comment or author, a closed dispute, and a return of a lead that is in work again, won or gone,
    whose client asked not to be called, or that has been returned as often as the edition allows.
    """
    if not comment.strip() or not author.strip():
        raise UsageError("a ruling needs a comment and an author: the departments read why, and who decided")
    with engine.begin() as connection:
        hold(connection, source)  # an erasure that commits between this look and the writing would not see the ruling
        dispute = disputes.show(connection, source, dispute_id)
        comment = MASK if is_erased(connection, source, dispute.lead_id) else masked(comment.strip())
        if decision == Decision.RETURN_TO_WORK:
            refuse_a_forbidden_return(connection, source, dispute, now, office)
        command = None if decision == Decision.UPHOLD else command_of(dispute, decision, comment, office, words, now)
        return disputes.rule(connection, source, dispute_id, decision, author.strip(), comment, now, command)


def refuse_a_forbidden_return(
    connection: sa.Connection, source: str, dispute: DisputeView, now: datetime, office: WorkCalendar
) -> None:
    refuse_a_senseless_return(connection, source, dispute)
    edition = edition_in_force(connection, now, office.zone)
    returned_n = disputes.returned_n(connection, source, dispute.lead_id)
    if edition and returned_n >= edition.norms.returns_max:
        raise UsageError(f"lead {dispute.lead_id} was returned {returned_n} times, the most that {edition.name} allows")


def command_of(
    dispute: DisputeView, decision: Decision, comment: str, office: WorkCalendar, words: Words, now: datetime
) -> Command:
    """The write that a ruling asks for. Its marker stands in the note, so that a repeat can find it."""
    marker = f"planerka-{dispute.id}-{decision}-{now:%Y%m%d%H%M%S%f}"
    clauses = "; ".join(f"{finding['clause']} {finding[words.language]}" for finding in dispute.findings or [])
    what, task = (words.say(text) for text in texts_of(dispute, decision))
    return Command(
        marker=marker,
        lead_id=dispute.lead_id,
        origin=dispute.origin,
        kind=decision,
        manager_id=dispute.manager_id,
        stage_id=None,
        note=f"{'. '.join(filter(None, (what, clauses, comment)))} [{marker}]",
        task=f"{task} [{marker}]",
        due_at=office.after(now, TASK_WORKING_TIME),
    )


def texts_of(dispute: DisputeView, decision: Decision) -> tuple[str, str]:
    if decision == Decision.RETURN_TO_WORK:
        return RETURNED
    return EVIDENCE_OF_WORK if dispute.origin == DisputeOrigin.NEGLECT else EVIDENCE_OF_REJECTION
