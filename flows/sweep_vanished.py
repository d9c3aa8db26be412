"""Every night: leads that were deleted or merged in the source."""

from datetime import datetime

from prefect import flow

from flows.wiring import wire
from tasks import pull


@flow
def sweep_vanished(as_of: datetime | None = None) -> int:
    """Mark the leads that the source no longer has.

    Args:
        as_of: The instant the run is for; now if not given.
    """
    return pull.sweep_vanished(wire(as_of))
