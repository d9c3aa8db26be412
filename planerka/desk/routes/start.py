"""The first page: where somebody of these roles may go."""

from typing import Annotated

from starlette.responses import HTMLResponse

from planerka.desk.access import ANYBODY_ENTERED, DeskRouter
from planerka.desk.visit import Visit

router = DeskRouter()


@router.get("/")
def start(visit: Annotated[Visit, ANYBODY_ENTERED]) -> HTMLResponse:
    return visit.page("start.html.j2")
