"""Every working morning: disputed rejections go to the analyst's queue."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.parameters import Moment
from flows.wiring import clock
from planerka.disputes.opening import OpenReport
from tasks import dispute
from tasks.runs import name_run


@flow
def send_disputes(as_of: Moment | None = None) -> State[OpenReport]:
    """Open a dispute on every wrong or unprovable rejection that can still be mended, and remind the analysts.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin(as_of)
    name_run(company)
    report = dispute.send_disputes(company)
    dispute.remind_analysts(company, clock)
    message = company.words.count("{n} dispute opened", "{n} disputes opened", report.opened_n)
    return Completed(message=message.capitalize(), data=report)
