"""Monday morning: the pack of the week that is over."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.owner import tell_owner
from flows.parameters import IsoWeek, Moment
from flows.wiring import week_of
from planerka.pack.freeze import FrozenPack
from tasks import judge, kpis, pack
from tasks.artifacts import pack_name
from tasks.runs import name_run


@flow(on_failure=[tell_owner])
def weekly_pack(
    week: IsoWeek | None = None, as_of: Moment | None = None, correct: str | None = None
) -> State[FrozenPack]:
    """Judge and measure what is new, freeze the pack of a week and render it.

    Args:
        week: Неделя, например 2026-W47; пусто — последняя законченная. ISO week; the last one that is over if empty.
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
        correct: Почему собрать заново пакет, который уже есть; попадёт в пакет. Why a pack that exists is made anew.
    """
    company = begin(as_of)
    name_run(company, week)
    meeting = week_of(company, week)
    name_run(company, meeting)
    # The schedules of judging and measuring are older than the newest pull: the pack shows one state of everything.
    judge.judge_rejections(company)
    judge.find_neglected(company)
    kpis.compute_kpis(company)
    frozen = pack.freeze_pack(company, meeting, correct)
    pack.render_pack(company, frozen)
    return Completed(message=pack_name(company, frozen), data=frozen)
