"""The queue as rows and as a spreadsheet."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.dispute_states import WAITING
from planerka.errors import UsageError
from planerka.files import csv_bytes, write_atomically, xlsx_bytes
from planerka.model import ReferenceKind
from planerka.store.database import reading
from planerka.store.disputes import DisputeView, listing
from planerka.store.references import references

COLUMNS = (
    *("number", "origin", "lead", "manager", "channel", "reason"),
    *("findings", "due", "decision", "author", "comment", "card", "rejudged"),
)
WRITERS = {".csv": csv_bytes, ".xlsx": xlsx_bytes}

Title = Callable[[ReferenceKind, str | None], str | None]
"""The title of an id; the id itself where nobody named it."""


def queue_rows(engine: sa.Engine, source: str, zone: ZoneInfo, *, is_all: bool) -> list[list[object]]:
    """One row a dispute in the order of COLUMNS, by the time it is due (local); closed ones only with `is_all`."""
    with reading(engine) as connection:
        names = references(connection, source)
        views = listing(connection, source, *([] if is_all else [WAITING]))

    def title(kind: ReferenceKind, id_: str | None) -> str | None:
        return names[kind][id_].title if id_ in names[kind] else id_

    return [row_of(view, title, zone) for view in views]


def row_of(view: DisputeView, title: Title, zone: ZoneInfo) -> list[object]:
    findings = "; ".join(f"{found['clause']} {found['ru']}" for found in view.findings or [])
    return [
        view.id,
        str(view.origin),
        view.lead_id,
        title(ReferenceKind.MANAGER, view.manager_id),
        title(ReferenceKind.CHANNEL, view.channel_id),
        title(ReferenceKind.REASON, view.reason_id),
        findings,
        view.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        view.decision and str(view.decision),
        view.author,
        view.comment,
        view.url,
        view.rejudged and f"{view.rejudged['ru']} ({view.rejudged['why']})",
    ]


def write_sheet(path: Path, header: tuple[str, ...], rows: list[list[object]]) -> None:
    """CSV or XLSX, by the ending of the name; UsageError for any other."""
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f"{path}: end the name with .csv or .xlsx")
    write_atomically(path, WRITERS[path.suffix.lower()](header, rows))
