"""Source → store, and the gate on what came."""

from collections.abc import Callable
from datetime import datetime

from prefect import get_run_logger, task

from expectations import pull as gate
from planerka.intake.check import SUITE
from planerka.intake.findings import lines_of
from planerka.intake.pull import PullReport, pull, sweep
from planerka.model import GateReport
from tasks import artifacts, policies
from tasks.company import Company


@task(task_run_name="pull from the source", **policies.SOURCE)
def pull_leads(company: Company, may_go_back: Callable[[], bool]) -> PullReport:
    """What is new; then what is older than anything pulled so far, for as long as it may."""
    log = get_run_logger()

    report = pull(
        company.engine,
        company.crm,
        company.settings.zone,
        company.now,
        lambda step: log.info("%s", step),
        may_go_back=may_go_back,
    )
    log.info("%d rows, %d changed, %d quarantined", report.rows_n, report.changed_n, report.quarantined_n)
    log.info("%d rows wait in quarantine", report.waiting_n)
    for line in lines_of(report.checks):
        log.info("%s", line)
    return report


@task(task_run_name="check what was pulled", **policies.DATABASE)
def check_pull(company: Company, reach_at: datetime) -> GateReport:
    """Is what came fit to be judged, and does it reach that moment? GateStoppedError where it is not."""
    with artifacts.shown_gate(company, SUITE):
        report = gate.check_pull(company.engine, company.crm.source, company.settings, reach_at, company.now)
    get_run_logger().info("gate open: %d checks, %d warnings", len(report.checks), len(report.warnings))
    return report


@task(task_run_name="look for vanished leads", **policies.SOURCE)
def sweep_vanished(company: Company) -> int:
    vanished_n = sweep(company.engine, company.crm, company.now)
    get_run_logger().info("%d leads vanished from the source", vanished_n)
    return vanished_n
