"""The queue at an instant: what waits for a ruling, of which kind, for how long, and how much money is at stake."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

import sqlalchemy as sa

from planerka.dispute_states import WAITING, DisputeState
from planerka.model import DisputeOrigin, ReferenceKind
from planerka.store.database import reading
from planerka.store.disputes import DisputeView, listing
from planerka.store.references import references
from planerka.words import _

ORIGINS = {
    DisputeOrigin.UNLAWFUL: _("unlawful rejection"),
    DisputeOrigin.UNPROVABLE: _("unprovable rejection"),
    DisputeOrigin.NEGLECT: _("neglected lead"),
    DisputeOrigin.RAISED: _("raised by marketing"),
}


class Disputed(Protocol):
    """What a queue is counted by: of a dispute whole, or of its line."""

    @property
    def origin(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def reason_id(self) -> str | None: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def at_stake_minor(self) -> int | None: ...
    @property
    def currency(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class AtStake:
    """What the returns of some disputes may bring, in minor units of one currency."""

    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Open disputes of one origin and reason. `reason` None: of a neglected lead, or the source gives none.

    `assigned_n` of them somebody looks after, of `evidence_n` the manager was asked for evidence. `at_stake` None: not
    known, or in several currencies.
    """

    origin: DisputeOrigin
    reason: str | None
    waiting_n: int
    assigned_n: int
    evidence_n: int
    overdue_n: int
    oldest_days: int
    at_stake: AtStake | None


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The disputes that wait at `now`, by the time they are due; `reasons` are titles by id."""

    views: tuple[DisputeView, ...]
    reasons: Mapping[str, str]
    now: datetime

    @cached_property
    def overdue_n(self) -> int:
        return sum(view.due_at < self.now for view in self.views)

    @property
    def at_stake(self) -> AtStake | None:
        return at_stake_in(self.views)

    def due_until(self, until: datetime) -> list[DisputeView]:
        """Those whose time has not passed, and will by then."""
        return [view for view in self.views if self.now <= view.due_at < until]

    def foremost(self, n: int) -> list[DisputeView]:
        """The disputes with most at stake, of which that is known."""
        return dearest_first(view for view in self.views if view.at_stake_minor)[:n]

    def reason_of(self, view: DisputeView) -> str | None:
        return title_of(view, self.reasons)

    @property
    def groups(self) -> list[Waiting]:
        return grouped(self.views, self.reasons, self.now)


def grouped(disputes: Iterable[Disputed], reasons: Mapping[str, str], now: datetime) -> list[Waiting]:
    """By origin and reason, the most numerous first; `oldest_days` is the age of what waits longest."""
    groups: dict[tuple[str, str | None], list[Disputed]] = defaultdict(list)
    for one in disputes:
        groups[one.origin, title_of(one, reasons)].append(one)
    found = [
        Waiting(
            origin=DisputeOrigin(origin),
            reason=reason,
            waiting_n=len(views),
            assigned_n=sum(view.state == DisputeState.ASSIGNED for view in views),
            evidence_n=sum(view.state == DisputeState.EVIDENCE_REQUESTED for view in views),
            overdue_n=sum(view.due_at < now for view in views),
            oldest_days=max((now - view.opened_at).days for view in views),
            at_stake=at_stake_in(views),
        )
        for (origin, reason), views in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.waiting_n, str(group.origin), group.reason or ""))


def title_of(one: Disputed, reasons: Mapping[str, str]) -> str | None:
    """The title of the reason; its id where the source names none."""
    return reasons.get(one.reason_id, one.reason_id) if one.reason_id else None


def queue_at(engine: sa.Engine, source: str, now: datetime) -> Queue:
    """What waits now: the instant by which ages and deadlines are counted."""
    with reading(engine) as connection:
        reasons = references(connection, source)[ReferenceKind.REASON]
        views = tuple(listing(connection, source, WAITING))
    return Queue(views=views, reasons={id_: reason.title for id_, reason in reasons.items()}, now=now)


def dearest_first(views: Iterable[DisputeView]) -> list[DisputeView]:
    """Those of which nobody knows what is at stake come last."""
    return sorted(views, key=lambda view: -(view.at_stake_minor or 0))


def at_stake_in(views: Iterable[Disputed]) -> AtStake | None:
    """The sum of what is known; None where nothing is, or where currencies would be added up."""
    known = [(view.at_stake_minor, view.currency) for view in views if view.at_stake_minor and view.currency]
    currencies = {currency for _amount, currency in known}
    if len(currencies) != 1:
        return None
    return AtStake(amount_minor=sum(amount for amount, _currency in known), currency=currencies.pop())
