"""`planerka rejudge`: settled rejections looked at again, with what has become known since."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_days import DAY, day
from flows.cli_json import AsJson, print_json, shown

if TYPE_CHECKING:
    from planerka.regulation.rejudging import RejudgeReport


def rejudge(
    why: Annotated[str, typer.Option(help="Why they are judged again: both departments read it beside the verdict.")],
    since: Annotated[datetime | None, typer.Option(formats=DAY, help="First local day of the rejections.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="Last local day of the rejections.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only rejections for this reason: its code, as no_answer.")] = None,
    rejection: Annotated[str | None, typer.Option(help="Only the rejection with this id.")] = None,
    todays_source: Annotated[
        bool,
        typer.Option(
            "--todays-source",
            help="Take today's reason and card, and what the source can tell today: after a mapping was mended.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge settled rejections again by what is known today; add a verdict where it says something new."""
    from flows.wiring import wire
    from planerka.errors import UsageError
    from planerka.intake.fitness import require_open_gate
    from planerka.kpis.measuring import measure_touched_days
    from planerka.regulation.rejudging import rejudge as judge_again
    from planerka.store.rejections import Asked

    asked = Asked(since=day(since), until=day(until), reason=reason, rejection_id=rejection)
    company = wire()
    engine, source, office = company.engine, company.crm.source, company.office
    require_open_gate(engine, source)
    report = judge_again(engine, source, office, asked, why, company.now, is_by_todays_source=todays_source)
    if not report.looked_at_n:
        raise UsageError("no rejection that has a verdict fits: check --since, --until, --reason and --rejection")
    measure_touched_days(engine, source, office, company.analyst_ids)
    if as_json:
        print_json(report)
    else:
        print("\n".join(lines(report)))


def lines(report: "RejudgeReport") -> Iterator[str]:
    added_n = len(report.added)
    outcome = f"{added_n} new verdicts" if added_n else "nothing changed"
    yield f"Judged {report.looked_at_n} rejections again: {outcome}."
    for change, n in sorted(report.by_change.items()):
        yield f"  {change}: {n}"
    yield from shown([f"{one.rejection_id}: {one.en}" for one in report.added])
    if report.fallen_n:
        yield f"{report.fallen_n} disputes have fallen: their rejections are lawful now, and wait for nobody."
    if report.ruled_n:
        yield f"{report.ruled_n} disputes over them had been ruled on: the rulings stand."
