"""Every night: measures of the days that something touched."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.parameters import Moment
from tasks import kpis
from tasks.runs import name_run


@flow
def compute_kpis(as_of: Moment | None = None) -> State[int]:
    """Count the measures of every touched day again; returns how many days.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin(as_of)
    name_run(company)
    days_n = kpis.compute_kpis(company)
    return Completed(message=company.words.count("{n} day measured", "{n} days measured", days_n), data=days_n)
