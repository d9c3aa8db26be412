"""The first page: where somebody of these roles may go."""

from typing import Annotated

from starlette.responses import RedirectResponse, Response

from planerka.desk.access import ANYBODY_ENTERED, DeskRouter
from planerka.desk.visit import Visit

router = DeskRouter()


@router.get("/")
def start(visit: Annotated[Visit, ANYBODY_ENTERED]) -> Response:
    """The page that this person's work begins with: the first of the navigation."""
    return RedirectResponse(visit.links()[0].path, 303)
