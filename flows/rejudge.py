"""By hand: settled rejections judged again with what has become known since."""

from typing import Annotated

from prefect import State, flow
from prefect.states import Completed
from pydantic import Field

from flows.begin import begin
from flows.parameters import Day
from planerka.store.rejections import Asked
from tasks import judge, kpis
from tasks.runs import name_run

Text = Annotated[str, Field(pattern=r"\S")]


@flow
def rejudge(
    why: Text,
    since: Day | None = None,
    until: Day | None = None,
    reason: Text | None = None,
    rejection: Text | None = None,
    todays_source: bool = False,
) -> State[int]:
    """Judge settled rejections again; a verdict is added where it says something new. Returns how many were added.

    Args:
        why: Зачем оценивать повторно: это прочтут рядом с заключением. Why; it is read beside the verdict.
        since: Первый день отказов; пусто — с самого начала. The first day of the rejections; all if empty.
        until: Последний день отказов; пусто — до конца данных. The last day of the rejections; all if empty.
        reason: Код причины, например no_answer; пусто — любая. The code of the reason; any if empty.
        rejection: Номер одного отказа; пусто — все. The id of one rejection; all if empty.
        todays_source: Взять нынешние причину и карточку и учесть то, чего источник тогда не сообщал. Take today's
            reason and card, and what the source could not tell then.
    """
    asked = Asked(since=since, until=until, reason=reason, rejection_id=rejection)
    company = begin()
    name_run(company)
    report = judge.rejudge(company, asked, why, todays_source)
    kpis.compute_kpis(company)
    looked_at, added_n = company.words.number(report.looked_at_n), len(report.added)
    message = company.words.say(
        "Rejections judged again: {looked_at}; verdicts that changed: {n}", looked_at=looked_at, n=added_n
    )
    return Completed(message=message, data=added_n)
