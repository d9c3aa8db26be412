"""Measures → pack → people."""

from pathlib import Path

from prefect import get_run_logger, task
from prefect.runtime import flow_run

from expectations.pack import pack_gate
from expectations.report import write_report
from planerka.clock import Week
from planerka.delivery.outbox import DeliveryReport, deliver
from planerka.pack.freeze import FrozenPack, freeze
from planerka.pack.write import write_pack
from tasks import policies
from tasks.company import Company


@task(**policies.DATABASE)
def freeze_pack(company: Company, week: Week) -> FrozenPack:
    """A week that has a pack keeps it. GateStoppedError where a new one is not fit to be shown."""
    run = flow_run.name or ""
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
    )
    get_run_logger().info("pack %s version %d, new: %s", week, frozen.version, frozen.is_new)
    return frozen


@task(**policies.FILES)
def render_pack(company: Company, frozen: FrozenPack) -> dict[str, Path]:
    files = write_pack(frozen, company.settings.out)
    write_report(company.engine, frozen, company.settings)
    get_run_logger().info("wrote %s", ", ".join(map(str, files.values())))
    return files


@task(**policies.DELIVERY)
def deliver_pack(company: Company, frozen: FrozenPack) -> DeliveryReport:
    report = deliver(company.engine, frozen, company.settings, company.now)
    get_run_logger().info("%d mails written, %d were there", report.delivered_n, report.known_n)
    return report
