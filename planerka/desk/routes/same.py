"""The same case many times: rejections that break the same clauses are upheld by one comment."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Form, Path
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Asked, Comment, docket_of, query_of, shower_of
from planerka.desk.routes.case import NO_COMMENT, known
from planerka.desk.visit import Visit
from planerka.disputes import ruling
from planerka.errors import UsageError
from planerka.model import Decision
from planerka.people import Role
from planerka.store import desk_queue, disputes
from planerka.store.database import reading
from planerka.store.desk_queue import Filter
from planerka.words import _

router = DeskRouter()

MOST_N = 500
"""Cases of one form: of a thousand fields it would be refused."""

NONE_CHOSEN = _("Nothing is chosen: tick the disputes to uphold.")

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Chosen = tuple[int, int]
"""A dispute by its number, and how many of its steps the analyst saw."""


@router.get("/disputes/{number}/same")
def same(visit: Annotated[Visit, allowed(Role.ANALYST)], number: Number, wanted: Asked) -> HTMLResponse:
    """`wanted`: how the queue was narrowed, to which the page leads back."""
    return same_page(visit, number, wanted)


@router.post("/disputes/{number}/same")
def uphold(
    visit: Annotated[Visit, allowed(Role.ANALYST)],
    number: Number,
    wanted: Asked,
    chosen: Annotated[tuple[str, ...], Form(max_length=MOST_N)] = (),
    comment: Comment = "",
) -> Response:
    """Each in a transaction of its own; one that is another case by now, or was changed since, is left out and told.

    `chosen`: the number of a dispute and of the steps that the analyst saw, as `12:3`.
    """
    ticked = [parsed(written) for written in chosen]
    problem = NO_COMMENT if not comment.strip() else NONE_CHOSEN if not ticked else None
    if problem:
        return same_page(visit, number, wanted, problem=problem, chosen=ticked, comment=comment, status=422)
    with reading(visit.desk.engine) as connection:
        known(visit, connection, number)
        first = disputes.show(connection, visit.desk.source, number)
        alike = set(desk_queue.ids_like_it(connection, visit.desk.source, first))
    refused = [one for one in ticked if one[0] not in alike or not could_uphold(visit, *one, comment)]
    upheld_n = len(ticked) - len(refused)
    if refused:
        return same_page(visit, number, wanted, upheld_n=upheld_n, chosen=refused, comment=comment, status=409)
    return RedirectResponse(f"/disputes{query_of(wanted, upheld=upheld_n)}", 303)


def could_uphold(visit: Visit, dispute_id: int, seen_n: int, comment: str) -> bool:
    """Uphold it; False where that cannot be done any more."""
    docket, undo_time, author = docket_of(visit), ruling.UNDO_TIME, visit.person.name if visit.person else ""
    try:
        ruling.rule(docket, dispute_id, Decision.UPHOLD, author, comment, visit.now, seen_n=seen_n, undo_time=undo_time)
    except UsageError:
        return False
    return True


def parsed(written: str) -> Chosen:
    """UsageError for what no form of ours would send."""
    dispute_id, _colon, seen_n = written.partition(":")
    if not (dispute_id.isdecimal() and seen_n.isdecimal() and len(written) < 20):
        raise UsageError("a dispute is chosen by its number and what was seen of it")
    return int(dispute_id), int(seen_n)


def same_page(
    visit: Visit,
    number: int,
    wanted: Filter,
    *,
    chosen: Sequence[Chosen] | None = None,
    upheld_n: int | None = None,
    problem: str | None = None,
    comment: str = "",
    status: int = 200,
) -> HTMLResponse:
    """`chosen`: what was chosen and is not done; of it that is ticked which is as it was seen. None: all is ticked.

    `upheld_n` None: nothing was tried.
    """
    with reading(visit.desk.engine) as connection:
        known(visit, connection, number)
        shower = shower_of(visit, connection)
        one = disputes.show(connection, visit.desk.source, number)
        alike = desk_queue.like_it(connection, visit.desk.source, one)[:MOST_N]
    offered = {(view.id, view.steps_n) for view in alike}
    ticked = offered if chosen is None else offered & set(chosen)
    return visit.page(
        "same.html.j2",
        status,
        number=number,
        title=shower.title(one),
        at_stake=shower.stake_in(alike),
        query=query_of(wanted),
        lines=[(shower.line(view), (view.id, view.steps_n) in ticked) for view in alike],
        upheld_n=upheld_n,
        changed=sorted({dispute_id for dispute_id, _seen_n in set(chosen or ()) - offered}),
        problem=problem and visit.words.say(problem),
        comment=comment,
    )
