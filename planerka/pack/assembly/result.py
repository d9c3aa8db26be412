"""Section 2: contracts and revenue against the plan, and what changed most."""

from datetime import date, timedelta

from planerka.kpis.plan import COMPANY, Fulfilment
from planerka.model import ReferenceKind
from planerka.pack.assembly.week import BEFORE_WEEKS_N, SCOPE_OF, PackWeek, figure_of
from planerka.pack.facts import DayValue, Mover, PlanFact, Result, ScopeKind, Trend

WEEK_KPIS = ("contracts_n", "revenue", "bookings_n", "meetings_n", "qualified_n", "leads_n")
PLANNED = ("contracts_n", "revenue", "qualified_n")
"""KPIs that companies plan; one without a plan of its own shows only what was reached, and only if it is the first."""

MOVING = (
    "leads_n",
    "qualified_n",
    "meetings_n",
    "bookings_n",
    "contracts_n",
    "neglected_n",
    "unlawful_share",
    "in_sla_share",
)
MOVERS_N = 3


def result(pack: PackWeek) -> Result:
    plans = [plan for kpi in PLANNED for plan in pack.reader.fulfilments(kpi, pack.week.sunday)]
    planned = [plan for plan in plans if plan.plan is not None or plan.kpi == PLANNED[0]]
    return Result(
        week=pack.trends(WEEK_KPIS),
        plans=tuple(plan_fact(pack, plan) for plan in planned if plan.project_id == COMPANY),
        by_project=tuple(plan_fact(pack, plan) for plan in planned if plan.project_id != COMPANY),
        movers=tuple(movers(pack)),
    )


def plan_fact(pack: PackWeek, plan: Fulfilment) -> PlanFact:
    """A plan with the days so far and the pace of the last four weeks."""
    series = pack.reader.values([plan.kpi], plan.from_on, pack.week.sunday, by=("project_id", "day_on"))
    by_day: dict[date, float] = {}
    for (project, day), values in series.items():
        if plan.project_id in (COMPANY, project):
            by_day[day] = by_day.get(day, 0) + (values[plan.kpi].value or 0)
    return PlanFact(
        kpi=plan.kpi,
        scope_title=pack.title(ReferenceKind.PROJECT, plan.project_id),
        from_on=plan.from_on,
        to_on=plan.to_on,
        fact=figure_of(plan.fact, (plan.from_on, pack.week.sunday)),
        plan=plan.plan,
        plan_to_date=plan.plan_to_date,
        fulfilment=plan.fulfilment,
        needed_per_week=plan.needed_per_week,
        pace_per_week=pace_per_week(pack, plan),
        days=tuple(DayValue(day_on=day, value=by_day[day]) for day in sorted(by_day)),
    )


def pace_per_week(pack: PackWeek, plan: Fulfilment) -> float | None:
    """Mean of the last four weeks; None where there is no figure."""
    from_on = pack.week.sunday - timedelta(weeks=BEFORE_WEEKS_N) + timedelta(days=1)
    by = () if plan.project_id == COMPANY else ("project_id",)
    values = pack.reader.values([plan.kpi], from_on, pack.week.sunday, by=by)
    scope = () if plan.project_id == COMPANY else (plan.project_id,)
    value = values[scope][plan.kpi].value if scope in values else 0
    return None if value is None else value / BEFORE_WEEKS_N


def movers(pack: PackWeek) -> list[Mover]:
    """The changes beyond noise that are largest beside their own uncertainty, at most one a KPI."""
    found = [Mover(kind=ScopeKind.COMPANY, scope_title=None, trend=trend) for trend in pack.trends(MOVING)]
    for column in SCOPE_OF:
        for scope in pack.scopes(MOVING, column):
            found += [
                Mover(kind=scope.kind, scope_title=scope.title, trend=trend) for trend in scope.trends if scope.id
            ]
    beyond = [mover for mover in found if mover.trend.change and mover.trend.change.is_noise is False]
    best: dict[str, Mover] = {}
    for mover in sorted(beyond, key=lambda mover: -weight(mover.trend)):
        best.setdefault(mover.trend.now.kpi, mover)
    return list(best.values())[:MOVERS_N]


def weight(trend: Trend) -> float:
    """How many half-widths of its interval a change is away from nothing."""
    change = trend.change
    if change is None or change.low is None or change.high is None or change.high == change.low:
        return 0.0
    return abs(change.difference) / (change.high - change.low)
