"""Every night: leads that were deleted or merged in the source."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.parameters import Moment
from tasks import pull
from tasks.runs import name_run


@flow
def sweep_vanished(as_of: Moment | None = None) -> State[int]:
    """Mark the leads that the source no longer has.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin(as_of)
    name_run(company)
    vanished_n = pull.sweep_vanished(company)
    message = company.words.count("{n} lead vanished from the CRM", "{n} leads vanished from the CRM", vanished_n)
    return Completed(message=message, data=vanished_n)
