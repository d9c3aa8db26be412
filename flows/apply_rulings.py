"""Every ten minutes: rulings go to the source."""

from datetime import datetime

from prefect import flow

from flows.wiring import wire
from planerka.disputes.applying import ApplyReport
from tasks import dispute


@flow
def apply_rulings(as_of: datetime | None = None) -> ApplyReport:
    """Carry out the commands of rulings in the source, each once.

    Args:
        as_of: The instant the run is for; now if not given.
    """
    return dispute.apply_rulings(wire(as_of))
