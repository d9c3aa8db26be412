"""What had happened to a lead by a moment, and was known in time: pairs of a moment and an event.

All instants are integers, microseconds since 1970 in UTC; NOT_KNOWN is a missing one. Texts are looked up once and
never moved again: of ten million events they are what costs time (docs/regulation.md, "What it costs").
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import reduce
from operator import or_

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planerka.clock import WorkCalendar
from planerka.model import ActorKind, CallOutcome, EventKind

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

EVIDENCE_KINDS = (
    EventKind.CALL_OUT,
    EventKind.CALL_IN,
    EventKind.MESSAGE_OUT,
    EventKind.TASK_SET,
    EventKind.QUALIFIED,
    EventKind.MEETING_HELD,
    EventKind.BOOKED,
    EventKind.BOOKING_PAID,
    EventKind.REJECTED,
    EventKind.REOPENED,
    EventKind.CONTRACT_SIGNED,
    EventKind.CONTRACT_TERMINATED,
    EventKind.CONSENT_WITHDRAWN,
)
"""The kinds that evidence is made of; the others, a third of all events, need not be read."""

KIND_CODE = {kind: code for code, kind in enumerate(EVIDENCE_KINDS)}
OUTCOME_CODE = {outcome: code for code, outcome in enumerate(CallOutcome)}
NOT_KNOWN, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Moments:
    """The moments to look back from, one a rejection, when each is settled, and whose working day it falls in.

    `office` is a place in `offices`.
    """

    at_us: Whole
    settled_us: Whole
    offices: tuple[WorkCalendar, ...]
    office: NDArray[np.intp]

    def local(self, at_us: Whole, row: NDArray[np.intp]) -> NDArray[np.datetime64]:
        """Local date and time of day of instants, each by the clocks of its moment's office."""
        found = np.empty(len(at_us), "datetime64[us]")
        for number, calendar in enumerate(self.offices):
            is_its = self.office[row] == number
            instants = pd.DatetimeIndex(at_us[is_its].view("datetime64[us]"), tz="UTC")
            found[is_its] = instants.tz_convert(calendar.zone).tz_localize(None).to_numpy()
        return found

    def waited_min(self, from_us: Whole, until_us: Whole) -> Floats:
        """Working minutes, one wait a moment; one that never ended lasted until the moment at least."""
        from_at, until_at = from_us.view("datetime64[us]"), np.minimum(until_us, self.at_us).view("datetime64[us]")
        found = np.empty(len(from_us))
        for number, calendar in enumerate(self.offices):
            is_its = self.office == number
            found[is_its] = calendar.working_minutes(from_at[is_its], until_at[is_its])
        return found


