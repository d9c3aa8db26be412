"""The journal: who did, looked at and was refused what."""

from typing import Annotated

from fastapi import Query
from starlette.responses import HTMLResponse

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.navigation import ROLE_TITLES
from planerka.desk.show.titles import ACTIONS
from planerka.desk.visit import Visit
from planerka.people import READERS, Role
from planerka.store import audit
from planerka.store.audit import Action
from planerka.store.database import reading
from planerka.words import _

router = DeskRouter()

PER_PAGE = 50

RECORDED = [action.value for action in Action]
TITLES = {
    Action.LINK_ASKED: _("asked for a link"),
    Action.LINK_MADE: _("was given a link by the shell"),
    Action.LINK_NOT_SENT: _("the mail with the link did not go"),
    Action.LINK_REFUSED: _("a link was refused"),
    Action.ENTERED: _("entered"),
    Action.LEFT: _("left"),
    Action.ROLE_REFUSED: _("asked for a page of another role"),
    Action.VIEWED: _("looked at a dispute"),
    Action.VIEWED_READING: _("looked at a second reading"),
    Action.READ: _("gave a second reading"),
    **{Action(action): title for action, title in ACTIONS.items() if action.value in RECORDED},
}

OVER_A_DISPUTE = (Action.VIEWED, *(Action(action) for action in ACTIONS if action.value in RECORDED))
"""What has the number of a dispute for its subject."""


@router.get("/audit")
def journal(
    visit: Annotated[Visit, allowed(Role.OPS, Role.DIRECTOR)], page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> HTMLResponse:
    """The newest entries first."""
    with reading(visit.desk.engine) as connection:
        found = audit.listing(connection, page, PER_PAGE)
    return visit.page(
        "journal.html.j2",
        entries=found[:PER_PAGE],
        linked=OVER_A_DISPUTE if visit.is_any_of(*READERS) else (),
        role_titles={role: visit.words.say(title) for role, title in ROLE_TITLES.items()},
        titles={action: visit.words.say(title) for action, title in TITLES.items()},
        newer=f"?page={page - 1}" if page > 1 else None,
        older=f"?page={page + 1}" if len(found) > PER_PAGE else None,
    )
