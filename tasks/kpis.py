"""Store → measures, and what is at stake in disputes by them."""

from prefect import get_run_logger, task

from planerka.disputes.stake import weigh_disputes
from planerka.kpis.measuring import measure_touched_days
from tasks import policies
from tasks.company import Company


@task(task_run_name="measure the touched days", **policies.DATABASE)
def compute_kpis(company: Company) -> int:
    days_n = measure_touched_days(company.engine, company.crm.source, company.office, company.analyst_ids)
    weigh_disputes(company.engine, company.crm.source, company.settings.zone)
    get_run_logger().info("measured %d days", days_n)
    return days_n
