"""Every night: measures of the days that something touched."""

from datetime import datetime

from prefect import flow

from flows.wiring import wire
from tasks import kpis


@flow
def compute_kpis(as_of: datetime | None = None) -> int:
    """Count the measures of every touched day again; returns how many days.

    Args:
        as_of: The instant the run is for; now if not given.
    """
    return kpis.compute_kpis(wire(as_of))
