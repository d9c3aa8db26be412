"""Every hour of the working day: disputed rejections go to the analyst's queue, and people hear of what is due."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.parameters import Moment
from flows.wiring import clock
from tasks import artifacts, dispute
from tasks.dispute import SentReport
from tasks.runs import name_run


@flow
def send_disputes(as_of: Moment | None = None) -> State[SentReport]:
    """Open a dispute on every wrong or unprovable rejection that can still be mended, have the edition decide what
    nobody ruled on in time, and write to analysts and directors.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin(as_of)
    name_run(company)
    report = dispute.send_disputes(company)
    dispute.remind_people(company, clock)
    opened = company.words.count("{n} dispute opened", "{n} disputes opened", report.opened.opened_n)
    said = [opened, *artifacts.not_in_time(company.words, report.expired)]
    return Completed(message=", ".join(said).capitalize(), data=report)
