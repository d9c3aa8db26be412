"""Every quarter of an hour: what changed in the source."""

from datetime import timedelta

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.parameters import Moment
from flows.wiring import clock
from planerka.intake.pull import PullReport
from planerka.words import Words
from tasks import pull
from tasks.runs import name_run

HISTORY = timedelta(minutes=10)
"""So long a run goes on with the history of a CRM: the next one takes what is new before it goes further back."""


@flow
def pull_leads(as_of: Moment | None = None) -> State[PullReport]:
    """Pull what changed since the last pull, and check that it is fit to be judged.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin(as_of)
    name_run(company)
    stops_at = clock() + HISTORY
    report = pull.pull_leads(company, lambda: clock() < stops_at)
    pull.check_pull(company, company.now)
    return Completed(message=summary(report, company.words), data=report)


def summary(report: PullReport, words: Words) -> str:
    return words.count(
        "{n} row pulled: {changed} new or changed, {held} quarantined, {waiting} waiting",
        "{n} rows pulled: {changed} new or changed, {held} quarantined, {waiting} waiting",
        report.rows_n,
        changed=words.number(report.changed_n),
        held=words.number(report.quarantined_n),
        waiting=words.number(report.waiting_n),
    )
