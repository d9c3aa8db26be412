"""Every hour, and after each pull: verdicts on what has settled."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin_to_judge
from flows.parameters import Moment
from planerka.regulation.judging import JudgeReport
from tasks import judge
from tasks.runs import name_run


@flow
def judge_rejections(as_of: Moment | None = None) -> State[JudgeReport]:
    """Judge every settled rejection that has no verdict, and find neglected leads.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin_to_judge(as_of)
    name_run(company)
    report = judge.judge_rejections(company)
    neglected_n = judge.find_neglected(company)
    words = company.words
    message = words.count("{n} rejection judged", "{n} rejections judged", report.judged_n)
    neglected = words.count("{n} new neglected lead", "{n} new neglected leads", neglected_n)
    return Completed(message=f"{message}, {neglected}", data=report)
