"""The facts of one joint meeting: numbers and keys, no wording. This is what the table `pack` freezes.

Grain and units: `_n` counts, `_minor` money in minor units of `PackFacts.currency`, `_on` local days, `_at` UTC
instants, `_min` working minutes. Titles of projects, channels and people come from the source and are data;
`Text` is what our own rules say, in both languages. Nothing here may describe a client.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from planerka.errors import PlanerkaError
from planerka.kpis.kpi import Change
from planerka.kpis.kpi import State as State  # part of every figure: who reads figures takes both from here
from planerka.model import Consequence, GateReport
from planerka.rulebook.kpis import Basis, Direction
from planerka.rulebook.kpis import Unit as Unit
from planerka.rulebook.measures import Begin


class ScopeKind(StrEnum):
    COMPANY = "company"
    PROJECT = "project"
    CHANNEL = "channel"
    MANAGER = "manager"


@dataclass(frozen=True, kw_only=True)
class Text:
    ru: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a KPI means, as the rulebook had it. `maturity_days` and `smallest_n` None: the KPI needs none.

    `begin`: what its cohort begins with; packs that were frozen before it was told have the default.
    """

    kpi: str
    version: str
    title: Text
    definition: Text
    unit: Unit
    basis: Basis
    direction: Direction
    maturity_days: int | None = None
    smallest_n: int | None = None
    begin: Begin = Begin.ENQUIRY


