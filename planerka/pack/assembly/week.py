"""The week that a pack is about, and how its figures are read: one place for stretches, titles and trends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.clock import Week, start_of
from planerka.kpis.kpi import KpiValue, State, change
from planerka.kpis.maturity import newest_mature_week
from planerka.kpis.reader import SPEND, KpiReader
from planerka.model import Reference, ReferenceKind
from planerka.pack.facts import Figure, Scope, ScopeKind, StraySpend, Trend
from planerka.rulebook.kpis import Unit
from planerka.rulebook.regulation import Edition
from planerka.store.measure_sums import stray_spend

BEFORE_WEEKS_N = 4
"""What a week is compared with: long enough to be calm, short enough to be the same season."""

PEOPLE_WEEKS_N = 13
"""People and channels are compared over a quarter: a week of one person is too few to say anything."""

SCOPE_OF = {
    "project_id": (ScopeKind.PROJECT, ReferenceKind.PROJECT),
    "channel_id": (ScopeKind.CHANNEL, ReferenceKind.CHANNEL),
    "manager_id": (ScopeKind.MANAGER, ReferenceKind.MANAGER),
}

Stretch = tuple[date, date]


@dataclass(frozen=True, kw_only=True)
class PackWeek:
    """`until` is the end of the week, `at` when the pack is assembled, `data_until` how far the source is complete.

    `editions` are those that both departments signed, oldest first. `lacks` as `Crm.lacks`.
    `first_on` is the local day of the source's first lead, None without any.
    """

    connection: sa.Connection
    source: str
    week: Week
    at: datetime
    data_until: datetime
    zone: ZoneInfo
    reader: KpiReader
    references: dict[ReferenceKind, dict[str, Reference]]
    editions: Sequence[Edition]
    lacks: frozenset[str]
    first_on: date | None
    analyst_ids: frozenset[str]

    @property
    def until(self) -> datetime:
        return start_of(self.week.sunday + timedelta(days=1), self.zone)

    @property
    def now(self) -> Stretch:
        return self.week.monday, self.week.sunday

    @property
    def before(self) -> Stretch:
        return self.week.back(BEFORE_WEEKS_N).monday, self.week.back(1).sunday

    @property
    def quarter(self) -> Stretch:
        return self.week.back(PEOPLE_WEEKS_N - 1).monday, self.week.sunday

    @property
    def edition(self) -> Edition | None:
        """The edition in force at the end of the week; None before the first."""
        return self.edition_on(self.week.sunday)

    def edition_on(self, day_on: date) -> Edition | None:
        return next((edition for edition in reversed(self.editions) if edition.effective_on <= day_on), None)

    def is_unsettled(self, rejected_at: datetime) -> bool:
        """Whether a rejection waits only for calls that arrive late: judging will come to it by itself."""
        edition = self.edition_on(rejected_at.astimezone(self.zone).date())
        if edition is None:
            return False
        return rejected_at >= self.data_until - timedelta(hours=edition.norms.settling_hours)

    def has(self, *needs: str) -> bool:
        """Whether the source can supply all of these, in the words of `Crm.lacks`."""
        return not any(need in self.lacks or need.partition(".")[0] in self.lacks for need in needs)

    def title(self, kind: ReferenceKind, id_: str | None) -> str | None:
        """What an id is called: itself without a reference, None where the source left it blank."""
        if not isinstance(id_, str) or not id_:
            return None
        known = self.references[kind].get(id_)
        return known.title if known else id_

    def figures(self, stretch_of: Mapping[str, Stretch]) -> dict[str, Figure]:
        """The company's figure of each KPI over its stretch: one reading a stretch, not one a KPI."""
        kpis_of: dict[Stretch, list[str]] = {}
        for kpi, stretch in stretch_of.items():
            kpis_of.setdefault(stretch, []).append(kpi)
        values = {stretch: self.reader.values(kpis, *stretch)[()] for stretch, kpis in kpis_of.items()}
        return {
            kpi: replace(figure_of(values[stretch][kpi], stretch), stray=self.stray(kpi, stretch))
            for kpi, stretch in stretch_of.items()
        }

    def stray(self, kpi: str, stretch: Stretch) -> StraySpend | None:
        """What of the company's spend in a cost is on channels that no lead has; None for what is no cost."""
        if self.reader.kpi(kpi).numerator != SPEND:
            return None
        found = stray_spend(self.connection, self.source, *stretch)
        titles = tuple(self.title(ReferenceKind.CHANNEL, channel_id) for channel_id in found)
        return StraySpend(amount_minor=sum(found.values()), channel_titles=titles) if found else None

    def trends(self, kpis: Sequence[str]) -> tuple[Trend, ...]:
        """The company's figures of the week beside the four weeks before."""
        now, before = self.reader.values(kpis, *self.now), self.earlier(kpis)
        return tuple(self.trend(kpi, now[()][kpi], before[()][kpi] if before else None) for kpi in kpis)

    def scopes(self, kpis: Sequence[str], column: str) -> tuple[Scope, ...]:
        """The same by project, channel or person, the largest by the first KPI first, those of too few leads last."""
        now, before = self.reader.values(kpis, *self.now, by=(column,)), self.earlier(kpis, column)
        kind, names = SCOPE_OF[column]
        found = [
            Scope(
                kind=kind,
                id=id_,
                title=self.title(names, id_),
                trends=tuple(
                    self.trend(kpi, values[kpi], before[(id_,)][kpi] if (id_,) in before else None) for kpi in kpis
                ),
            )
            for (id_,), values in now.items()
        ]
        return tuple(sorted(found, key=rank))

    def earlier(self, kpis: Sequence[str], *by: str) -> dict[tuple[str, ...], dict[str, KpiValue]]:
        """The four weeks before; empty where the source begins within them: a week without data is not a quiet one."""
        if self.first_on is None or self.first_on > self.before[0]:
            return {}
        return self.reader.values(kpis, *self.before, by=by)

    def trend(self, kpi: str, now: KpiValue, before: KpiValue | None) -> Trend:
        """A count is compared per week, a share or a median with the four weeks as one."""
        shown = figure_of(now, self.now)
        if before is None:
            return Trend(now=shown)
        definition = self.reader.kpi(kpi)
        changed = change(definition, now, before, times=BEFORE_WEEKS_N)
        is_count = definition.denominator is None and definition.unit != Unit.MINUTES
        return Trend(
            now=shown,
            before=figure_of(before, self.before, per=BEFORE_WEEKS_N if is_count else 1),
            change=changed,
        )

    def mature_stretch(self, kpi: str, weeks_n: int = BEFORE_WEEKS_N) -> Stretch:
        """The newest weeks whose cohort is final for this KPI; a period KPI is final with its week."""
        last = newest_mature_week(self.reader.kpi(kpi), self.week, self.reader.data_until_on)
        return last.back(weeks_n - 1).monday, last.sunday

    def mature_trend(self, kpi: str, column: str | None = None) -> Iterator[tuple[str, Trend]]:
        """Cohorts of a KPI that may be compared, with the four weeks before them, by the id of a scope or for ""."""
        stretch = self.mature_stretch(kpi)
        earlier = stretch[0] - timedelta(weeks=BEFORE_WEEKS_N), stretch[0] - timedelta(days=1)
        by = (column,) if column else ()
        now, before = (self.reader.values([kpi], *days, by=by) for days in (stretch, earlier))
        for scope, values in now.items():
            other = before[scope][kpi] if scope in before else None
            changed = change(self.reader.kpi(kpi), values[kpi], other) if other else None
            yield (
                "".join(scope),
                Trend(
                    now=figure_of(values[kpi], stretch),
                    before=figure_of(other, earlier) if other else None,
                    change=changed,
                ),
            )


def rank(scope: Scope) -> tuple[bool, float, str]:
    return highest_first(scope.trends[0].now, scope.title)


def highest_first(figure: Figure, name: str | None) -> tuple[bool, float, str]:
    """A sort key. Those of too few leads stand last and by name: an order by their values would rank them."""
    is_too_few = figure.state == State.NOT_ENOUGH
    return is_too_few, 0.0 if is_too_few else -(figure.value or 0), name or ""


def figure_of(value: KpiValue, stretch: Stretch, per: int = 1) -> Figure:
    """A KPI's value as a figure of the pack; `per` makes a mean week of a count over several."""
    return Figure(
        kpi=value.kpi,
        value=None if value.value is None else value.value / per,
        state=value.state,
        numerator_n=value.numerator_n,
        denominator_n=value.denominator_n,
        low=value.low,
        high=value.high,
        missing=value.missing,
        from_on=stretch[0],
        to_on=stretch[1],
        mature_on=value.mature_on,
    )
