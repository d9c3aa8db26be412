"""Verdicts → disputes → source."""

from dataclasses import dataclass

from prefect import get_run_logger, task

from planerka.delivery.reminder import remind
from planerka.delivery.sending import Clock
from planerka.disputes.applying import ApplyReport, apply_commands
from planerka.disputes.expiry import ExpiryReport, expire_overdue
from planerka.disputes.opening import OpenReport, open_disputes
from planerka.disputes.sampling import draw_sample
from planerka.errors import BusyError
from planerka.intake.fitness import require_open_gate
from tasks import artifacts, policies
from tasks.company import Company
from tasks.counts import listed


@dataclass(frozen=True, kw_only=True)
class SentReport:
    """What one run opened, and what it decided because nobody did in time."""

    opened: OpenReport
    expired: ExpiryReport


@task(task_run_name="open disputes", **policies.DATABASE)
def send_disputes(company: Company) -> SentReport:
    require_open_gate(company.engine, company.crm.source)
    expired = expire_overdue(company.docket, company.now)
    report = open_disputes(company.engine, company.crm.source, company.review, company.now)
    sample = draw_sample(company.engine, company.crm.source, company.review, company.now)
    log = get_run_logger()
    log.info("nobody ruled in time on %d: %d upheld, %d returned", *expired.counts)
    log.info("opened %d disputes%s, %d too old", report.opened_n, listed(report.by_origin), report.older_n)
    log.info("drew %d verdicts and %d rulings to be read again", sample.verdicts_n, sample.rulings_n)
    artifacts.show_disputes(company, expired)
    return SentReport(opened=report, expired=expired)


@task(task_run_name="write to analysts and directors", **policies.DELIVERY)
def remind_people(company: Company, clock: Clock) -> int:
    mails_n = remind(company.docket, company.now, company.settings, clock)
    get_run_logger().info("%d mails about disputes", mails_n)
    return mails_n


@task(task_run_name="hand rulings over to the source", **policies.SOURCE_WRITES)
def apply_rulings(company: Company, clock: Clock, holder: str) -> ApplyReport:
    """Nothing while another run does it: that one hands over what this one would."""
    log = get_run_logger()
    try:
        report = apply_commands(company.engine, company.crm, holder, clock())
    except BusyError as busy:
        log.info("%s", busy)
        return ApplyReport()
    log.info("%d commands handed over, %d confirmed", report.handed_over_n, report.confirmed_n)
    for refusal in report.refused:
        log.warning("refused: %s", refusal)
    return report
