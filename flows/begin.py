"""How a flow begins: with its company, and with patience for a database that is away just then."""

from datetime import datetime

from prefect import task

from flows.wiring import wire, wire_to_judge
from tasks import policies
from tasks.company import Company


@task(task_run_name="open the store", **policies.DATABASE)
def begin(as_of: datetime | None = None) -> Company:
    """What `wire` gives and raises. A run that starts while the database is restarted waits for it as its tasks do."""
    return wire(as_of)


@task(task_run_name="open the store", **policies.DATABASE)
def begin_to_judge(as_of: datetime | None = None) -> Company:
    """As `begin`, with what `wire_to_judge` gives and raises."""
    return wire_to_judge(as_of)
