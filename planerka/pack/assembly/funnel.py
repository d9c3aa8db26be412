"""Section 4: the steps from lead to contract, bookings that expire, lots for sale."""

from collections import Counter
from datetime import timedelta

from planerka.kpis.kpi import State
from planerka.model import LeadStatus, ReferenceKind
from planerka.pack.assembly.week import SCOPE_OF, PackWeek
from planerka.pack.facts import ExpiringBooking, Figure, Funnel, Scope, StandingFact, StockFact, Trend
from planerka.stats import wilson
from planerka.store import meeting_facts

STEPS = ("leads_n", "qualified_n", "meetings_n", "bookings_n", "contracts_n")
COHORTS = ("qualified_share", "meeting_share", "booking_share", "contract_share", "lead_to_contract_share")
WON_SHARE = "won_share"
"""Not of the catalogue: a state now, of leads of every age."""
WON_IS_UNKNOWN = Figure(kpi=WON_SHARE, value=None, state=State.NOT_COMPUTABLE, missing=("lead.status.won",))

EXPIRY_DAYS = 7
SHOWN_BOOKINGS_N = 12
STOCK_PACE_WEEKS_N = 13


def funnel(pack: PackWeek) -> Funnel:
    bookings = expiring(pack)
    return Funnel(
        steps=pack.trends(STEPS),
        by_project=pack.scopes(STEPS, "project_id"),
        by_channel=pack.scopes(STEPS, "channel_id"),
        cohorts=tuple(trend for kpi in COHORTS for _, trend in pack.mature_trend(kpi)),
        cohorts_by_channel=cohorts_by(pack, "channel_id"),
        bookings_n=len(bookings) if pack.has("event.booked", "event.due_at") else None,
        bookings=bookings[:SHOWN_BOOKINGS_N],
        stock=stock(pack),
        standing=standing(pack),
    )


def cohorts_by(pack: PackWeek, column: str) -> tuple[Scope, ...]:
    """The mature cohorts of each scope, most leads first."""
    kind, names = SCOPE_OF[column]
    trends: dict[str, list[Trend]] = {}
    for kpi in COHORTS:
        for id_, trend in pack.mature_trend(kpi, column):
            trends.setdefault(id_, []).append(trend)
    scopes = [
        Scope(kind=kind, id=id_, title=pack.title(names, id_), trends=tuple(found)) for id_, found in trends.items()
    ]
    return tuple(sorted(scopes, key=lambda scope: (-max(t.now.denominator_n or 0 for t in scope.trends), scope.id)))


def expiring(pack: PackWeek) -> tuple[ExpiringBooking, ...]:
    rows = meeting_facts.expiring_bookings(
        pack.connection, pack.source, pack.until, pack.until, pack.until + timedelta(days=EXPIRY_DAYS)
    )
    return tuple(
        ExpiringBooking(
            lead_id=row.lead_id,
            url=row.url if isinstance(row.url, str) else None,
            project_title=pack.title(ReferenceKind.PROJECT, row.project_id),
            manager_title=pack.title(ReferenceKind.MANAGER, row.manager_id),
            expires_on=row.due_at.astimezone(pack.zone).date(),
        )
        for row in rows.itertuples()
    )


def stock(pack: PackWeek) -> tuple[StockFact, ...]:
    """Lots on the newest list, beside the flats of that kind signed for in the quarter before it."""
    rows = meeting_facts.stock_on(pack.connection, pack.source, pack.week.sunday)
    from_on = pack.week.back(STOCK_PACE_WEEKS_N - 1).monday
    sold = meeting_facts.sold(pack.connection, pack.source, from_on, pack.week.sunday)
    return tuple(
        StockFact(
            project_title=pack.title(ReferenceKind.PROJECT, row.project_id),
            flat_type=row.flat_type,
            stock_on=row.stock_on.date(),
            available_n=int(row.available_n),
            contracts_n=sold.get((row.project_id, row.flat_type), 0) if pack.has("contract.flat_type") else None,
            min_price_minor=whole(row.min_price_minor),
            median_price_minor=whole(row.median_price_minor),
        )
        for row in rows.itertuples()
    )


def whole(value: float) -> int | None:
    return None if value != value else int(value)


def standing(pack: PackWeek) -> tuple[StandingFact, ...]:
    """All leads that ever came, by channel, most leads first: the one table that any export can fill."""
    counts: dict[str, Counter[str]] = {}
    for row in meeting_facts.standings(pack.connection, pack.source).itertuples():
        counts.setdefault(row.channel_id or "", Counter())[row.status] += row.n
    facts = [standing_fact(pack, channel_id, by_status) for channel_id, by_status in counts.items()]
    return tuple(sorted(facts, key=lambda fact: (-fact.leads_n, fact.channel_title or "")))


def standing_fact(pack: PackWeek, channel_id: str, by_status: Counter[str]) -> StandingFact:
    """A status that no condition of the mapping gives is not zero leads."""
    has_rejected, has_won = (pack.has(f"lead.status.{status}") for status in (LeadStatus.REJECTED, LeadStatus.WON))
    return StandingFact(
        channel_title=pack.title(ReferenceKind.CHANNEL, channel_id),
        leads_n=by_status.total(),
        open_n=by_status[LeadStatus.OPEN] if has_rejected and has_won else None,
        rejected_n=by_status[LeadStatus.REJECTED] if has_rejected else None,
        won=won_share(by_status[LeadStatus.WON], by_status.total()) if has_won else WON_IS_UNKNOWN,
    )


def won_share(won_n: int, leads_n: int) -> Figure:
    interval = wilson(won_n, leads_n)
    assert interval is not None  # a channel that is listed has leads
    return Figure(
        kpi=WON_SHARE,
        value=won_n / leads_n,
        numerator_n=won_n,
        denominator_n=leads_n,
        low=interval.low,
        high=interval.high,
    )
