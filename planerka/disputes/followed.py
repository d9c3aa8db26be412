"""Each return to work followed to the contract, with the money that is its own.

A contract belongs to the last return of its lead before it was signed, so that none is counted twice; what was signed
before the return belongs to nobody here. A return is followed until the next one of its lead. Money is that of the
flats whose contracts stand, as in the KPI `returned_revenue`: parking and storage are told apart, and a lead that
vanished from the source counts for nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import pandas as pd

from planerka.model import DisputeOrigin, EventKind, Reference, ReferenceKind, UnitKind, Verdict

BOOKED = (EventKind.BOOKED, EventKind.BOOKING_PAID)


class Standing(StrEnum):
    """Where a return stands: at the furthest step since, unless it is lost. `returned_again`: a later row goes on."""

    AT_WORK = "at_work"
    MEETING = "meeting"
    BOOKING = "booking"
    CONTRACT = "contract"
    TERMINATED = "terminated"
    REJECTED = "rejected"
    RETURNED_AGAIN = "returned_again"
    VANISHED = "vanished"

    @property
    def is_open(self) -> bool:
        """Whether the lead may still buy for all that is known."""
        return self in (Standing.AT_WORK, Standing.MEETING, Standing.BOOKING)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A contract signed after the return. `price_minor` None: not known; `terminated_at` None: it stands."""

    id: str
    unit_kind: UnitKind
    price_minor: int | None
    currency: str
    signed_at: datetime
    terminated_at: datetime | None

    @property
    def is_standing_flat(self) -> bool:
        return self.unit_kind == UnitKind.FLAT and self.terminated_at is None


@dataclass(frozen=True, kw_only=True)
class Return:
    """One return to work. `author` None: the regulation decided, for nobody ruled in time.

    `reason` and `manager` are titles, of the disputed rejection; None where there is none. `clauses`: what the newest
    verdict on it found broken. `returned_at`: when the write left for the source; `is_confirmed`: it was seen there.
    `ends_at`: until when it was followed. `money_minor` by currency: the flats whose contracts stand.
    """

    dispute_id: int
    lead_id: str
    url: str | None
    origin: DisputeOrigin
    author: str | None
    reason: str | None
    clauses: tuple[str, ...]
    manager: str | None
    returned_at: datetime
    is_confirmed: bool
    ends_at: datetime
    met_at: datetime | None
    booked_at: datetime | None
    contracts: tuple[Signed, ...]
    standing: Standing
    money_minor: dict[str, int]

    @property
    def bought_at(self) -> datetime | None:
        """When the first flat was signed whose contract stands."""
        return min((one.signed_at for one in self.contracts if one.is_standing_flat), default=None)


def windows(returns: pd.DataFrame, until: datetime) -> pd.DataFrame:
    """`store.ledger.returns` with `ends_at`, the next return of the same lead or `until`, and `is_last` of its lead."""
    following = returns.groupby("lead_id")["returned_at"].shift(-1)
    ends_at = following.fillna(pd.Timestamp(until)).astype(returns["returned_at"].dtype)
    return returns.assign(ends_at=ends_at, is_last=following.isna())


