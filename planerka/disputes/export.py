"""The queue as rows, and as a spreadsheet into which rulings can be written (see rulings_file)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.dispute_states import WAITING
from planerka.disputes.waiting import at_stake_in
from planerka.errors import UsageError
from planerka.files import csv_bytes, write_atomically, xlsx_bytes
from planerka.model import Decision, ReferenceKind
from planerka.store.database import reading
from planerka.store.disputes import DisputeView, listing
from planerka.store.references import references
from planerka.words import Words, _, minor_units

COLUMNS = (
    *("number", "origin", "lead", "manager", "channel", "reason"),
    *("findings", "due", "decision", "author", "comment", "card", "rejudged"),
    *("state", "assigned_to", "at_stake", "currency", "seen"),
)
"""`due` is local time, `at_stake` in whole units of `currency`; `seen` is how many steps the dispute has had."""

NUMBER, SEEN, DECISION, COMMENT = "number", "seen", "decision_new", "comment_new"
SHEET = (NUMBER, DECISION, COMMENT, *COLUMNS[1:])
"""The queue with two empty columns, for who rules on a day without a network."""

CHOICES = {
    Decision.UPHOLD: _("Uphold the rejection"),
    Decision.RETURN_TO_WORK: _("Return to work"),
    Decision.REQUEST_EVIDENCE: _("Request evidence"),
}
"""A decision as a cell says it."""

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
    stake = at_stake_in([view])
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
        str(view.state),
        view.assigned_to,
        stake and round(stake.amount_minor / minor_units(stake.currency)),
        stake and stake.currency,
        view.steps_n,
    ]


def write_queue(path: Path, rows: list[list[object]], words: Words) -> None:
    """The rows of a queue with room for decisions and comments; UsageError as of `write_sheet`."""
    choices = {DECISION: [words.say(said) for said in CHOICES.values()], COMMENT: []}
    with_blanks = [[number, None, None, *rest] for number, *rest in rows]
    write_sheet(path, SHEET, with_blanks, choices=choices, fixed_n=SHEET.index(COMMENT) + 1)


def write_sheet(path: Path, header: tuple[str, ...], rows: list[list[object]], **looks: Any) -> None:
    """CSV or XLSX, by the ending of the name; UsageError for any other. `looks`: of a workbook, as of `xlsx_bytes`."""
    match path.suffix.lower():
        case ".csv":
            content = csv_bytes(header, rows)
        case ".xlsx":
            content = xlsx_bytes(header, rows, **looks)
        case _:
            raise UsageError(f"{path}: end the name with .csv or .xlsx")
    write_atomically(path, content)
