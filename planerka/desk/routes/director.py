"""What the commercial director looks at: appeals, what nobody ruled on in time, and how the queue stands."""

from datetime import timedelta
from typing import Annotated

from starlette.responses import HTMLResponse

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import shower_of
from planerka.desk.visit import Visit
from planerka.disputes.waiting import ORIGINS, grouped
from planerka.model import ReferenceKind
from planerka.people import Role
from planerka.store import desk_queue
from planerka.store.database import reading
from planerka.store.dispute_steps import steps_of

router = DeskRouter()

EXPIRED_SINCE = timedelta(days=30)


@router.get("/director")
def director(visit: Annotated[Visit, allowed(Role.DIRECTOR)]) -> HTMLResponse:
    source = visit.desk.source
    with reading(visit.desk.engine) as connection:
        shower = shower_of(visit, connection)
        appealed = desk_queue.appealed(connection, source)
        expired = desk_queue.expired_since(connection, source, visit.now - EXPIRED_SINCE)
        taken = steps_of(connection, [view.id for view in appealed])
        said = {view.id: shower.told(taken[view.id][-1], view.origin) for view in appealed}
        backlog = desk_queue.backlog(connection, source, visit.now, shower.tonight)
    reasons = {id_: reason.title for id_, reason in shower.names[ReferenceKind.REASON].items()}
    standing = grouped(backlog.rows, reasons, visit.now)
    return visit.page(
        "director.html.j2",
        standing=[(visit.words.say(ORIGINS[group.origin]), group) for group in standing],
        appealed=[shower.line(view) for view in appealed],
        said=said,
        expired=[shower.line(view) for view in expired],
        days_n=EXPIRED_SINCE.days,
    )