def watched(returns: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Of every return but those of vanished leads: `has_bought`, whether a flat followed whose contract stands, and
    `days` from the return to the first one, or else to its end. `returns` as of `windows`."""
    there = returns[returns["vanished_at"].isna()]
    flats = contracts[(contracts["unit_kind"] == UnitKind.FLAT) & contracts["terminated_at"].isna()]
    first_at = within(flats, there, "signed_at").groupby("dispute_id")["signed_at"].min().rename("bought_at")
    one = there.merge(first_at, left_on="dispute_id", right_index=True, how="left")
    days = (one["bought_at"].fillna(one["ends_at"]) - one["returned_at"]) / timedelta(days=1)
    return pd.DataFrame({"days": days, "has_bought": one["bought_at"].notna()})


def within(rows: pd.DataFrame, returns: pd.DataFrame, at: str) -> pd.DataFrame:
    """What of some leads fell to a return, each row to at most one: those of an instant after it, up to its end."""
    near = rows.merge(returns[["dispute_id", "lead_id", "returned_at", "ends_at"]], on="lead_id")
    return near[(near[at] > near["returned_at"]) & (near[at] <= near["ends_at"])]


def signed_by_return(contracts: pd.DataFrame, returns: pd.DataFrame) -> dict[int, list[Signed]]:
    """The contracts of `store.ledger.contracts_of_returned` by the dispute they are credited to."""
    found: dict[int, list[Signed]] = defaultdict(list)
    for row in within(contracts, returns, "signed_at").itertuples():
        found[row.dispute_id].append(
            Signed(
                id=row.id,
                unit_kind=UnitKind(row.unit_kind),
                price_minor=None if pd.isna(row.price_minor) else int(row.price_minor),
                currency=row.currency,
                signed_at=row.signed_at.to_pydatetime(),
                terminated_at=instant(row.terminated_at),
            )
        )
    return found


def follow(
    returns: pd.DataFrame,
    steps: pd.DataFrame,
    contracts: pd.DataFrame,
    verdicts: Mapping[str, Verdict],
    names: Mapping[ReferenceKind, Mapping[str, Reference]],
) -> list[Return]:
    """A row a return, in their order. `returns` as of `windows`; the others as of `store.ledger`; `verdicts` by the
    disputed rejection."""
    signed = signed_by_return(contracts, returns)
    kinds: dict[int, dict[str, datetime]] = defaultdict(dict)
    for row in within(steps, returns, "at").itertuples():
        kinds[row.dispute_id].setdefault(row.kind, row.at.to_pydatetime())
    lost = lost_again(steps, returns)
    return [
        followed(row, kinds[row.dispute_id], signed[row.dispute_id], row.dispute_id in lost, verdicts, names)
        for row in returns.itertuples()
    ]


def lost_again(steps: pd.DataFrame, returns: pd.DataFrame) -> set[int]:
    """The returns whose leads were rejected after them, and not reopened since."""
    turns = within(steps[steps["kind"].isin([EventKind.REJECTED, EventKind.REOPENED])], returns, "at")
    last = turns.drop_duplicates("dispute_id", keep="last")
    return set(last.loc[last["kind"] == EventKind.REJECTED, "dispute_id"])


def followed(
    row: Any,
    first_at: Mapping[str, datetime],
    signed: Iterable[Signed],
    is_lost: bool,
    verdicts: Mapping[str, Verdict],
    names: Mapping[ReferenceKind, Mapping[str, Reference]],
) -> Return:
    judged, contracts = verdicts.get(row.subject_id), tuple(signed)
    booked_at = min((first_at[kind] for kind in BOOKED if kind in first_at), default=None)
    met_at = first_at.get(EventKind.MEETING_HELD)
    is_gone = not pd.isna(row.vanished_at)
    return Return(
        dispute_id=row.dispute_id,
        lead_id=row.lead_id,
        url=text(row.url),
        origin=DisputeOrigin(row.origin),
        author=text(row.author),
        reason=title(names[ReferenceKind.REASON], row.reason_id),
        clauses=tuple(dict.fromkeys(found.clause for found in judged.findings)) if judged else (),
        manager=title(names[ReferenceKind.MANAGER], row.manager_id),
        returned_at=row.returned_at.to_pydatetime(),
        is_confirmed=not pd.isna(row.confirmed_at),
        ends_at=row.ends_at.to_pydatetime(),
        met_at=met_at,
        booked_at=booked_at,
        contracts=contracts,
        standing=Standing.VANISHED
        if is_gone
        else standing(contracts, is_lost, row.is_last, met_at is not None, booked_at is not None),
        money_minor={} if is_gone else money_of(contracts),
    )


def standing(contracts: tuple[Signed, ...], is_lost: bool, is_last: bool, has_met: bool, has_booked: bool) -> Standing:
    flats = [one for one in contracts if one.unit_kind == UnitKind.FLAT]
    if flats:
        return Standing.CONTRACT if any(one.is_standing_flat for one in flats) else Standing.TERMINATED
    if not is_last:
        return Standing.RETURNED_AGAIN
    if is_lost:
        return Standing.REJECTED
    if has_booked:
        return Standing.BOOKING
    return Standing.MEETING if has_met else Standing.AT_WORK


def money_of(contracts: Iterable[Signed]) -> dict[str, int]:
    """The prices of the standing flats by currency: several are never added."""
    money: Counter[str] = Counter()
    for one in contracts:
        if one.is_standing_flat and one.price_minor is not None:
            money[one.currency] += one.price_minor
    return dict(money)


def title(names: Mapping[str, Reference], id_: Any) -> str | None:
    """What an id is called; the id itself where nobody named it."""
    known = text(id_)
    return names[known].title if known and known in names else known


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def instant(value: Any) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime()
