"""Section 6: how fast a person answers, in working time."""

from planerka.pack.assembly.week import PackWeek
from planerka.pack.facts import ResponseBin, Speed
from planerka.rulebook.measures import RESPONSE_BINS
from planerka.store.measure_sums import sums

SPEED_KPIS = ("in_sla_share", "first_response_min")
SHOWN_BOUNDS_MIN = (5, 15, 30, 60, 240)
ALL = "needed_response_n"


def speed(pack: PackWeek) -> Speed:
    company = pack.trends(SPEED_KPIS)
    is_known = not pack.reader.missing(pack.reader.kpi("in_sla_share"))
    return Speed(
        norms_min={str(kind): n for kind, n in pack.edition.norms.first_response_min.items()} if pack.edition else {},
        company=company,
        by_manager=pack.scopes(SPEED_KPIS, "manager_id") if is_known else (),
        by_channel=pack.scopes(SPEED_KPIS, "channel_id") if is_known else (),
        bins=bins(pack) if is_known else (),
    )


def bins(pack: PackWeek) -> tuple[ResponseBin, ...]:
    """Leads of the week by the time of their answer; the last bin holds the slower ones and those still waiting."""
    found = sums(pack.connection, pack.source, [ALL, *RESPONSE_BINS], *pack.now).get(())
    if found is None:
        return ()
    within = {
        bound: sum(found.all.get(name, 0) for name, (_, high) in RESPONSE_BINS.items() if high <= bound)
        for bound in SHOWN_BOUNDS_MIN
    }
    counts, before_n = [], 0
    for bound, reached_n in within.items():
        counts.append(ResponseBin(up_to_min=bound, leads_n=reached_n - before_n))
        before_n = reached_n
    return (*counts, ResponseBin(up_to_min=None, leads_n=found.all.get(ALL, 0) - before_n))
