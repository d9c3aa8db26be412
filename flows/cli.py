"""`planerka …`: one function a verb. Everything slow is imported inside the verb that needs it."""

import gc
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_review import disputes_app, quarantine_app
from flows.cli_rules import regulation_app
from planerka.errors import PlanerkaError

if TYPE_CHECKING:
    from flows.weekly_cycle import CycleReport

app = typer.Typer(
    help="One set of rules and one set of numbers for marketing and sales.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(disputes_app, name="disputes")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(regulation_app, name="regulation")
db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db_app, name="db")


class Deliver(StrEnum):
    OUTBOX = "outbox"
    NONE = "none"


Week = Annotated[str | None, typer.Option(help="ISO week, as 2026-W47; the last complete one by default.")]
AsOf = Annotated[datetime | None, typer.Option(help="The instant the run is for (UTC); now by default.")]
Where = Annotated[Deliver, typer.Option(help="Where the mails go: .eml files in a folder, or nowhere.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]


@app.command()
def weekly(week: Week = None, as_of: AsOf = None, deliver: Where = Deliver.OUTBOX) -> None:
    """Run the whole cycle: pull, judge, dispute, apply, measure, pack, deliver."""
    from flows.quiet import prefect_api
    from planerka.settings import load_settings

    with prefect_api(load_settings().data / "prefect") as api:
        if api.is_temporary:
            print("Starting a temporary Prefect server …", flush=True)
        from flows.wiring import week_of, wire

        # What is wrong with the settings or the week is said before anybody waits for the server.
        week_of(wire(utc(as_of)), week)
        from flows.progress import show_progress
        from flows.weekly_cycle import weekly_cycle

        show_progress()
        print_cycle(api.run(weekly_cycle, week=week, as_of=utc(as_of), deliver=str(deliver)))


@app.command()
def pull(as_of: AsOf = None) -> None:
    """Pull what changed in the source, and check that it is fit to be judged."""
    from expectations.pull import check_pull
    from flows.wiring import wire
    from planerka.intake.pull import pull as pull_leads

    company = wire(utc(as_of))
    report = pull_leads(company.engine, company.crm, company.settings.zone, company.now, print_window)
    print(f"Pulled {report.rows_n} rows: {report.changed_n} new or changed, {report.quarantined_n} quarantined.")
    check_pull(company.engine, company.crm.source, company.settings, company.now, company.now)


@app.command()
def judge(as_of: AsOf = None) -> None:
    """Judge settled rejections that have no verdict, and find neglected leads."""
    from expectations.regulation import regulation_gate
    from flows.wiring import wire
    from planerka.intake.fitness import require_open_gate
    from planerka.processes.neglect import find_neglects
    from planerka.regulation.judging import judge_new_rejections

    company = wire(utc(as_of))
    require_open_gate(company.engine, company.crm.source)
    report = judge_new_rejections(company.engine, company.crm.source, company.office, regulation_gate, company.now)
    neglected_n = find_neglects(company.engine, company.crm.source, company.office)
    print(f"Judged {report.judged_n} rejections{outcomes(report.by_outcome)}, found {neglected_n} neglected leads.")


@app.command()
def apply(as_of: AsOf = None) -> None:
    """Carry out in the source what rulings decided."""
    from flows.wiring import wire
    from planerka.disputes.applying import apply_commands
    from planerka.errors import CrmError

    company = wire(utc(as_of))
    report = apply_commands(company.engine, company.crm)
    print(f"Handed over {report.handed_over_n} commands, {report.confirmed_n} are confirmed.")
    if report.refused:
        raise CrmError("\n".join(["commands were refused and stay pending:", *report.refused]))


@app.command()
def kpis(
    from_on: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First local day.")],
    to_on: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day.")],
    by: Annotated[str, typer.Option(help="project, channel, campaign, manager or agency; two with a comma.")] = "",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Bring the measures up to date and print every KPI of a stretch of days."""
    from flows.cli_kpis import kpi_table, print_kpis

    print_kpis(kpi_table(from_on.date(), to_on.date(), by), as_json=as_json, as_csv=as_csv)


@app.command()
def pack(week: Week = None, as_of: AsOf = None) -> None:
    """Freeze the pack of a week, or take the one it has, and write its pages."""
    from expectations.pack import pack_gate
    from expectations.report import write_report
    from flows.wiring import holder, week_of, wire
    from planerka.pack.freeze import freeze
    from planerka.pack.write import write_pack

    at = wire(utc(as_of))
    meeting = week_of(at, week)
    frozen = freeze(
        at.engine, at.crm.source, meeting, at.settings, at.analyst_ids, at.now, "shell", pack_gate, holder()
    )
    print_files(write_pack(frozen, at.settings.out))
    write_report(at.engine, frozen, at.settings)


@app.command()
def send(week: Week = None, as_of: AsOf = None) -> None:
    """Deliver the pack of a week to everyone who has not got it."""
    from flows.wiring import frozen_pack, week_of, wire
    from planerka.delivery.outbox import deliver

    company = wire(utc(as_of))
    frozen = frozen_pack(company, week_of(company, week))
    report = deliver(company.engine, frozen, company.settings, company.now)
    print(f"{report.delivered_n} mails written to {report.folder}, {report.known_n} were there.")


@db_app.command()
def upgrade() -> None:
    """Bring the database of the settings to this version."""
    from planerka.settings import load_settings
    from planerka.store.database import connect
    from planerka.store.database import upgrade as upgrade_store

    upgrade_store(connect(load_settings().store_url))
    print("The database is at the version of this planerka.")


def print_window(until: str, rows_n: int) -> None:
    print(f"  pulled up to {until}: {rows_n} rows", flush=True)


def print_cycle(report: "CycleReport") -> None:
    """A line a station; what a second run did not do again is said."""
    pulled, judged, frozen = report.pulled, report.judged, report.pack
    print(f"Pulled    {pulled.rows_n} rows, {pulled.changed_n} new or changed, {pulled.quarantined_n} quarantined")
    print(f"Gate      {len(report.gate.checks)} checks passed, {len(report.gate.warnings)} warnings")
    print(f"Judged    {judged.judged_n} new verdicts{outcomes(judged.by_outcome)}; {report.neglected_n} new neglects")
    if judged.edition is None:
        print("          no signed regulation is in force: rejections wait (planerka regulation sign)")
    print(f"Disputes  {report.opened.opened_n} new; {report.opened.older_n} wrong rejections too old to dispute")
    print(f"Rulings   {report.applied.handed_over_n} commands handed over, {report.applied.confirmed_n} confirmed")
    for refusal in report.applied.refused:
        print(f"          refused, and stays pending: {refusal}")
    print(f"KPIs      {report.measured_days_n} days measured")
    state = "new" if frozen.is_new else "was there: not written again"
    print(f"Pack      {frozen.week} version {frozen.version}, {state}")
    if mail := report.delivered:
        print(f"Mail      {mail.delivered_n} new in {mail.folder}, {mail.known_n} were there")
    print_files(report.files)


def print_files(files: dict[str, Path]) -> None:
    print("Open in a browser:")
    for path in files.values():
        print(f"  {path}")


def outcomes(by_outcome: dict[str, int]) -> str:
    return f" ({', '.join(f'{n} {outcome}' for outcome, n in sorted(by_outcome.items()))})" if by_outcome else ""


def utc(as_of: datetime | None) -> datetime | None:
    from datetime import UTC

    return as_of.replace(tzinfo=UTC) if as_of else None


def main() -> None:
    """Run the command; an error of ours is one message and its exit code."""
    # Rows are tuples by the million without a cycle among them; looking for one every 700 takes a sixth of all time.
    gc.set_threshold(50_000)
    try:
        app()
    except PlanerkaError as error:
        print(f"planerka: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
