"""Monday morning: the pack of the week that is over."""

from datetime import datetime

from prefect import flow

from flows.wiring import week_of, wire
from planerka.pack.freeze import FrozenPack
from tasks import judge, kpis, pack


@flow
def weekly_pack(week: str | None = None, as_of: datetime | None = None) -> FrozenPack:
    """Judge and measure what is new, freeze the pack of a week and render it.

    Args:
        week: ISO week, as 2026-W47; the last one that is over if not given.
        as_of: The instant the run is for; now if not given.
    """
    company = wire(as_of)
    # The schedules of judging and measuring are older than the newest pull: the pack shows one state of everything.
    judge.judge_rejections(company)
    judge.find_neglected(company)
    kpis.compute_kpis(company)
    frozen = pack.freeze_pack(company, week_of(company, week))
    pack.render_pack(company, frozen)
    return frozen
