"""`planerka send` and `planerka deliveries`: who gets the pack, who has not got it and why."""

from datetime import datetime

from flows.cli_json import print_json
from flows.wiring import clock, frozen_pack, holder, week_of, wire
from planerka.clock import Week
from planerka.delivery.order import Order, channel_of
from planerka.delivery.sending import DeliveryReport, deliver
from planerka.errors import UsageError
from planerka.store import deliveries, packs
from planerka.store.database import reading
from planerka.store.deliveries import Delivery, State

TOLD_EVERY = 25

REMEDIES = {
    State.REFUSED: "Refused: correct the address, or try once more by `{command} --only-failed`.",
    State.DOUBTFUL: "Doubtful: ask whether they have it; who has not gets it by `{command} --again ADDRESS`.",
}


def send_pack(
    week: str | None, as_of: datetime | None, how: str | None, *, is_only_failed: bool, again: str | None
) -> DeliveryReport:
    """The week's pack to whom it is due; UsageError where both ways of sending once more are asked for."""
    if is_only_failed and again:
        raise UsageError("--only-failed and --again exclude each other: give one of them")
    company = wire(as_of)
    channel = channel_of(company.settings.delivery, how)
    assert channel  # only "none" gives none
    frozen = frozen_pack(company, week_of(company, week))
    order = Order(channel=channel, only_failed=is_only_failed, again=again)
    return deliver(company.engine, frozen, company.settings, order, clock, holder(), print_progress)


def print_progress(tried_n: int, of_n: int) -> None:
    if tried_n % TOLD_EVERY == 0 and tried_n < of_n:
        print(f"  {tried_n} of {of_n} mails tried", flush=True)


def print_delivery(report: DeliveryReport) -> None:
    """Counts, then a line for everyone without a mail; DeliveryError at the end where there is one."""
    where = report.folder or f"by {report.mailing.channel}"
    print(f"Mail: {report.sent_n} new {'in ' if report.folder else ''}{where}, {report.known_n} sent before.")
    if report.trouble:
        print(f"What is doubtful stays so: {report.trouble}.")
    for one in report.missing:
        print(line(one))
    for state in REMEDIES.keys() & {one.state for one in report.missing}:
        print(REMEDIES[state].format(command=report.command))
    report.require_all()


def ledger_of(week: str | None) -> list[Delivery]:
    """What became of a week's mails, or of those of the newest pack."""
    company = wire()
    with reading(company.engine) as connection:
        asked = str(Week.parse(week)) if week else packs.newest_week(connection, company.crm.source)
        return deliveries.of_week(connection, company.crm.source, asked) if asked else []


def print_ledger(ledger: list[Delivery], *, as_json: bool) -> None:
    if as_json:
        print_json(ledger)
        return
    for one in ledger:
        print(f"{one.week} v{one.version} {one.channel:<8} {one.at:%Y-%m-%d %H:%M} {line(one)}")
    print(f"{len(ledger)} deliveries. Times are UTC.")


def line(one: Delivery) -> str:
    return f"{one.recipient:<32} {one.state:<8} {one.answer or ''}".rstrip()
