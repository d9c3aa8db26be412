"""What was decided, and any dispute by its number, its lead or the words about it."""

from typing import Annotated

from fastapi import Query
from starlette.responses import HTMLResponse

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Asked, query_of, shower_of
from planerka.desk.routes.queue import PER_PAGE, titles_of
from planerka.desk.show.titles import STATES
from planerka.desk.visit import Visit
from planerka.dispute_states import DisputeState
from planerka.people import READERS
from planerka.store import desk_queue
from planerka.store.database import reading

router = DeskRouter()

PASSED = DisputeState.EXPIRED
"""No dispute stays there: the edition rules on it in the same transaction."""

CHOICES = ("reason_id", "manager_id", "channel_id", "project_id")


@router.get("/history")
def history(
    visit: Annotated[Visit, allowed(*READERS)],
    wanted: Asked,
    text: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """`text`: a number of a dispute, an id of a lead, or words of what somebody wrote."""
    with reading(visit.desk.engine) as connection:
        shower = shower_of(visit, connection)
        found = desk_queue.history(connection, visit.desk.source, wanted, text.strip(), page, PER_PAGE)
    more = {"text": text or None}
    states = [(str(state), visit.words.say(title)) for state, title in STATES.items() if state != PASSED]
    return visit.page(
        "history.html.j2",
        lines=[shower.line(view) for view in found[:PER_PAGE]],
        text=text,
        wanted=wanted,
        states=states,
        choices={name: sorted(titles_of(shower, name).items(), key=lambda pair: pair[1]) for name in CHOICES},
        newer=query_of(wanted, **more, page=page - 1) if page > 1 else None,
        older=query_of(wanted, **more, page=page + 1) if len(found) > PER_PAGE else None,
    )
