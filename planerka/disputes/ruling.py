"""Rulings: what a person decides of a dispute, and the write to the CRM that follows from it."""

from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from planerka.dispute_states import RULING, DisputeAction, DisputeState
from planerka.disputes.docket import Docket
from planerka.disputes.returning import is_return_begun, obstacle_to_ruling, refuse
from planerka.errors import ChangedError, UsageError
from planerka.model import Command, Decision, DisputeOrigin
from planerka.phones import MASK, masked
from planerka.store import commands, disputes
from planerka.store.dispute_steps import Act, analyst_of, steps, told
from planerka.store.disputes import DisputeView
from planerka.store.erasure import is_erased
from planerka.store.touched import hold
from planerka.words import _

TASK_WORKING_TIME = timedelta(hours=4)
"""Within half a working day of a ruling somebody calls the client: a lead that lies longer is lost again."""

UNDO_TIME = timedelta(minutes=1)
"""So long a ruling of the desk can be taken back; its command leaves only then."""

RETURNED = _("The lead is back in work"), _("Call the client: the lead is back in work")
EVIDENCE_OF_REJECTION = _("Evidence requested"), _("Give the evidence for the rejection")
EVIDENCE_OF_WORK = _("Evidence requested"), _("Say what has been done about the lead since the last touch")
"""The note and the task that a ruling writes into the CRM."""


class NotUndone(StrEnum):
    """Why a ruling is not taken back, in words that follow the number of its dispute."""

    OVER = "its ruling can be taken back for a minute, and that is over"
    TAKEN = "its ruling is written into the CRM already, or on its way there, and is not taken back"


class NotUndoneError(UsageError):
    """It is too late to take a ruling back; `why` is one of the reasons."""

    def __init__(self, dispute_id: int, why: NotUndone) -> None:
        super().__init__(f"dispute {dispute_id}: {why}")
        self.why = why