@dataclass(frozen=True)
class Past:
    """Every event that a row (a moment) could look back on; `row` and the other columns are parallel, in no order."""

    rows_n: int
    row: NDArray[np.intp]
    at_us: Whole
    kind: NDArray[np.int8]
    is_robots: Mask
    outcome: NDArray[np.int8]
    duration_s: Floats
    due_us: Whole

    def is_kind(self, *kinds: EventKind) -> Mask:
        return reduce(or_, (self.kind == KIND_CODE[kind] for kind in kinds))

    def has(self, mask: Mask) -> Floats:
        """1 for a row with a masked event, 0 for the others."""
        return (self.count(mask) > 0).astype(np.float64)

    def count(self, mask: Mask) -> Floats:
        return np.bincount(self.row[mask], minlength=self.rows_n).astype(np.float64)

    def distinct(self, mask: Mask, value: Whole) -> Floats:
        """How many different values the masked events of a row have; `value` has one for each masked event."""
        if not mask.any():
            return np.zeros(self.rows_n)
        lowest = value.min()
        span = value.max() - lowest + 1
        # Sorting whole numbers is several times faster than any table of pairs.
        pair = np.sort(self.row[mask] * span + (value - lowest))
        is_first = np.append(True, pair[1:] != pair[:-1])
        return np.bincount(pair[is_first] // span, minlength=self.rows_n).astype(np.float64)

    def first_us(self, mask: Mask) -> Whole:
        """The first masked event of each row, or NEVER."""
        found = np.full(self.rows_n, NEVER)
        np.minimum.at(found, self.row[mask], self.at_us[mask])
        return found

    def last_us(self, mask: Mask) -> Whole:
        """The last masked event of each row, or NOT_KNOWN."""
        found = np.full(self.rows_n, NOT_KNOWN)
        np.maximum.at(found, self.row[mask], self.at_us[mask])
        return found


@dataclass(frozen=True)
class History:
    """The events of some leads; `lead` is a position in the index of leads that was asked for."""

    leads_n: int
    lead: NDArray[np.intp]
    at_us: Whole
    known_us: Whole
    kind: NDArray[np.int8]
    is_robots: Mask
    outcome: NDArray[np.int8]
    duration_s: Floats
    due_us: Whole

    @classmethod
    def of(cls, events: pd.DataFrame, lead_index: pa.Array) -> "History":
        """The events of the leads in the index, each once however often it was delivered."""
        kind, lead = codes(events["kind"], KIND_CODE), places(events["lead_id"], lead_index)
        at_us = microseconds(events["at"])
        used = np.flatnonzero((kind >= 0) & (lead >= 0) & (at_us != NOT_KNOWN))
        used = np.delete(used, repeated(events["id"], used, mixed(lead[used], at_us[used], kind[used])))
        return cls(
            leads_n=len(lead_index),
            lead=lead[used],
            at_us=at_us[used],
            known_us=np.maximum(microseconds(events["recorded_at"]), at_us)[used],
            kind=kind[used],
            is_robots=codes(events["actor_kind"], [ActorKind.ROBOT])[used] == 0,
            outcome=codes(events["outcome"], OUTCOME_CODE)[used],
            duration_s=numbers(events["duration_s"])[used],
            due_us=microseconds(events["due_at"])[used],
        )

    def before(self, moments: Moments, lead: NDArray[np.intp]) -> Past:
        """What happened to `lead` (one a moment, -1 for none) up to the moment and was known when it settled."""
        is_given = lead >= 0
        moments_n = np.bincount(lead[is_given], minlength=self.leads_n)
        by_lead, first = np.argsort(lead)[np.count_nonzero(~is_given) :], np.cumsum(moments_n) - moments_n
        pairs_n = moments_n[self.lead]
        event = np.repeat(np.arange(len(pairs_n)), pairs_n)
        place = np.arange(len(event)) - np.repeat(np.cumsum(pairs_n) - pairs_n, pairs_n)
        row = by_lead[first[self.lead[event]] + place]
        is_seen = (self.at_us[event] <= moments.at_us[row]) & (self.known_us[event] <= moments.settled_us[row])
        row, event = row[is_seen], event[is_seen]
        return Past(len(lead), row, *(getattr(self, column.name)[event] for column in fields(Past)[2:]))


def repeated(ids: pd.Series, used: NDArray[np.intp], likeness: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Which of the events at the positions `used` were delivered before.

    Deliveries of one event are alike: only the ids of events that are, few of ten million, have to be compared.
    """
    ordered = np.sort(likeness)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice) == 0:
        return np.zeros(0, np.intp)
    alike = np.flatnonzero(twice[np.searchsorted(twice[:-1], likeness)] == likeness)
    return alike[ids.iloc[used[alike]].duplicated().to_numpy()]


def mixed(*columns: NDArray[np.integer]) -> NDArray[np.uint64]:
    """One number a row: the same where the columns are, and rarely elsewhere (multiplicative hashing, Knuth 6.4)."""
    total = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        total = (total ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    return total


def rows_of(ids: pd.Series, index: pa.Array) -> NDArray[np.intp]:
    """The row of each text of the index, the last where one comes twice, -1 where it is missing; -1 once more at the
    end, for what is not in the index."""
    rows = np.full(len(index) + 1, -1)
    rows[places(ids, index)] = np.arange(len(ids))
    rows[-1] = -1
    return rows


def microseconds(instants: pd.Series) -> Whole:
    return pd.DatetimeIndex(pd.to_datetime(instants, utc=True)).as_unit("us").asi8


def codes(texts: pd.Series, code_of: Iterable[str]) -> NDArray[np.int8]:
    """The place of each text in `code_of`; -1 where it is missing or not there."""
    return places(texts, pa.array([str(text) for text in code_of])).astype(np.int8)


def places(texts: pd.Series, index: pa.Array) -> NDArray[np.intp]:
    """Where each text stands in the index; -1 where it is missing or not there."""
    found = pc.index_in(pa.array(texts, from_pandas=True), value_set=index, skip_nulls=True)
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)


def numbers(values: pd.Series) -> Floats:
    return pd.to_numeric(values).to_numpy(np.float64, na_value=np.nan)


def yes_no(values: pd.Series) -> Floats:
    return values.astype("boolean").to_numpy(np.float64, na_value=np.nan)
