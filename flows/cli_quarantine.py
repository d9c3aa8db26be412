"""`planerka quarantine …`: what a person decides of rows that were not fit to be judged."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_json import AsJson, print_json
from flows.cli_review import Author, opened

if TYPE_CHECKING:
    from planerka.store.quarantine import QuarantinedRow

quarantine_app = typer.Typer(help="Rows that were not fit to be judged.", no_args_is_help=True)


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
