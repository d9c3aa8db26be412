"""Store → what may still be known."""

from prefect import get_run_logger, task

from planerka.privacy.erasing import Erased
from planerka.privacy.retention import forget_old_leads as forget
from tasks import policies
from tasks.company import Company


@task(task_run_name="forget old leads", **policies.DATABASE)
def forget_old_leads(company: Company) -> Erased:
    forgotten = forget(company.engine, company.crm.source, company.settings, company.now)
    get_run_logger().info(
        "forgot the clients of %d leads and the texts of %d cards", forgotten.leads_n, forgotten.cards_n
    )
    return forgotten
