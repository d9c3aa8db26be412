"""KPIs of one source, for any stretch of days and any scope."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import sqlalchemy as sa

from planerka.errors import UsageError
from planerka.kpis.kpi import PAST, UNSPENT, KpiValue, evaluate, not_computable
from planerka.kpis.maturity import mature_on
from planerka.kpis.plan import COMPANY, Fulfilment, planned, planned_stretch
from planerka.rulebook.entry import nearest
from planerka.rulebook.kpis import PLAN, Catalogue, Kpi, Unit
from planerka.rulebook.measures import MEASURES
from planerka.store.measure_sums import Planned, Scope, Sums, currencies, plans, sums

NOTHING = Sums({}, {})
SPEND = "spend_minor"
SPENT_BY = ("day_on", "project_id", "channel_id", "campaign_id")
PROJECT = ("project_id",)


@dataclass(frozen=True)
class KpiReader:
    """Reads in the caller's transaction. `data_until_on`: the first local day on which the source is not complete.

    `data_from_on`: the first on which it is; None where its whole history is there.
    """

    connection: sa.Connection
    source: str
    catalogue: Catalogue
    lacks: Collection[str]
    data_until_on: date
    data_from_on: date | None = None

    def values(
        self, keys: Iterable[str], from_on: date, to_on: date, by: Sequence[str] = ()
    ) -> dict[Scope, dict[str, KpiValue]]:
        """Values by scope and key over local days, both included; one query, and one more for each plan.

        `by`: none for the company (its scope is ()), or columns of `measure`: one or two of project_id, channel_id,
        campaign_id, manager_id, agency_id, or day_on for a series. A scope in which nothing happened is left out.
        """
        kpis = [self.kpi(key) for key in keys]
        names = {name for kpi in kpis for name in kpi.measures}
        found = sums(self.connection, self.source, names, from_on, to_on, by)
        if not by:
            found.setdefault((), NOTHING)
        plan_of = {
            k.key: planned(self._plans(k, from_on, to_on), from_on, to_on) for k in kpis if k.denominator == PLAN
        }
        return {
            scope: {
                kpi.key: (
                    not_computable(kpi, (PAST,))
                    if self.data_from_on and from_on < self.data_from_on
                    else self._value(kpi, totals, dict(zip(by, scope, strict=True)), to_on, plan_of.get(kpi.key, {}))
                )
                for kpi in kpis
            }
            for scope, totals in found.items()
        }

    def fulfilments(self, key: str, on: date) -> list[Fulfilment]:
        """A count or a sum against its plan, up to `on`, in the shortest planned stretch that holds that day.

        The company first, then every project with a plan or a fact. Without any plan the stretch is the month.
        """
        kpi = self.kpi(key)
        if kpi.denominator is not None or kpi.unit == Unit.MINUTES:
            raise UsageError(f"{key} is a ratio, and only counts and sums are planned: ask for one of those")
        from_on, to_on = planned_stretch(self._plans(kpi, on, on), on)
        plan_of = planned(self._plans(kpi, from_on, to_on), from_on, to_on)
        facts = {scope[0]: values[key] for scope, values in self.values([key], from_on, on, PROJECT).items()}
        facts |= {project: self._value(kpi, NOTHING, {}, on, {}) for project in plan_of.keys() - facts.keys()}
        facts[COMPANY] = self.values([key], from_on, on)[()][key]
        return [
            Fulfilment(
                kpi=key,
                project_id=project,
                from_on=from_on,
                to_on=to_on,
                until_on=on,
                fact=facts[project],
                plan=plan_of.get(project),
            )
            for project in sorted(facts)
        ]

    def kpi(self, key: str) -> Kpi:
        if key not in self.catalogue:
            raise UsageError(f"{key!r} is not a KPI of the catalogue: {nearest(key, list(self.catalogue))}")
        return self.catalogue[key]

    def missing(self, kpi: Kpi) -> tuple[str, ...]:
        """What the source lacks for a KPI; `contract.currency` where its amounts are in several currencies."""
        nouns = {noun for name in kpi.measures if (noun := MEASURES[name].money_of)}
        mixed = tuple(f"{noun}.currency" for noun in sorted(nouns) if len(self.currencies.get(noun, ())) > 1)
        return kpi.missing(self.lacks) + mixed

    @cached_property
    def currencies(self) -> dict[str, list[str]]:
        """Currencies of the amounts by noun ("contract", "spend")."""
        return currencies(self.connection, self.source)

    def _value(self, kpi: Kpi, totals: Sums, ids: dict[str, str], to_on: date, plan_of: dict[str, int]) -> KpiValue:
        missing = self.missing(kpi)
        if kpi.numerator == SPEND and (SPEND not in totals.all or "" in ids.values()):
            missing = missing or self._unspent(ids)
        if kpi.denominator == PLAN:
            missing += tuple(f"plan.{name}" for name in ids if name not in PROJECT)
        if missing:
            return not_computable(kpi, missing)
        final_on = mature_on(kpi, to_on)
        is_mature = final_on is None or final_on <= self.data_until_on
        counts = totals.paid if kpi.numerator == SPEND else totals.all
        return evaluate(kpi, counts, plan_of.get(ids.get("project_id", COMPANY)), None if is_mature else final_on)

    def _unspent(self, ids: dict[str, str]) -> tuple[str, ...]:
        """What a cost without spend lacks: spend of these days, or any at all where it is not split as far as that."""
        is_split = all(id_ and name in SPENT_BY and f"spend.{name}" not in self.lacks for name, id_ in ids.items())
        return (UNSPENT,) if is_split else ("spend",)

    def _plans(self, kpi: Kpi, from_on: date, to_on: date) -> list[Planned]:
        """Plans are made for a KPI, or for its measure by name; an area in m² only."""
        rows = plans(self.connection, self.source, kpi.key, from_on, to_on)
        if rows or kpi.unit == Unit.AREA_M2:
            return rows
        return plans(self.connection, self.source, kpi.numerator, from_on, to_on)
