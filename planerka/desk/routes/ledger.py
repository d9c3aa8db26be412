"""The ledger: what the returned leads have brought, row by row, so that whoever doubts the sum can check it."""

from typing import Annotated

from fastapi import Query
from starlette.responses import HTMLResponse, Response

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import shower_of
from planerka.desk.kept import KeptLedger
from planerka.desk.show import ledger as show
from planerka.desk.visit import Visit
from planerka.disputes.ledger_sheet import COLUMNS, sheet_rows
from planerka.files import csv_bytes
from planerka.people import READERS
from planerka.store.database import reading
from planerka.store.ledger import returned_since

router = DeskRouter()

PER_PAGE = 50

AGAIN_S = 3
"""So long after being told to wait a browser asks again by itself."""

CSV = {"Content-Disposition": 'attachment; filename="ledger.csv"'}


@router.get("/ledger")
def look(visit: Annotated[Visit, allowed(*READERS)], page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> HTMLResponse:
    kept = kept_ledger(visit)
    try:
        found = kept.of(visit.desk, visit.now, kept.patience_s)
    except TimeoutError:
        answer = visit.page("ledger_waits.html.j2", 202)
        answer.headers["Refresh"] = str(AGAIN_S)
        return answer
    if found is None:
        return visit.page("ledger.html.j2", ledger=None)
    with reading(visit.desk.engine) as connection:
        shower = shower_of(visit, connection)
        later_n = returned_since(connection, visit.desk.source, found.until)  # the ledger was kept, this is of now
    begin = (page - 1) * PER_PAGE
    return visit.page(
        "ledger.html.j2",
        ledger=found,
        later_n=later_n,
        tiles=show.tiles(shower, found),
        expected=show.expected(shower, found),
        beyond=show.beyond(shower, found),
        rows=[
            show.row(shower, one, found.again_of.get(one.dispute_id)) for one in found.rows[begin : begin + PER_PAGE]
        ],
        managers=show.managers(shower, found),
        quarters=[show.quarter(shower, one) for one in found.quarters],
        newer=f"?page={page - 1}" if page > 1 else None,
        older=f"?page={page + 1}" if len(found.rows) > begin + PER_PAGE else None,
    )


@router.get("/ledger.csv", response_class=Response)
def download(visit: Annotated[Visit, allowed(*READERS)]) -> Response:
    """A line a return, whose prices add up to the money of the page."""
    found = kept_ledger(visit).of(visit.desk, visit.now)
    rows = sheet_rows(found.rows if found else (), visit.desk.settings.zone)
    return Response(csv_bytes(COLUMNS, rows), media_type="text/csv; charset=utf-8", headers=CSV)


def kept_ledger(visit: Visit) -> KeptLedger:
    kept: KeptLedger = visit.request.app.state.ledger
    return kept
