"""`planerka …`: one function a verb. Everything slow is imported inside the verb that needs it."""

import gc
import io
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli_crm import crm_app
from flows.cli_days import DAY
from flows.cli_db import db_app
from flows.cli_desk import desk
from flows.cli_json import AsJson
from flows.cli_ledger import ledger
from flows.cli_map import map_app
from flows.cli_privacy import privacy_app
from flows.cli_quarantine import quarantine_app
from flows.cli_rejudge import rejudge
from flows.cli_review import disputes_app, print_rehearsals
from flows.cli_rules import regulation_app
from flows.masking import mask_what_is_written
from planerka.errors import PlanerkaError, UsageError
from tasks.counts import listed

if TYPE_CHECKING:
    from flows.weekly_cycle import CycleReport
    from planerka.intake.pull import PullReport, Step
    from planerka.model import GateReport
    from planerka.pack.freeze import FrozenPack

app = typer.Typer(
    help="One set of rules and one set of numbers for marketing and sales.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
disputes_app.command()(ledger)
app.add_typer(disputes_app, name="disputes")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(regulation_app, name="regulation")
app.add_typer(privacy_app, name="privacy")
app.add_typer(db_app, name="db")
app.add_typer(map_app, name="map")
app.add_typer(crm_app, name="crm")
app.command()(rejudge)
app.command()(desk)


class Deliver(StrEnum):
    OUTBOX = "outbox"
    SMTP = "smtp"
    NONE = "none"


Week = Annotated[str | None, typer.Option(help="ISO week, as 2026-W47; the last complete one by default.")]
AsOf = Annotated[datetime | None, typer.Option(help="The instant the run is for (UTC); now by default.")]
Where = Annotated[
    Deliver | None,
    typer.Option(help="Where the mails go: .eml files in a folder, a mail server, or nowhere; the setting by default."),
]


@app.command()
def weekly(week: Week = None, as_of: AsOf = None, deliver: Where = None) -> None:
    """Run the whole cycle: pull, judge, dispute, apply, measure, pack, deliver."""
    from flows.cli_setup import say_if_made_up
    from flows.quiet import prefect_api
    from planerka.settings import load_settings

    settings = load_settings()
    say_if_made_up(settings)
    with prefect_api(settings.data / "prefect") as api:
        if api.greeting:
            print(api.greeting, flush=True)
        from flows.wiring import week_of, wire
        from planerka.delivery.order import channel_of

        # What is wrong with the settings or the week is said before anybody waits for the server.
        company = wire(utc(as_of))
        week_of(company, week)
        channel_of(company.settings.delivery, deliver)
        from flows.progress import show_progress
        from flows.weekly_cycle import weekly_cycle

        show_progress()
        print_cycle(api.run(weekly_cycle, week=week, as_of=utc(as_of), deliver=deliver and str(deliver)))


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new folder, or one that has none of these files.")]) -> None:
    """Lay out a folder for a company: settings, its rules, a mapping and secrets to fill in."""
    from flows.cli_setup import lay_out, print_next_commands

    lay_out(folder)
    print_next_commands(folder)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is wrong with this installation, and the command or key that mends it."""
    from flows.cli_setup import print_findings
    from flows.doctor.examine import examine
    from flows.doctor.finding import Level

    found = examine()
    print_findings(found, as_json=as_json)
    if any(finding.level == Level.WRONG for finding in found):
        raise typer.Exit(UsageError.exit_code)


@app.command()
def pull(as_of: AsOf = None) -> None:
    """Pull what changed in the source, and check that it is fit to be judged."""
    from expectations.pull import check_pull
    from flows.cli_setup import say_if_made_up
    from flows.progress import rows_counted
    from flows.wiring import wire
    from planerka.intake.findings import lines_of
    from planerka.intake.frame_tests import FRAME_TESTS, lines_of_warnings
    from planerka.intake.pull import pull as pull_leads
    from planerka.settings import load_settings

    say_if_made_up(load_settings())
    company = wire(utc(as_of))
    with rows_counted() as count:
        report = pull_leads(company.engine, company.crm, company.settings.zone, company.now, print_window, count)
    print(f"Pulled {report.rows_n} rows: {report.changed_n} new or changed, {report.quarantined_n} quarantined.")
    print_waiting(report)
    for line in lines_of(report.checks):
        print(f"  {line}")
    gate = check_pull(company.engine, company.crm.source, company.settings, company.now, company.now)
    of_the_whole = {spec.key for spec in FRAME_TESTS}
    for line in lines_of_warnings(check for check in gate.warnings if check.key in of_the_whole):
        print(f"  {line}")


@app.command()
def judge(as_of: AsOf = None) -> None:
    """Judge settled rejections that have no verdict, and find neglected leads."""
    from expectations.regulation import regulation_gate
    from flows.wiring import wire_to_judge
    from planerka.intake.fitness import require_open_gate
    from planerka.processes.neglect import find_neglects
    from planerka.regulation.judging import judge_new_rejections

    company = wire_to_judge(utc(as_of))
    require_open_gate(company.engine, company.crm.source)
    report = judge_new_rejections(company.engine, company.crm.source, company.office, regulation_gate, company.now)
    neglected_n = find_neglects(company.engine, company.crm.source, company.office)
    print(f"Judged {report.judged_n} rejections{listed(report.by_outcome)}, found {neglected_n} neglected leads.")


@app.command()
def apply(
    as_of: AsOf = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be written to the source, and write nothing.")
    ] = False,
) -> None:
    """Carry out in the source what rulings decided."""
    from flows.wiring import clock, holder, wire
    from planerka.disputes.applying import apply_commands, rehearse_commands
    from planerka.errors import CrmError

    company = wire(utc(as_of))
    if dry_run:
        print_rehearsals(rehearse_commands(company.engine, company.crm))
        return
    report = apply_commands(company.engine, company.crm, holder(), clock())
    print(f"Handed over {report.handed_over_n} commands, {report.confirmed_n} are confirmed.")
    if report.refused:
        raise CrmError("\n".join(["commands were refused and stay pending:", *report.refused]))


@app.command()
def kpis(
    from_on: Annotated[datetime, typer.Option("--from", formats=DAY, help="First local day.")],
    to_on: Annotated[datetime, typer.Option("--to", formats=DAY, help="Last local day.")],
    by: Annotated[str, typer.Option(help="project, channel, campaign, manager or agency; two with a comma.")] = "",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Bring the measures up to date and print every KPI of a stretch of days."""
    from flows.cli_kpis import kpi_table, print_kpis

    print_kpis(kpi_table(from_on.date(), to_on.date(), by), as_json=as_json, as_csv=as_csv)


@app.command()
def pack(
    week: Week = None,
    as_of: AsOf = None,
    correct: Annotated[
        str | None, typer.Option(metavar="WHY", help="Assemble it again; a version that says why and what changed.")
    ] = None,
    despite: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Let this blocking check pass; the pack says so.")
    ] = None,
) -> None:
    """Freeze the pack of a week, or take the one it has, and write its pages."""
    from expectations.pack import pack_gate
    from expectations.report import write_report
    from flows.wiring import holder, week_of, wire
    from planerka.pack.freeze import freeze
    from planerka.pack.write import write_pack

    at = wire(utc(as_of))
    meeting = week_of(at, week)
    frozen = freeze(
        at.engine,
        at.crm.source,
        meeting,
        at.settings,
        at.analyst_ids,
        at.now,
        "shell",
        pack_gate,
        holder(),
        despite or (),
        correct,
    )
    if not frozen.is_new:
        what = "Nothing has changed" if correct else "It was frozen before"
        print(f"{what}: version {frozen.version} of {meeting} stands.")
    if frozen.restated_n:
        print(f"{restated(frozen)}.")
    print_files(write_pack(frozen, at.settings.out))
    write_report(at.engine, frozen, at.settings)


