"""Store → verdicts and neglects."""

from prefect import get_run_logger, task

from expectations.regulation import regulation_gate
from planerka.intake.fitness import require_open_gate
from planerka.processes.neglect import find_neglects
from planerka.regulation.judging import JudgeReport, judge_new_rejections
from planerka.regulation.rejudging import RejudgeReport
from planerka.regulation.rejudging import rejudge as judge_again
from planerka.store.rejections import Asked
from tasks import policies
from tasks.company import Company
from tasks.counts import listed


@task(task_run_name="judge rejections", **policies.DATABASE)
def judge_rejections(company: Company) -> JudgeReport:
    require_open_gate(company.engine, company.crm.source)
    report = judge_new_rejections(company.engine, company.crm.source, company.office, regulation_gate, company.now)
    get_run_logger().info("judged %d rejections%s", report.judged_n, listed(report.by_outcome))
    return report


@task(task_run_name="judge rejections again", **policies.DATABASE)
def rejudge(company: Company, asked: Asked, why: str, is_by_todays_source: bool) -> RejudgeReport:
    require_open_gate(company.engine, company.crm.source)
    report = judge_again(
        company.engine,
        company.crm.source,
        company.office,
        asked,
        why,
        company.now,
        is_by_todays_source=is_by_todays_source,
    )
    get_run_logger().info(
        "judged %d rejections again%s", report.looked_at_n, listed(report.by_change) or ": nothing changed"
    )
    get_run_logger().info("%d disputes fell, %d rulings stand", report.fallen_n, report.ruled_n)
    return report


@task(task_run_name="find neglected leads", **policies.DATABASE)
def find_neglected(company: Company) -> int:
    neglected_n = find_neglects(company.engine, company.crm.source, company.office)
    get_run_logger().info("%d new neglects", neglected_n)
    return neglected_n
