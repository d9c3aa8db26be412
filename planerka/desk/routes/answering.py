"""A manager answers a request for evidence: by the link in the CRM's task, once, without entering the desk."""

from typing import Annotated

from fastapi import Form
from starlette.responses import HTMLResponse

from planerka.desk.access import PUBLIC, DeskRouter
from planerka.desk.bench import Comment, docket_of, shower_of
from planerka.desk.refusals import Refused
from planerka.desk.show.case import broken
from planerka.desk.visit import Visit
from planerka.dispute_states import DisputeState
from planerka.disputes.answering import LINKS_MAX, NoAnswer, NoAnswerError, answer
from planerka.errors import ChangedError
from planerka.model import ReferenceKind
from planerka.regulation.signed import signed_editions
from planerka.store import desk_tokens, disputes
from planerka.store.database import reading
from planerka.store.desk_tokens import Purpose
from planerka.words import _

router = DeskRouter()

NO_LINK = _("This link is not ours, or not whole. Copy all of it from the task in the CRM.")
NOT_ASKED = _("No answer is needed any more: the dispute was decided, or the answer was given.")
PROBLEMS = {
    NoAnswer.UNSAID: _("Write what was done about the lead."),
    NoAnswer.TOO_MANY: _("There are too many links ({n}). Give a link to their folder."),
    NoAnswer.TOO_LONG: _("Link {n} is too long. Give a shorter one."),
    NoAnswer.NO_ADDRESS: _(
        "Link {n} is no address of a page. Each begins with https:// or http://, on a line of its own."
    ),
    NoAnswer.NAMES_A_CLIENT: _("Link {n} has a phone or an e-mail in it. Put the file where no client is named."),
}


@router.get("/answer/{token}")
def form(visit: Annotated[Visit, PUBLIC], token: str) -> HTMLResponse:
    return answer_page(visit, token)


@router.post("/answer/{token}")
def give(
    visit: Annotated[Visit, PUBLIC],
    token: str,
    text: Comment = "",
    links: Annotated[str, Form(max_length=20_000)] = "",
) -> HTMLResponse:
    """The answer is the manager's whose lead it was; who holds the link is not asked for more."""
    dispute_id, docket = asked_by(visit, token), docket_of(visit)
    with reading(visit.desk.engine) as connection:
        view, shower = disputes.show(connection, visit.desk.source, dispute_id), shower_of(visit, connection)
    author = shower.name(ReferenceKind.MANAGER, view.manager_id) or docket.words.say("the person in charge")
    try:
        answer(docket, dispute_id, author, text, links.split(), visit.now)
    except ChangedError:
        raise Refused(410, NOT_ASKED) from None
    except NoAnswerError as error:
        problem = visit.words.say(PROBLEMS[error.why], n=error.n)
        return answer_page(visit, token, text=text, links=links, problem=problem, status=422)
    return visit.page("answered.html.j2")


def asked_by(visit: Visit, token: str) -> int:
    """The dispute that waits for the answer of this link; Refused where none does, or by another request than its."""
    with reading(visit.desk.engine) as connection:
        found = desk_tokens.find(connection, Purpose.ANSWER, token)
        if found is None or found.dispute_id is None:
            raise Refused(403, NO_LINK)
        view = disputes.show(connection, visit.desk.source, found.dispute_id)
    is_its = view.ruled_at is not None and found.created_at >= view.ruled_at  # not an older request's
    if view.state != DisputeState.EVIDENCE_REQUESTED or not (is_its and found.is_good(visit.now)):
        raise Refused(410, NOT_ASKED)
    return found.dispute_id


def answer_page(
    visit: Visit, token: str, *, text: str = "", links: str = "", problem: str | None = None, status: int = 200
) -> HTMLResponse:
    """What is asked, and nothing of the client but what the link's own card shows."""
    dispute_id = asked_by(visit, token)
    with reading(visit.desk.engine) as connection:
        view, shower = disputes.show(connection, visit.desk.source, dispute_id), shower_of(visit, connection)
        editions = {edition.name: edition for edition in signed_editions(connection)}
    return visit.page(
        "answer.html.j2",
        status,
        line=shower.line(view),
        view=view,
        broken=broken(shower, view, editions.get(view.edition or "")),
        text=text,
        proof=links,
        links_max=LINKS_MAX,
        problem=problem,
    )
