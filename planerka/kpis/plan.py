"""Plan against fact: what was planned for a stretch of days, and the pace that is needed from today."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from planerka.kpis.kpi import KpiValue
from planerka.store.measure_sums import Planned

DAY = timedelta(days=1)
COMPANY = ""


@dataclass(frozen=True, kw_only=True)
class Fulfilment:
    """A KPI against its plan over `from_on`..`to_on`, counted up to `until_on`, all included; units of the KPI.

    `project_id` "" is the company. `plan_to_date` is pro rata by days, `fulfilment` is the fact over the whole plan;
    both and `needed_per_week` are None without a plan or a fact, the last also when no day is left.
    """

    kpi: str
    project_id: str
    from_on: date
    to_on: date
    until_on: date
    fact: KpiValue
    plan: int | None

    @property
    def days_n(self) -> int:
        return (self.to_on - self.from_on).days + 1

    @property
    def left_days_n(self) -> int:
        return (self.to_on - self.until_on).days

    @property
    def plan_to_date(self) -> float | None:
        return None if self.plan is None else self.plan * (self.days_n - self.left_days_n) / self.days_n

    @property
    def fulfilment(self) -> float | None:
        return self.fact.value / self.plan if self.plan and self.fact.value is not None else None

    @property
    def needed_per_week(self) -> float | None:
        if self.plan is None or self.fact.value is None or not self.left_days_n:
            return None
        return max(self.plan - self.fact.value, 0.0) / self.left_days_n * 7


def planned_stretch(plans: Iterable[Planned], on: date) -> tuple[date, date]:
    """The shortest planned stretch that holds the day; its month when nothing is planned."""
    holding = [plan for plan in plans if plan.from_on <= on <= plan.to_on]
    if holding:
        shortest = min(holding, key=lambda plan: plan.days_n)
        return shortest.from_on, shortest.to_on
    first_on = on.replace(day=1)
    return first_on, (first_on + timedelta(days=31)).replace(day=1) - DAY


def planned(plans: Sequence[Planned], from_on: date, to_on: date) -> dict[str, int]:
    """The plan of exactly this stretch by project: rows that fill it without a gap; a part of a row is no plan.

    The company (project "") has its own plan, or the sum of its projects' plans when each of them has one.
    """
    projects = {plan.project_id for plan in plans}
    filled = {project: filled_by([p for p in plans if p.project_id == project], from_on, to_on) for project in projects}
    by_project = {project: value for project, value in filled.items() if value is not None}
    if projects and COMPANY not in projects and by_project.keys() == projects:
        by_project[COMPANY] = sum(by_project.values())
    return by_project


def filled_by(plans: Sequence[Planned], from_on: date, to_on: date) -> int | None:
    """The sum of the rows that fill the stretch, from each day the longest that fits; None if one day has no plan."""
    fitting = sorted((p for p in plans if from_on <= p.from_on and p.to_on <= to_on), key=lambda p: p.days_n)
    by_first_day = {plan.from_on: plan for plan in fitting}
    total, day = 0, from_on
    while day <= to_on:
        if day not in by_first_day:
            return None
        total += by_first_day[day].value
        day = by_first_day[day].to_on + DAY
    return total
