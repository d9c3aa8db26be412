"""Every working morning: disputed rejections go to the analyst's queue."""

from datetime import datetime

from prefect import flow

from flows.wiring import wire
from planerka.disputes.opening import OpenReport
from tasks import dispute


@flow
def send_disputes(as_of: datetime | None = None) -> OpenReport:
    """Open a dispute on every wrong or unprovable rejection that can still be mended.

    Args:
        as_of: The instant the run is for; now if not given.
    """
    return dispute.send_disputes(wire(as_of))