def rule(
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
    """Record a ruling, and in the same transaction the command that carries it out; returns the ruling's number.

    `seen_n`: how many steps of the dispute the author knew of. `undo_time`: how long the command waits to be undone.
    Of a lead that was erased the comment is kept as `***`, and goes so to the source. A request for evidence gives the
    manager time to answer, and the analyst as much to read it.
    UsageError: no comment or author, an appealed dispute, and a return of a lead that is in work again, won or gone,
    whose client asked not to be called, or that has been returned as often as the edition allows. ChangedError: the
    dispute is closed, or was changed since.
    """
    refuse_the_unsaid(author, comment)
    with docket.engine.begin() as connection:
        dispute, comment = held(docket, connection, dispute_id, comment)
        if dispute.state == DisputeState.APPEALED:
            raise UsageError(f"dispute {dispute_id} was appealed: the commercial director decides")
        act = Act(action=DisputeAction(decision), at=now, author=author.strip(), comment=comment, seen_n=seen_n)
        return decide(docket, connection, dispute, act, undo_time)


def decide(
    docket: Docket, connection: sa.Connection, dispute: DisputeView, act: Act, undo_time: timedelta = timedelta()
) -> int:
    """Take a step that is a ruling, whoever rules, and add the command it asks for; returns the ruling's number.

    A lead that is back in work already is not returned once more, and a return that may have been done goes on as it
    was asked for first. UsageError where the lead cannot be returned, ChangedError as of `take_step`.
    """
    decision = Decision(act.action)
    is_return, is_request = decision == Decision.RETURN_TO_WORK, decision == Decision.REQUEST_EVIDENCE
    is_new = is_request or (is_return and not is_return_begun(connection, dispute))
    where = docket.answer_link(connection, dispute.id) if docket.answer_link and is_request else ""
    command = command_of(docket, dispute, act, where) if is_new else None
    kept = time_to_answer(docket, dispute, act, command) if command and is_request else {}
    ruling_id = docket.take(connection, dispute.id, act, **kept)
    if is_return:
        refuse(dispute, obstacle_to_ruling(docket, connection, dispute, act.at))
        commands.take_over(connection, dispute.id, decision, ruling_id)
    if command:
        commands.add(connection, docket.source, ruling_id, command, act.at, act.at + undo_time)
    return ruling_id


def time_to_answer(docket: Docket, dispute: DisputeView, act: Act, command: Command) -> dict[str, object]:
    """What a request for evidence changes of a dispute: who asked gets the answer, and the time to read it."""
    due_at = docket.review.after(command.due_at, TASK_WORKING_TIME)
    return {"due_at": max(due_at, dispute.due_at), "assigned_to": act.author}


def assign(docket: Docket, dispute_id: int, analyst: str, now: datetime, *, seen_n: int | None = None) -> None:
    """Have an analyst look after a dispute. ChangedError where it waits for none, or was changed since."""
    act = Act(action=DisputeAction.ASSIGN, at=now, author=analyst, seen_n=seen_n)
    with docket.engine.begin() as connection:
        docket.take(connection, dispute_id, act, assigned_to=analyst)


def undo(docket: Docket, dispute_id: int, author: str, now: datetime) -> None:
    """Take back one's own ruling, the last thing that was done, within UNDO_TIME and before its command has left.

    The dispute is where the ruling found it: its state, its deadline, who looks after it, and an earlier request for
    evidence, which waits again. What was written stays among the steps. ChangedError where something else was done
    last, NotUndoneError where it is too late.
    """
    with docket.engine.begin() as connection:
        disputes.show(connection, docket.source, dispute_id)
        *before, last = steps(connection, dispute_id)
        if last.action not in RULING or last.author != author:
            raise ChangedError(told(last))
        # The command is taken back first: the row that says whether it has left is the one both sides write.
        if not commands.withdraw(connection, last.id):
            raise NotUndoneError(dispute_id, NotUndone.TAKEN)
        if now - last.at > UNDO_TIME:
            raise NotUndoneError(dispute_id, NotUndone.OVER)
        act = Act(action=DisputeAction.UNDO, at=now, author=author)
        docket.take(connection, dispute_id, act, due_at=before[-1].due_at, assigned_to=analyst_of(before))


def refuse_the_unsaid(author: str, comment: str) -> None:
    if not comment.strip() or not author.strip():
        raise UsageError("a ruling needs a comment and an author: the departments read why, and who decided")


def held(docket: Docket, connection: sa.Connection, dispute_id: int, comment: str) -> tuple[DisputeView, str]:
    """A dispute, and a comment as it may be kept: an erasure that commits between the two would not see it."""
    hold(connection, docket.source)
    dispute = disputes.show(connection, docket.source, dispute_id)
    return dispute, MASK if is_erased(connection, docket.source, dispute.lead_id) else masked(comment.strip())


def command_of(docket: Docket, dispute: DisputeView, act: Act, where: str) -> Command:
    """The write that a ruling asks for. Its marker stands in the note, so that a repeat can find it.

    `where`: the address at which the manager answers, "" for none.
    """
    words, decision = docket.words, Decision(act.action)
    marker = f"planerka-{dispute.id}-{decision}-{act.at:%Y%m%d%H%M%S%f}"
    clauses = "; ".join(f"{finding['clause']} {finding[words.language]}" for finding in dispute.findings or [])
    what, task = (words.say(text) for text in texts_of(dispute, decision))
    return Command(
        marker=marker,
        lead_id=dispute.lead_id,
        origin=dispute.origin,
        kind=decision,
        manager_id=dispute.manager_id,
        stage_id=None,
        note=f"{'. '.join(filter(None, (what, clauses, act.comment)))} [{marker}]",
        task=f"{' '.join(filter(None, (task, where)))} [{marker}]",
        due_at=docket.office.after(act.at, TASK_WORKING_TIME),
    )


def texts_of(dispute: DisputeView, decision: Decision) -> tuple[str, str]:
    if decision == Decision.RETURN_TO_WORK:
        return RETURNED
    return EVIDENCE_OF_WORK if dispute.origin == DisputeOrigin.NEGLECT else EVIDENCE_OF_REJECTION
