"""The same case many times: rejections that break the same clauses are upheld by one comment."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Path
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Comment, docket_of, shower_of
from planerka.desk.routes.case import NO_COMMENT, known
from planerka.desk.visit import Visit
from planerka.disputes import ruling
from planerka.errors import UsageError
from planerka.model import Decision
from planerka.people import Role
from planerka.store import desk_queue, disputes
from planerka.store.database import reading

router = DeskRouter()

MOST_N = 500
"""Cases of one form: of a thousand fields it would be refused."""

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of upholding many at once."""

    upheld_n: int = 0
    refused: tuple[int, ...] = ()


@router.get("/disputes/{number}/same")
def same(visit: Annotated[Visit, allowed(Role.ANALYST)], number: Number) -> HTMLResponse:
    return same_page(visit, number)


@router.post("/disputes/{number}/same")
def uphold(
    visit: Annotated[Visit, allowed(Role.ANALYST)],
    number: Number,
    chosen: Annotated[list[str], Form(max_length=MOST_N)],
    comment: Comment = "",
) -> Response:
    """Each in a transaction of its own; one that is another case by now, or was changed since, is left out and told.

    `chosen`: the number of a dispute and of the steps that the analyst saw, as `12:3`.
    """
    if not comment.strip():
        return same_page(visit, number, problem=visit.words.say(NO_COMMENT), status=422)
    wanted = [parsed(written) for written in chosen]
    with reading(visit.desk.engine) as connection:
        known(visit, connection, number)
        one = disputes.show(connection, visit.desk.source, number)
        alike = set(desk_queue.ids_like_it(connection, visit.desk.source, one))
    refused, upheld_n = [], 0
    for dispute_id, seen_n in wanted:
        try:
            if dispute_id not in alike:
                raise UsageError(f"dispute {dispute_id} is not the same case")
            author = visit.person.name if visit.person else ""
            ruling.rule(
                docket_of(visit),
                dispute_id,
                Decision.UPHOLD,
                author,
                comment,
                visit.now,
                seen_n=seen_n,
                undo_time=ruling.UNDO_TIME,
            )
            upheld_n += 1
        except UsageError:
            refused.append(dispute_id)
    if refused:
        outcome = Outcome(upheld_n=upheld_n, refused=tuple(refused))
        return same_page(visit, number, outcome=outcome, comment=comment, status=409)
    return RedirectResponse(f"/disputes?upheld={upheld_n}", 303)


def parsed(written: str) -> tuple[int, int]:
    """UsageError for what no form of ours would send."""
    dispute_id, _, seen_n = written.partition(":")
    if not (dispute_id.isdecimal() and seen_n.isdecimal() and len(written) < 20):
        raise UsageError("a dispute is chosen by its number and what was seen of it")
    return int(dispute_id), int(seen_n)


def same_page(
    visit: Visit,
    number: int,
    *,
    problem: str | None = None,
    outcome: Outcome | None = None,
    comment: str = "",
    status: int = 200,
) -> HTMLResponse:
    with reading(visit.desk.engine) as connection:
        known(visit, connection, number)
        shower = shower_of(visit, connection)
        one = disputes.show(connection, visit.desk.source, number)
        alike = desk_queue.like_it(connection, visit.desk.source, one) if one.state.is_waiting else []
    lines = [shower.line(view) for view in alike[:MOST_N]]
    told = {"problem": problem, "outcome": outcome, "comment": comment}
    return visit.page("same.html.j2", status, number=number, title=shower.title(one), lines=lines, **told)
