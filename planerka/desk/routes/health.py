"""Whether the desk and its store answer: for whoever watches over the machine."""

from typing import Annotated

from starlette.responses import PlainTextResponse

from planerka.desk.access import PUBLIC, DeskRouter
from planerka.desk.visit import Visit
from planerka.store.health import require_answer

router = DeskRouter()


@router.get("/health", response_class=PlainTextResponse)
def health(visit: Annotated[Visit, PUBLIC]) -> str:
    require_answer(visit.desk.engine)
    return "ok\n"
