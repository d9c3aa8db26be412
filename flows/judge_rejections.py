"""Every hour: verdicts on what has settled."""

from datetime import datetime

from prefect import flow

from flows.wiring import wire
from planerka.regulation.judging import JudgeReport
from tasks import judge


@flow
def judge_rejections(as_of: datetime | None = None) -> JudgeReport:
    """Judge every settled rejection that has no verdict, and find neglected leads.

    Args:
        as_of: The instant the run is for; now if not given.
    """
    company = wire(as_of)
    report = judge.judge_rejections(company)
    judge.find_neglected(company)
    return report
