"""`planerka disputes …` and `planerka quarantine …`: what a person decides from the shell."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli_json import AsJson, print_json
from planerka.model import Decision

if TYPE_CHECKING:
    from planerka.disputes.applying import Rehearsal
    from planerka.store.quarantine import QuarantinedRow

disputes_app = typer.Typer(help="Disputed rejections and the rulings on them.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Rows that were not fit to be judged.", no_args_is_help=True)

Author = Annotated[str, typer.Option(help="Who decides.")]


@disputes_app.command("list")
def list_disputes(
    is_all: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False, as_json: AsJson = False
) -> None:
    """The queue, by the time a ruling is due."""
    from planerka.disputes.export import COLUMNS, queue_rows

    rows = [dict(zip(COLUMNS, row, strict=True)) for row in queue_rows(*opened(), is_all=is_all)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        concerned = " · ".join(str(row[name]) for name in ("lead", "manager", "channel", "reason") if row[name])
        print(f"{row['number']:>5}  due {row['due']}  {row['decision'] or row['origin']}  {concerned}")
        print(f"       {row['findings'] or row['rejudged'] or 'no next task and no touch for longer than the norm'}")
    print(f"{len(rows)} disputes. Rule on one with `planerka disputes rule NUMBER`, or export them all.")


@disputes_app.command()
def show(number: Annotated[int, typer.Argument(help="The dispute's number.")]) -> None:
    """One dispute with its evidence and what the regulation says, as JSON."""
    from planerka.store.database import reading
    from planerka.store.disputes import show as show_dispute

    engine, source = opened()[:2]
    with reading(engine) as connection:
        print_json(show_dispute(connection, source, number))


@disputes_app.command()
def rule(
    number: Annotated[int, typer.Argument(help="The dispute's number.")],
    decision: Annotated[Decision, typer.Option(help="What is decided.")],
    comment: Annotated[str, typer.Option(help="Why: both departments read it.")],
    author: Author,
) -> None:
    """Rule on a dispute; `planerka apply` carries it out."""
    from flows.wiring import wire
    from planerka.disputes.ruling import rule as rule_on

    company = wire()
    rule_on(company.docket, number, decision, author, comment, company.now)
    print(f"Dispute {number}: {decision} by {author}.")


@disputes_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx file to write.")],
    is_all: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """The queue as a spreadsheet."""
    from planerka.disputes.export import COLUMNS, queue_rows, write_sheet

    rows = queue_rows(*opened(), is_all=is_all)
    write_sheet(file, COLUMNS, rows)
    print(f"{len(rows)} disputes written to {file}.")


@quarantine_app.command("list")
def list_quarantine(as_json: AsJson = False) -> None:
    """Rows that wait: where each stands in the export, what is wrong there, and what to do."""
    from planerka.intake.findings import findings_of
    from planerka.store.database import reading
    from planerka.store.quarantine import State, listing

    engine, source, _ = opened()
    with reading(engine) as connection:
        rows = listing(connection, source, State.QUARANTINED)
    if as_json:
        print_json([asdict(row) | {"findings": findings_of(row)} for row in rows])
        return
    for row in rows:
        print(f"{row.id:>5}  {row.noun} {row.row_key}{place_of(row)}")
        for finding in findings_of(row):
            print(f"       {finding.line}")
    print(f"{len(rows)} rows wait. Release or drop one by its number, or correct it in the source and pull again.")


def place_of(row: "QuarantinedRow") -> str:
    file, row_ns = row.place["file"], " and ".join(map(str, row.place["row_ns"]))
    return f", {file} row {row_ns}" if file else ""


@quarantine_app.command()
def release(number: Annotated[int, typer.Argument(help="The row's number.")], author: Author) -> None:
    """Let a row in as it is: a person vouches for it. With a lead go the rows that waited for nothing but it."""
    from flows.wiring import wire
    from planerka.intake.releasing import release_row

    company = wire()
    rows = release_row(company.engine, company.crm.source, number, author, company.settings.zone, company.now)
    for row in rows:
        print(f"Released {row.noun} {row.row_key}.")


@quarantine_app.command()
def drop(number: Annotated[int, typer.Argument(help="The row's number.")], author: Author) -> None:
    """Leave a row out for good."""
    from flows.wiring import wire
    from planerka.store.quarantine import State, decide

    company = wire()
    with company.engine.begin() as connection:
        row = decide(connection, company.crm.source, number, State.DROPPED, author, company.now)
    print(f"Dropped {row.noun} {row.row_key}.")


def print_rehearsals(rehearsals: "list[Rehearsal]") -> None:
    for rehearsal in rehearsals:
        print(rehearsal.marker)
        for line in rehearsal.writes:
            print(f"  {line}")
        if rehearsal.refusal:
            print(f"  would be refused: {rehearsal.refusal}")
    print(f"{len(rehearsals)} commands wait. This was a dry run: nothing was written.")


def opened() -> tuple[Any, str, Any]:
    """Engine, source and zone of the company in the settings."""
    from flows.wiring import wire

    company = wire()
    return company.engine, company.crm.source, company.settings.zone
