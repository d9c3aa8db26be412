"""Whether a second reader decides as it was decided first, and which clauses are read in two ways."""

from datetime import timedelta
from typing import Annotated

from starlette.responses import HTMLResponse

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import shower_of
from planerka.desk.show.agreement import told, told_proposal
from planerka.desk.visit import Visit
from planerka.disputes.agreement import agreement
from planerka.people import READERS
from planerka.stats import ENOUGH_N
from planerka.store.database import reading

router = DeskRouter()

STRETCH = timedelta(weeks=26)
"""Half a year: whoever drifts does it within weeks, and the regulation was another one before."""


@router.get("/agreement")
def show(visit: Annotated[Visit, allowed(*READERS)]) -> HTMLResponse:
    """Not for the second reader, whom the cases apart would tell what had been decided."""
    desk = visit.desk
    found = agreement(desk.engine, desk.source, desk.settings.zone, visit.now - STRETCH, visit.now)
    with reading(desk.engine) as connection:
        shower = shower_of(visit, connection)
    return visit.page(
        "agreement.html.j2",
        subjects=[told(shower.words, one) for one in found.subjects],
        proposals=[told_proposal(shower, one) for one in found.proposals],
        since=visit.now - STRETCH,
        enough_n=ENOUGH_N,
    )
