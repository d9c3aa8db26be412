"""One dispute: all that is decided by beside the decision, and what follows from it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, NamedTuple

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, Form, Path, Query
from starlette.responses import RedirectResponse, Response

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Asked, Comment, docket_of, query_of, shower_of
from planerka.desk.case_page import Typed, case_page
from planerka.desk.refusals import Refused
from planerka.desk.visit import Visit
from planerka.disputes import appeals, ruling
from planerka.disputes.ruling import NotUndone, NotUndoneError
from planerka.errors import ChangedError, UsageError
from planerka.model import Decision
from planerka.people import READERS, Role
from planerka.store import desk_queue, disputes
from planerka.store.audit import Action
from planerka.store.database import reading
from planerka.store.desk_queue import Filter
from planerka.words import _

router = DeskRouter()

NO_COMMENT = _("Write a comment: both departments read why.")
NOT_NOW = _("This cannot be done now. Look at the dispute again: it says why.")
TOO_LATE = {
    NotUndone.OVER: _("It is too late to take the ruling back: the minute for it is over."),
    NotUndone.TAKEN: _("The ruling is already written into the CRM, or on its way there: it cannot be taken back."),
}

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Seen = Annotated[int, Form(ge=1, le=2**31 - 1)]


@router.get("/disputes/{number}")
def look(
    visit: Annotated[Visit, allowed(*READERS)],
    number: Number,
    wanted: Asked,
    later: BackgroundTasks,
    done: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """A row of the journal says who looked at it: after the answer, for a pull may be writing for half a minute."""
    with reading(visit.desk.engine) as connection:
        known(visit, connection, number)
    later.add_task(record_view, visit, number)
    return case_page(visit, number, wanted, done=done)


def record_view(visit: Visit, number: int) -> None:
    with visit.desk.engine.begin() as connection:
        visit.record(connection, Action.VIEWED, str(number))


class RulingForm(NamedTuple):
    """What the panel of decisions sends."""

    decision: Decision
    seen_n: int
    comment: str


def ruling_form(decision: Annotated[Decision, Form()], seen: Seen, comment: Comment = "") -> RulingForm:
    return RulingForm(decision, seen, comment)


Sent = Annotated[RulingForm, Depends(ruling_form)]


@router.post("/disputes/{number}/ruling")
def rule(visit: Annotated[Visit, allowed(Role.ANALYST)], number: Number, wanted: Asked, sent: Sent) -> Response:
    """Rule, and go on to the next of the queue."""
    return decided(visit, number, wanted, sent, ruling.rule, next_of(visit, number, wanted))


@router.post("/disputes/{number}/final")
def decide(visit: Annotated[Visit, allowed(Role.DIRECTOR)], number: Number, wanted: Asked, sent: Sent) -> Response:
    """The director decides an appeal for good."""
    return decided(visit, number, wanted, sent, appeals.decide_appeal)


def decided(
    visit: Visit, number: int, wanted: Filter, sent: RulingForm, by: Callable[..., int], after: str | None = None
) -> Response:
    """`by`: `rule` or `decide_appeal`, which are asked alike."""
    decision, seen_n, comment = sent

    def act(author: str) -> None:
        docket, undo_time = docket_of(visit), ruling.UNDO_TIME
        by(docket, number, decision, author, comment, visit.now, seen_n=seen_n, undo_time=undo_time)

    return attempted(visit, number, wanted, Typed(comment=comment, decision=decision), act, after)


@router.post("/disputes/{number}/appeal")
def appeal(
    visit: Annotated[Visit, allowed(Role.MARKETING, Role.SALES)],
    number: Number,
    wanted: Asked,
    seen: Seen,
    comment: Comment = "",
) -> Response:
    def act(author: str) -> None:
        appeals.appeal(docket_of(visit), number, author, comment, visit.now, seen_n=seen)

    return attempted(visit, number, wanted, Typed(comment=comment), act)


@router.post("/disputes/{number}/assign")
def assign(visit: Annotated[Visit, allowed(Role.ANALYST)], number: Number, wanted: Asked, seen: Seen) -> Response:
    """The analyst looks after it from now on."""

    def act(author: str) -> None:
        ruling.assign(docket_of(visit), number, author, visit.now, seen_n=seen)

    return attempted(visit, number, wanted, Typed(), act)


@router.post("/disputes/{number}/undo")
def undo(visit: Annotated[Visit, allowed(Role.ANALYST, Role.DIRECTOR)], number: Number, wanted: Asked) -> Response:
    """Take back one's own ruling within the minute."""

    def act(author: str) -> None:
        ruling.undo(docket_of(visit), number, author, visit.now)

    return attempted(visit, number, wanted, Typed(), act)


def attempted(
    visit: Visit,
    number: int,
    wanted: Filter,
    typed: Typed,
    act: Callable[[str], None],
    after: str | None = None,
) -> Response:
    """Do it and go on (`after` None: to the same dispute); or show the page again with what was typed, and why not."""
    with reading(visit.desk.engine) as connection:
        known(visit, connection, number)
    try:
        act(visit.person.name if visit.person else "")
    except ChangedError:
        return case_page(visit, number, wanted, typed=replace(typed, is_late=True), status=409)
    except NotUndoneError as error:
        return case_page(visit, number, wanted, typed=Typed(problem=visit.words.say(TOO_LATE[error.why])), status=422)
    except UsageError:
        said = NOT_NOW if typed.comment.strip() else NO_COMMENT
        return case_page(visit, number, wanted, typed=replace(typed, problem=visit.words.say(said)), status=422)
    return RedirectResponse(after or f"/disputes/{number}{query_of(wanted, done=number)}", 303)


def known(visit: Visit, connection: sa.Connection, number: int) -> None:
    """Refused where there is no such dispute."""
    if not disputes.is_there(connection, visit.desk.source, number):
        raise Refused(404, _("There is no dispute {number}."), number=number)


def next_of(visit: Visit, number: int, wanted: Filter) -> str:
    """The page of the dispute that follows in the queue; the queue where none does."""
    with reading(visit.desk.engine) as connection:
        shower = shower_of(visit, connection)
        backlog = desk_queue.backlog(connection, visit.desk.source, visit.now, shower.tonight)
    ids = backlog.of(wanted).ids
    others = [id_ for id_ in ids if id_ != number]
    place = ids.index(number) if number in ids else 0
    where = f"/disputes/{others[place % len(others)]}" if others else "/disputes"
    return where + query_of(wanted, done=number)
