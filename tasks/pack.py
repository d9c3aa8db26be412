"""Measures → pack → people."""

from pathlib import Path

from prefect import get_run_logger, task

from expectations.pack import SUITE, pack_gate
from expectations.report import write_report
from planerka.clock import Week
from planerka.delivery.order import Order
from planerka.delivery.sending import Clock, DeliveryReport, deliver
from planerka.pack.freeze import FrozenPack, freeze
from planerka.pack.write import write_pack
from planerka.store.deliveries import Channel
from tasks import artifacts, policies
from tasks.company import Company
from tasks.runs import run_name


@task(task_run_name="freeze the pack of {week}", **policies.DATABASE)
def freeze_pack(company: Company, week: Week, correct: str | None = None) -> FrozenPack:
    """A week that has a pack keeps it, unless it is to be corrected, and why is given.

    GateStoppedError where a new one is not fit to be shown.
    """
    run = run_name(company, week)
    with artifacts.shown_gate(company, SUITE):
        frozen = freeze(
            company.engine,
            company.crm.source,
            week,
            company.settings,
            company.analyst_ids,
            company.now,
            run,
            pack_gate,
            holder=f"flow run {run}",
            correct=correct,
        )
    artifacts.show_regulation(company)
    artifacts.show_kpis(company, frozen)
    get_run_logger().info("pack %s version %d, new: %s", week, frozen.version, frozen.is_new)
    return frozen


@task(task_run_name="write the pages of {frozen.week}", **policies.FILES)
def render_pack(company: Company, frozen: FrozenPack) -> dict[str, Path]:
    files = write_pack(frozen, company.settings.out)
    write_report(company.engine, frozen, company.settings)
    get_run_logger().info("wrote %s", ", ".join(map(str, files.values())))
    artifacts.show_pack(company, frozen)
    return files


@task(task_run_name="deliver the pack of {frozen.week}", **policies.DELIVERY)
def deliver_pack(company: Company, frozen: FrozenPack, channel: Channel, clock: Clock, holder: str) -> DeliveryReport:
    """DeliveryError where somebody has not got it, so that the run is seen to have failed. Logs name nobody."""
    report = deliver(company.engine, frozen, company.settings, Order(channel=channel), clock, holder)
    logger = get_run_logger()
    logger.info("%d mails sent by %s, %d were sent before", report.sent_n, channel, report.known_n)
    if report.trouble:
        logger.warning("what is doubtful stays so: %s", report.trouble)
    report.require_all()
    return report
