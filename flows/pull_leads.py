"""Every quarter of an hour: what changed in the source."""

from datetime import datetime

from prefect import flow

from flows.wiring import wire
from planerka.model import GateReport
from tasks import pull


@flow
def pull_leads(as_of: datetime | None = None) -> GateReport:
    """Pull what changed since the last pull, and check that it is fit to be judged.

    Args:
        as_of: The instant the run is for; now if not given.
    """
    company = wire(as_of)
    pull.pull_leads(company)
    return pull.check_pull(company, company.now)
