"""The second reader's desk: cases decided once more from the evidence alone, blind to what was decided first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import Form, Path, Query
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Comment, shower_of
from planerka.desk.case_page import Typed
from planerka.desk.refusals import Refused
from planerka.desk.routes.case import NO_COMMENT
from planerka.desk.show.readings import facts, line_of
from planerka.desk.visit import Visit
from planerka.disputes import second_reading
from planerka.errors import ChangedError, UsageError
from planerka.model import Decision
from planerka.people import Role
from planerka.regulation.signed import signed_editions
from planerka.store.audit import Action
from planerka.store.database import reading
from planerka.store.readings import ReadingView
from planerka.words import _

router = DeskRouter()

NOT_YOURS = _("There is no reading {number}, or you had a part in the dispute over it: then somebody else reads it.")

Reader = Annotated[Visit, allowed(Role.SECOND_READER)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
ReadLast = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Choice = Annotated[Literal[Decision.UPHOLD, Decision.RETURN_TO_WORK], Form()]


@router.get("/readings")
def queue(visit: Reader, done: ReadLast = None) -> HTMLResponse:
    """What waits for this reader, by the time it is due. `done`: the reading that was given last."""
    waiting = second_reading.unread(visit.desk.engine, visit.desk.source, name_of(visit))
    with reading(visit.desk.engine) as connection:
        shower = shower_of(visit, connection)
    return visit.page("readings.html.j2", lines=[line_of(shower, one) for one in waiting], done=done)


@router.get("/readings/{number}")
def look(visit: Reader, number: Number, done: ReadLast = None) -> HTMLResponse:
    """A row of the journal says who looked at it."""
    known(visit, number)
    with visit.desk.engine.begin() as connection:
        visit.record(connection, Action.VIEWED_READING, str(number))
    return reading_page(visit, number, done=done)


@router.post("/readings/{number}")
def read(visit: Reader, number: Number, decision: Choice, comment: Comment = "") -> Response:
    """Keep the reading, and go on to the next; or show the page again with what was typed, and why not."""
    known(visit, number)
    after, typed = next_of(number, ids_waiting(visit)), Typed(comment=comment, decision=decision)

    def witness(connection: sa.Connection) -> None:
        visit.record(connection, Action.READ, str(number))

    desk, reader = visit.desk, name_of(visit)
    try:
        second_reading.read(desk.engine, desk.source, number, decision, reader, comment, visit.now, witness)
    except ChangedError:
        return reading_page(visit, number, typed=replace(typed, is_late=True), status=409)
    except UsageError:
        problem = visit.words.say(NO_COMMENT)
        return reading_page(visit, number, typed=replace(typed, problem=problem), status=422)
    return RedirectResponse(f"{after}?done={number}", 303)


def reading_page(
    visit: Visit, number: int, *, typed: Typed | None = None, done: int | None = None, status: int = 200
) -> HTMLResponse:
    view, ids = known(visit, number), ids_waiting(visit)
    place = ids.index(number) if number in ids else None
    with reading(visit.desk.engine) as connection:
        shower = shower_of(visit, connection)
        editions = {edition.name: edition for edition in signed_editions(connection)}
    return visit.page(
        "reading.html.j2",
        status,
        view=view,
        line=line_of(shower, view),
        **facts(shower, view, editions.get(view.edition or "")),
        typed=typed or Typed(),
        done=done,
        place=None if place is None else place + 1,
        waiting_n=len(ids),
        before=ids[place - 1] if place else None,
        after=ids[place + 1] if place is not None and place + 1 < len(ids) else None,
    )


def known(visit: Visit, number: int) -> ReadingView:
    """Refused alike where there is no such reading, and where this reader may not see it."""
    try:
        return second_reading.reading_view(visit.desk.engine, visit.desk.source, number, name_of(visit))
    except UsageError:
        raise Refused(404, NOT_YOURS, number=number) from None


def ids_waiting(visit: Visit) -> list[int]:
    return [one.id for one in second_reading.unread(visit.desk.engine, visit.desk.source, name_of(visit))]


def next_of(number: int, ids: Sequence[int]) -> str:
    """The page of the reading that follows in the queue; the queue where none does."""
    others = [id_ for id_ in ids if id_ != number]
    place = ids.index(number) if number in ids else 0
    return f"/readings/{others[place % len(others)]}" if others else "/readings"


def name_of(visit: Visit) -> str:
    """As the steps of disputes name the reader: whoever took one may not read it again."""
    return visit.person.name if visit.person else ""
