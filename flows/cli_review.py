"""`planerka disputes …`: what a person decides from the shell."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.cli_json import AsJson, print_json
from planerka.errors import UsageError
from planerka.model import Decision

if TYPE_CHECKING:
    from planerka.disputes.applying import Rehearsal
    from planerka.disputes.ruling_by_file import FileReport

disputes_app = typer.Typer(help="Disputed rejections and the rulings on them.", no_args_is_help=True)

Author = Annotated[str, typer.Option(help="Who decides.")]
Doubter = Annotated[str, typer.Option(help="Who doubts what was decided.")]
FinalDecision = Literal["uphold", "return_to_work"]
"""Of an appeal: there is nothing to ask for any more."""

Number = Annotated[int, typer.Argument(help="The dispute's number.")]
Comment = Annotated[str, typer.Option(help="Why: both departments read it.")]


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
        stake = f"{row['at_stake']:,} {row['currency']} at stake" if row["at_stake"] is not None else ""
        print(f"       {', '.join(str(said) for said in (row['state'], row['assigned_to'], stake) if said)}")
        print(f"       {row['findings'] or row['rejudged'] or 'no next task and no touch for longer than the norm'}")
    if not rows:
        print("There is no dispute." if is_all else "No dispute waits.")
        return
    print(f"{len(rows)} disputes. Rule on one with `planerka disputes rule NUMBER`, or export them all.")


@disputes_app.command()
def show(number: Number) -> None:
    """One dispute with its evidence, what the regulation says and all that was done about it, as JSON."""
    from planerka.store.database import reading
    from planerka.store.dispute_steps import steps
    from planerka.store.disputes import show as show_dispute

    engine, source = opened()[:2]
    with reading(engine) as connection:
        print_json(asdict(show_dispute(connection, source, number)) | {"steps": steps(connection, number)})


@disputes_app.command()
def rule(
    author: Author,
    number: Annotated[int | None, typer.Argument(help="The dispute's number; none with --from.")] = None,
    decision: Annotated[Decision | None, typer.Option(help="What is decided.")] = None,
    comment: Annotated[str | None, typer.Option(help="Why: both departments read it.")] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="An exported queue into which decisions were written.")
    ] = None,
) -> None:
    """Rule on a dispute, or on all that a file decides; `planerka apply` carries it out."""
    from flows.wiring import wire
    from planerka.disputes.ruling import rule as rule_on
    from planerka.disputes.ruling_by_file import rule_by_file

    one = (number, decision, comment)
    if from_file and one == (None, None, None):
        company = wire()
        print_file_report(rule_by_file(company.docket, from_file, author, company.now))
    elif number is not None and decision and comment is not None and not from_file:
        company = wire()
        rule_on(company.docket, number, decision, author, comment, company.now)
        print(f"Dispute {number}: {decision} by {author}.")
    else:
        raise UsageError("give NUMBER with --decision and --comment, or --from FILE alone")


def print_file_report(report: "FileReport") -> None:
    """Ends with an exit code where a row was refused."""
    print(f"Ruled on {len(report.ruled)} disputes{listed(report.ruled)}.")
    if report.before:
        print(f"Already ruled so: {len(report.before)}{listed(report.before)}.")
    for refused in report.refused:
        print(f"Row {refused.row} is refused, dispute {refused.number}: {refused.why}")
    if report.refused:
        raise UsageError(f"{len(report.refused)} rows were refused, the others are done: correct them and repeat")


def listed(numbers: tuple[int, ...]) -> str:
    return f" ({', '.join(map(str, numbers))})" if numbers else ""


@disputes_app.command()
def answer(
    number: Number,
    comment: Annotated[str, typer.Option(help="What was done about the lead.")],
    author: Annotated[str, typer.Option(help="Who answers.")],
    link: Annotated[list[str] | None, typer.Option(help="Where a proof lies; may be repeated.")] = None,
) -> None:
    """Answer a request for evidence, for the manager who was asked."""
    from flows.wiring import wire
    from planerka.disputes.answering import answer as answer_request

    company = wire()
    answer_request(company.docket, number, author, comment, link or [], company.now)
    print(f"Dispute {number}: answered by {author}, and back with the analyst.")


@disputes_app.command("raise")
def raise_dispute(
    lead: Annotated[str, typer.Argument(help="The lead's id in the CRM.")], comment: Comment, author: Doubter
) -> None:
    """Open a dispute on the last rejection of a lead, whatever the machine found of it."""
    from flows.wiring import wire
    from planerka.disputes.raising import raise_by_hand

    company = wire()
    number = raise_by_hand(company.docket, lead, author, comment, company.now)
    print(f"Dispute {number} is open over lead {lead}.")


@disputes_app.command()
def appeal(number: Number, comment: Comment, author: Doubter) -> None:
    """Ask the commercial director to decide again; within the hours that the edition gives."""
    from flows.wiring import wire
    from planerka.disputes.appeals import appeal as appeal_ruling

    company = wire()
    appeal_ruling(company.docket, number, author, comment, company.now)
    print(f"Dispute {number}: appealed by {author}.")


@disputes_app.command()
def decide(
    number: Number,
    decision: Annotated[FinalDecision, typer.Option(help="What is decided, for good.")],
    comment: Comment,
    author: Author,
) -> None:
    """Decide an appeal, as the commercial director; `planerka apply` carries it out."""
    from flows.wiring import wire
    from planerka.disputes.appeals import decide_appeal

    company = wire()
    decide_appeal(company.docket, number, Decision(decision), author, comment, company.now)
    print(f"Dispute {number}: {decision} by {author}, for good.")


@disputes_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx file to write.")],
    is_all: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """The queue as a spreadsheet; decisions written into it are ruled by `rule --from`."""
    from flows.wiring import wire
    from planerka.disputes.export import queue_rows, write_queue

    company = wire()
    rows = queue_rows(company.engine, company.crm.source, company.settings.zone, is_all=is_all)
    write_queue(file, rows, company.words)
    print(f"{len(rows)} disputes written to {file}.")


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
