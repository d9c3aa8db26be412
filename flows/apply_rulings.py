"""Every ten minutes: rulings go to the source."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.parameters import Moment
from flows.wiring import clock, holder
from planerka.disputes.applying import ApplyReport
from tasks import dispute
from tasks.runs import name_run


@flow
def apply_rulings(as_of: Moment | None = None) -> State[ApplyReport]:
    """Carry out the commands of rulings in the source, each once.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin(as_of)
    name_run(company)
    report = dispute.apply_rulings(company, clock, holder())
    words = company.words
    handed_over = words.count("{n} ruling handed over", "{n} rulings handed over", report.handed_over_n)
    refused = words.count("{n} refused", "{n} refused", len(report.refused))
    return Completed(message=f"{handed_over}, {refused}", data=report)
