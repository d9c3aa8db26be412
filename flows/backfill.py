"""By hand: the measures of any stretch of days, counted again month by month."""

from datetime import date, timedelta
from typing import Any

from prefect import State, flow, get_run_logger, task
from prefect.states import Completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.begin import begin
from flows.parameters import Day
from flows.wiring import wire, within_the_data
from planerka.kpis.measuring import measure_touched_days, months
from tasks import policies
from tasks.runs import name_run

ONE_AFTER_ANOTHER: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=1)
"""One transaction at a time measures a source: more threads would wait for it (docs/decisions/0010)."""


@flow(task_runner=ONE_AFTER_ANOTHER)
def backfill(first_on: Day, last_on: Day) -> State[int]:
    """Count the measures of a stretch of local days again; returns how many days were counted.

    Args:
        first_on: Первый день. The first day.
        last_on: Последний день, включительно. The last day, included.
    """
    company = begin()
    name_run(company, f"{first_on}…{last_on}")
    first_on, last_on = within_the_data(company, first_on, last_on)
    name_run(company, f"{first_on}…{last_on}")
    days_n = sum(measure_month.map(months(first_on, last_on)).result())
    words, asked_n = company.words, (last_on - first_on).days + 1
    message = words.say("Days asked for: {asked}; measured with those they touch: {n}", asked=asked_n, n=days_n)
    return Completed(message=message, data=days_n)


@task(task_run_name="measure {stretch[0]:%Y-%m}", **policies.DATABASE)
def measure_month(stretch: tuple[date, date]) -> int:
    """Opens the company by itself: an engine does not cross into a mapped task."""
    company, (first_on, last_on) = wire(), stretch
    days = [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]
    days_n = measure_touched_days(company.engine, company.crm.source, company.office, company.analyst_ids, days)
    get_run_logger().info("%s to %s: measured %d days", first_on, last_on, days_n)
    return days_n