@app.command()
def send(
    week: Week = None,
    as_of: AsOf = None,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Those delayed or refused once more, and nobody else.")
    ] = False,
    again: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="To this recipient once more, whatever the ledger says.")
    ] = None,
    deliver: Annotated[
        Literal["outbox", "smtp"] | None, typer.Option(help="To a folder or by a mail server; the setting by default.")
    ] = None,
) -> None:
    """Deliver the pack of a week to everyone who has not got it."""
    from flows.cli_delivery import print_delivery, send_pack

    print_delivery(send_pack(week, utc(as_of), deliver, is_only_failed=only_failed, again=again))


@app.command()
def deliveries(
    week: Annotated[str | None, typer.Option(help="ISO week, as 2026-W47; that of the newest pack by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who was sent the pack of a week, and what the mail server said."""
    from flows.cli_delivery import ledger_of, print_ledger

    print_ledger(ledger_of(week), as_json=as_json)


@app.command()
def alarms() -> None:
    """Have the Prefect server call `alarms.webhook` when a run failed, the pack is late or pulls have stopped."""
    from flows.quiet import require_server
    from planerka.errors import SettingsError
    from planerka.settings import load_settings
    from planerka.words import words_for

    settings = load_settings()
    if settings.alarms.webhook is None:
        raise SettingsError("alarms.webhook is missing: name the address to be called (docs/operation.md)")
    require_server()
    from flows.alarms import set_alarms

    for name in set_alarms(settings.alarms.webhook, words_for(settings.language)):
        print(f"Set: {name}")


def print_window(step: "Step") -> None:
    print(f"  {step}", flush=True)


def print_cycle(report: "CycleReport") -> None:
    """A line a station; what a second run did not do again is said."""
    pulled, judged, frozen = report.pulled, report.judged, report.pack
    print(f"Pulled    {pulled.rows_n} rows, {pulled.changed_n} new or changed, {pulled.quarantined_n} quarantined")
    print_waiting(pulled)
    print_gate(report.gate)
    print(f"Judged    {judged.judged_n} new verdicts{listed(judged.by_outcome)}; {report.neglected_n} new neglects")
    if judged.begins_on:
        print(
            f"          the signed regulation takes effect on {judged.begins_on}, after the data: nothing to judge by"
        )
    elif judged.edition is None:
        print("          no signed regulation is in force: rejections wait (planerka regulation sign)")
    print(f"Disputes  {report.opened.opened_n} new; {report.opened.older_n} wrong rejections too old to dispute")
    print(f"Rulings   {report.applied.handed_over_n} commands handed over, {report.applied.confirmed_n} confirmed")
    for refusal in report.applied.refused:
        print(f"          refused, and stays pending: {refusal}")
    print(f"KPIs      {report.measured_days_n} days measured")
    state = "new" if frozen.is_new else "was there: not written again"
    print(f"Pack      {frozen.week} version {frozen.version}, {state}")
    if frozen.restated_n:
        print(f"          {restated(frozen)}")
    if mail := report.delivered:
        where = mail.folder or f"by {mail.mailing.channel}"
        print(f"Mail      {mail.sent_n} new {'in ' if mail.folder else ''}{where}, {mail.known_n} were sent before")
    print_files(report.files)


def restated(frozen: "FrozenPack") -> str:
    """That a pack is not what would be counted now, and what to do."""
    remedy = f"planerka pack --week {frozen.week} --correct WHY makes the next version"
    return f"{frozen.restated_n} figures of the company are others by now: {remedy}"


def print_waiting(pulled: "PullReport") -> None:
    """Rows that came again as bad as before are not quarantined anew, and wait all the same."""
    if pulled.waiting_n:
        print(f"          {pulled.waiting_n} rows wait in quarantine: see `planerka quarantine list`")


def print_gate(gate: "GateReport") -> None:
    """What it let pass with a warning is said each time, also where nothing new was pulled."""
    from planerka.intake.frame_tests import lines_of_warnings

    print(f"Gate      open: {len(gate.checks)} checks, {len(gate.warnings)} warnings")
    for line in lines_of_warnings(gate.warnings):
        print(f"          {line}")


def print_files(files: dict[str, Path]) -> None:
    print("Open in a browser:")
    for path in files.values():
        print(f"  {path}")


def utc(as_of: datetime | None) -> datetime | None:
    from datetime import UTC

    return as_of.replace(tzinfo=UTC) if as_of else None


def main() -> None:
    """Run the command; an error of ours is one message and its exit code."""
    # Rows are tuples by the million without a cycle among them; looking for one every 700 takes a sixth of all time.
    gc.set_threshold(50_000)
    mask_what_is_written()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a shell in KOI8 has no ellipsis, which would end the run
    try:
        app()
    except PlanerkaError as error:
        print(f"planerka: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
