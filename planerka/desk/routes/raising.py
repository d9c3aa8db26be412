"""Marketing doubts a rejection that the machine let pass."""

from typing import Annotated

from fastapi import Form
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Comment, docket_of
from planerka.desk.visit import Visit
from planerka.disputes.raising import NotRaised, NotRaisedError, raise_by_hand
from planerka.people import Role
from planerka.words import _

router = DeskRouter()

UNSAID = _("Write why the rejection is doubted.")
PROBLEMS = {
    NotRaised.NO_EDITION: _("No edition of the regulation is in force: there is nothing to judge by."),
    NotRaised.NOT_REJECTED: _("The lead is not rejected now, or the CRM has no lead with this id."),
    NotRaised.NOT_TO_BE_CALLED: _("The client asked not to be called: there is nothing to return."),
    NotRaised.DISPUTED: _("The last rejection of this lead is disputed already."),
}


@router.get("/raise")
def form(visit: Annotated[Visit, allowed(Role.MARKETING)], lead: str = "") -> HTMLResponse:
    return visit.page("raise.html.j2", lead=lead[:200], comment="", problem=None, dispute_id=None)


@router.post("/raise")
def raise_one(
    visit: Annotated[Visit, allowed(Role.MARKETING)],
    lead: Annotated[str, Form(max_length=200)],
    comment: Comment = "",
) -> Response:
    """Or the form once more with what was typed, and why not."""
    if not comment.strip():
        return not_raised(visit, lead, comment, UNSAID)
    author = visit.person.name if visit.person else ""
    try:
        number = raise_by_hand(docket_of(visit), lead.strip(), author, comment, visit.now)
    except NotRaisedError as error:
        return not_raised(visit, lead, comment, PROBLEMS[error.why], error.dispute_id)
    return RedirectResponse(f"/disputes/{number}?done={number}", 303)


def not_raised(visit: Visit, lead: str, comment: str, problem: str, dispute_id: int | None = None) -> HTMLResponse:
    told = {"problem": visit.words.say(problem), "dispute_id": dispute_id}
    return visit.page("raise.html.j2", 422, lead=lead, comment=comment, **told)