@dataclass(frozen=True, kw_only=True)
class StraySpend:
    """Spend of a stretch on channels that no lead has, the largest first: a cost has this money and not its leads."""

    amount_minor: int
    channel_titles: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One value of one KPI over `from_on`..`to_on`, both included: days of events, or of a cohort's creation.

    `value` is in the unit of its definition and None unless there is one. `low` and `high` bound a share with
    95 % confidence. `missing` are the fields the source lacks. `mature_on` is when an immature cohort is ripe.
    `stray` None: not a cost, or all its money is on channels that leads have too.
    """

    kpi: str
    value: float | None
    state: State = State.OK
    numerator_n: int | None = None
    denominator_n: int | None = None
    low: float | None = None
    high: float | None = None
    missing: tuple[str, ...] = ()
    from_on: date | None = None
    to_on: date | None = None
    mature_on: date | None = None
    stray: StraySpend | None = None

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            raise PlanerkaError(f"figure {self.kpi} is {self.value}: give None and say why in its state")

    @property
    def is_shown(self) -> bool:
        return self.value is not None and self.state in (State.OK, State.IMMATURE)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A figure beside its reference: the previous four weeks, taken as one for a share, per week for a count."""

    now: Figure
    before: Figure | None = None
    change: Change | None = None


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Figures of one project, channel or person. `title` None: the source left it blank."""

    kind: ScopeKind
    id: str
    title: str | None
    trends: tuple[Trend, ...]

    def trend(self, kpi: str) -> Trend | None:
        return next((t for t in self.trends if t.now.kpi == kpi), None)


@dataclass(frozen=True, kw_only=True)
class SourceFact:
    """`is_stale`: older than the settings allow. `leads_end_on`: the day of the last lead of an export of which the
    week has none, nor any later one; else None.
    """

    source: str
    data_until: datetime
    is_stale: bool
    leads_end_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class EditionFact:
    """The regulation in force at the end of the week, and who signed it."""

    edition: str
    effective_on: date
    signed_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RefusedEdition:
    """An edition that somebody has signed and that is not in force for all that, when the pack was assembled.

    `awaits`: the departments that have not signed it; none: it was altered after it was signed.
    """

    edition: str
    awaits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Header:
    """`edition` None: none was in force. `despite`: blocking checks that a person let pass."""

    company: str
    week: str
    from_on: date
    to_on: date
    version: int
    assembled_at: datetime
    time_zone: str
    sources: tuple[SourceFact, ...]
    edition: EditionFact | None
    run: str
    is_sample: bool
    despite: tuple[Text, ...] = ()
    refused: tuple[RefusedEdition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DayValue:
    day_on: date
    value: float


@dataclass(frozen=True, kw_only=True)
class PlanFact:
    """One KPI against its plan over `from_on`..`to_on`, as of the end of the week.

    `fact` is what was reached so far. `plan`, `plan_to_date` (pro rata by days) and `fulfilment` (fact over the
    whole plan, 0..) are None without a plan; `needed_per_week` is None without one or when no day is left;
    `pace_per_week` is the mean of the last four weeks. `days` holds the fact of each day so far, for the chart.
    """

    kpi: str
    scope_title: str | None
    from_on: date
    to_on: date
    fact: Figure
    plan: float | None
    plan_to_date: float | None
    fulfilment: float | None
    needed_per_week: float | None
    pace_per_week: float | None
    days: tuple[DayValue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mover:
    """A change beyond noise."""

    kind: ScopeKind
    scope_title: str | None
    trend: Trend


@dataclass(frozen=True, kw_only=True)
class Result:
    """`plans`: the company, contracts then revenue; `by_project`: the same per project. `movers`: at most three."""

    week: tuple[Trend, ...]
    plans: tuple[PlanFact, ...]
    by_project: tuple[PlanFact, ...]
    movers: tuple[Mover, ...]


@dataclass(frozen=True, kw_only=True)
class ExpiringBooking:
    """A live booking that expires in the seven days after the week. `url` leads to the CRM card."""

    lead_id: str
    url: str | None
    project_title: str | None
    manager_title: str | None
    expires_on: date


@dataclass(frozen=True, kw_only=True)
class StockFact:
    """Lots for sale on the last known day; `contracts_n` are those signed in the 13 weeks before it."""

    project_title: str | None
    flat_type: str
    stock_on: date
    available_n: int
    contracts_n: int | None
    min_price_minor: int | None
    median_price_minor: int | None


@dataclass(frozen=True, kw_only=True)
class StandingFact:
    """Where all leads of a channel that ever came stand now: open, rejected or won. None: the source cannot tell.

    `won` is a figure of `won_share`: leads won so far, of all: no cohort, so it says what is, not what will be.
    """

    channel_title: str | None
    leads_n: int
    open_n: int | None
    rejected_n: int | None
    won: Figure


@dataclass(frozen=True, kw_only=True)
class ReasonFact:
    """Leads that stand rejected now for one reason of the source; `title` None: no reason is given."""

    title: str | None
    leads_n: int


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """`steps`: leads_n, qualified_n, meetings_n, bookings_n, contracts_n by the day of the event.

    `cohorts`: step-to-step shares of the newest mature cohort of each KPI, company and by channel.
    `bookings_n` counts all live bookings that expire; None where the source cannot tell.
    """

    steps: tuple[Trend, ...]
    by_project: tuple[Scope, ...]
    by_channel: tuple[Scope, ...]
    cohorts: tuple[Trend, ...]
    cohorts_by_channel: tuple[Scope, ...]
    bookings_n: int | None
    bookings: tuple[ExpiringBooking, ...]
    stock: tuple[StockFact, ...]
    standing: tuple[StandingFact, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VerdictCounts:
    """All rejections of a stretch. `unsettled_n` wait for calls that arrive late and are judged then by themselves;
    `not_judged_n` had no edition in force on their day, or have a reason that the mapping does not know.
    `unchecked_n` have the verdict lawful, for nothing speaks against them, and the source can answer no clause of
    their reason that would: they are not among `lawful_n`.
    """

    lawful_n: int
    unlawful_n: int
    unprovable_n: int
    not_judged_n: int
    unsettled_n: int = 0
    unchecked_n: int = 0

    @property
    def checked_n(self) -> int:
        return self.lawful_n + self.unlawful_n + self.unprovable_n

    @property
    def judged_n(self) -> int:
        """Of how many the shares are: all that have a verdict."""
        return self.checked_n + self.unchecked_n


@dataclass(frozen=True, kw_only=True)
class ClauseFact:
    """How often a clause of an edition was broken among the rejections it was asked of, in the week.

    `reason` None: a general clause, asked of rejections for any reason.
    """

    clause: str
    reason: Text | None
    words: Text
    consequence: Consequence
    broken_n: int
    unprovable_n: int
    checked_n: int
    edition: str = ""


@dataclass(frozen=True, kw_only=True)
class NotCheckable:
    """A clause whose evidence the source as a whole does not have."""

    clause: str
    words: Text
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class JunkFact:
    """Lawful rejections for reasons that no manager can cure (spam, wrong service, bad number), of a channel.

    `share` is of the channel's rejections in the stretch of the figure. `reason` is the commonest of them.
    """

    channel_title: str | None
    share: Figure
    reason: Text | None


@dataclass(frozen=True, kw_only=True)
class WrongFact:
    """Rejections of one person in charge. `clause` is the one broken most, None if none was."""

    manager_title: str | None
    unlawful: Figure
    unprovable: Figure
    clause: str | None
    words: Text | None


@dataclass(frozen=True, kw_only=True)
class NeglectFact:
    """Of the `open_n` leads that a person has in work now, `neglected_n` have no next task and no touch for longer
    than the norm: both as of the data, and not as of the week.
    """

    manager_title: str | None
    neglected_n: int
    open_n: int
    longest_days: int | None


@dataclass(frozen=True, kw_only=True)
class DisputeFacts:
    """`open_n`, `overdue_n` when the pack was assembled; the rest happened since the week began.

    `fallen_n` waited for a ruling until their rejections were judged again and found lawful.
    """

    open_n: int
    overdue_n: int
    opened_n: int
    upheld_n: int
    returned_n: int
    evidence_requested_n: int
    fallen_n: int = 0


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Leads returned to work since `since_on`, each counted at the furthest step it reached after the return.

    `at_work_n` are still open, `lost_n` were rejected again; the five counts add up to `returned_n`. A lead counts
    in `contract_n` when it bought a flat. `revenue_minor` sums the flats whose price is known; it is None where
    `missing` names what the source lacks for a sum: prices, or a single currency.
    """

    since_on: date
    returned_n: int
    at_work_n: int
    meeting_n: int
    booking_n: int
    contract_n: int
    lost_n: int
    revenue_minor: int | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OtherwiseMarked:
    """A rejected lead that the CRM marks qualified and the regulation's criteria do not, or the other way round.

    `is_qualified`: by the criteria, as of the rejection. `url` leads to the CRM card.
    """

    lead_id: str
    url: str | None
    manager_title: str | None
    is_qualified: bool


