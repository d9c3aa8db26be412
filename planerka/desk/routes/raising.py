"""Marketing doubts a rejection that the machine let pass."""

from typing import Annotated

from fastapi import Form
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Comment, docket_of
from planerka.desk.visit import Visit
from planerka.disputes.raising import NotRaised, raise_by_hand, to_be_raised
from planerka.people import Role
from planerka.store.database import reading
from planerka.words import _

router = DeskRouter()

UNSAID = _("Write why the rejection is doubted.")
PROBLEMS = {
    NotRaised.NO_EDITION: _("No edition of the regulation is in force: there is nothing to judge by."),
    NotRaised.NOT_REJECTED: _("The lead is not rejected now, or the CRM has no lead with this id."),
    NotRaised.NOT_TO_BE_CALLED: _("The client asked not to be called: there is nothing to return."),
    NotRaised.DISPUTED: _(
        "The last rejection of this lead is disputed already: look for it in the queue or the history."
    ),
}


@router.get("/raise")
def form(visit: Annotated[Visit, allowed(Role.MARKETING)], lead: str = "") -> HTMLResponse:
    return visit.page("raise.html.j2", lead=lead[:200], comment="", problem=None)


@router.post("/raise")
def raise_one(
    visit: Annotated[Visit, allowed(Role.MARKETING)],
    lead: Annotated[str, Form(max_length=200)],
    comment: Comment = "",
) -> Response:
    docket, lead_id = docket_of(visit), lead.strip()
    with reading(docket.engine) as connection:
        found = to_be_raised(docket, connection, lead_id, visit.now)
    problem = UNSAID if not comment.strip() else PROBLEMS[found] if isinstance(found, NotRaised) else None
    if problem:
        return visit.page("raise.html.j2", 422, lead=lead, comment=comment, problem=visit.words.say(problem))
    number = raise_by_hand(docket, lead_id, visit.person.name if visit.person else "", comment, visit.now)
    return RedirectResponse(f"/disputes/{number}?done={number}", 303)