@dataclass(frozen=True, kw_only=True)
class QualifiedMarks:
    """Of the `compared_n` rejections of the week that the criteria could tell, those of which the CRM says otherwise:
    `only_marked_n` marked and not qualified, `only_qualified_n` the other way round. `leads` are the first of them.
    """

    compared_n: int
    only_marked_n: int
    only_qualified_n: int
    leads: tuple[OtherwiseMarked, ...]


@dataclass(frozen=True, kw_only=True)
class Rejections:
    """`before` is the sum of the previous four weeks. `junk` and `wrong` cover the stretch of their figures.
    `unchecked_for`: the fields for want of which most of the unchecked rejections of the week were not checked.
    `rejudged_n`: rejections of any week whose verdicts were changed since this one began, by judging again.
    `qualified` None: the source marks no lead as qualified.
    """

    verdicts: VerdictCounts
    before: VerdictCounts | None
    shares: tuple[Trend, ...]
    clauses: tuple[ClauseFact, ...]
    not_checkable: tuple[NotCheckable, ...]
    junk: tuple[JunkFact, ...]
    wrong: tuple[WrongFact, ...]
    neglect_norm_days: int | None
    neglect: tuple[NeglectFact, ...]
    disputes: DisputeFacts | None
    ledger: Ledger | None
    missing: tuple[str, ...] = ()
    reasons: tuple[ReasonFact, ...] = ()
    unchecked_for: tuple[str, ...] = ()
    rejudged_n: int = 0
    qualified: QualifiedMarks | None = None


@dataclass(frozen=True, kw_only=True)
class ResponseBin:
    """Leads of the week whose first human answer came within `up_to_min`; None: later, or not yet."""

    up_to_min: int | None
    leads_n: int


@dataclass(frozen=True, kw_only=True)
class Speed:
    """First human response, in working time. `norms_min` by kind of enquiry; empty: no edition is in force."""

    norms_min: dict[str, int]
    company: tuple[Trend, ...]
    by_manager: tuple[Scope, ...]
    by_channel: tuple[Scope, ...]
    bins: tuple[ResponseBin, ...]


@dataclass(frozen=True, kw_only=True)
class QuarantineFact:
    """Rows held back and not yet released or dropped: a row that breaks two rules is one row, and `why` says both."""

    noun: str
    why: Text
    rows_n: int


@dataclass(frozen=True, kw_only=True)
class Restated:
    """A figure that an earlier pack showed differently."""

    kpi: str
    scope_title: str | None
    week: str
    was: float | None
    value: float | None
    why: Text


@dataclass(frozen=True, kw_only=True)
class Appendix:
    """`figures`: every KPI of the rulebook for the company, computable or not. `lost`: those that the last pack
    showed and that the source no longer has the data for.
    """

    definitions: tuple[Definition, ...]
    figures: tuple[Figure, ...]
    gates: tuple[GateReport, ...]
    quarantine: tuple[QuarantineFact, ...]
    restated: tuple[Restated, ...]
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A figure of the company that two versions of a pack show differently; None: no value."""

    kpi: str
    was: float | None
    value: float | None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a version of a pack says of the one it replaces. `why`: the words of the person who had it made."""

    replaces: int
    why: str
    changed: tuple[Changed, ...]


@dataclass(frozen=True, kw_only=True)
class PackFacts:
    currency: str
    header: Header
    result: Result
    funnel: Funnel
    rejections: Rejections
    speed: Speed
    appendix: Appendix
    correction: Correction | None = None


ADAPTER = TypeAdapter(PackFacts)


def to_json(facts: PackFacts) -> dict[str, Any]:
    """Plain JSON values, as the table `pack` keeps them."""
    plain: dict[str, Any] = ADAPTER.dump_python(facts, mode="json")
    return plain


def from_json(plain: dict[str, Any]) -> PackFacts:
    """The facts of a frozen pack; PlanerkaError where the row is not one."""
    try:
        return ADAPTER.validate_python(plain)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise PlanerkaError(f"a frozen pack cannot be read at {where}: assemble the week again") from error
