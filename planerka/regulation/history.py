"""What had happened to a lead by a moment, and was known in time: pairs of a moment and an event.

All instants are integers, microseconds since 1970 in UTC; NOT_KNOWN is a missing one.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import timedelta

import numpy as np
import pandas as pd
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
    EventKind.MEETING_HELD,
    EventKind.BOOKED,
    EventKind.BOOKING_PAID,
    EventKind.REJECTED,
    EventKind.REOPENED,
    EventKind.CONTRACT_SIGNED,
    EventKind.CONTRACT_TERMINATED,
    EventKind.CONSENT_WITHDRAWN,
)
"""The kinds that evidence is made of; the others, nearly half of all events, need not be read."""

KIND_CODE = {kind: code for code, kind in enumerate(EVIDENCE_KINDS)}
OUTCOME_CODE = {outcome: code for code, outcome in enumerate(CallOutcome)}
NOT_KNOWN, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Moments:
    """The moments to look back from, one a rejection, and when each is settled; `at_local` is wall time."""

    at_us: Whole
    settled_us: Whole
    at_local: NDArray[np.datetime64]
    calendar: WorkCalendar

    @classmethod
    def of(cls, at: pd.Series, settling: timedelta, calendar: WorkCalendar) -> "Moments":
        at_us = microseconds(at)
        return cls(at_us, at_us + settling // timedelta(microseconds=1), wall_time(at_us, calendar), calendar)


@dataclass(frozen=True)
class Past:
    """Every event that a row (a moment) could look back on; `row` and the other columns are parallel."""

    rows_n: int
    row: NDArray[np.intp]
    at_us: Whole
    kind: NDArray[np.int8]
    is_robots: Mask
    outcome: NDArray[np.int8]
    duration_s: Floats

    def is_kind(self, *kinds: EventKind) -> Mask:
        return np.isin(self.kind, [KIND_CODE[kind] for kind in kinds])

    def has(self, mask: Mask) -> Floats:
        """1 for a row with a masked event, 0 for the others."""
        return (self.count(mask) > 0).astype(np.float64)

    def count(self, mask: Mask) -> Floats:
        return np.bincount(self.row[mask], minlength=self.rows_n).astype(np.float64)

    def distinct(self, mask: Mask, value: NDArray) -> Floats:
        """How many different values the masked events of a row have; `value` has one for each masked event."""
        pairs = pd.DataFrame({"row": self.row[mask], "value": value}).drop_duplicates()
        return np.bincount(pairs["row"], minlength=self.rows_n).astype(np.float64)

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
    """Events ordered by lead; `lead` is a position in the index of leads that was asked for."""

    lead: NDArray[np.intp]
    at_us: Whole
    known_us: Whole
    kind: NDArray[np.int8]
    is_robots: Mask
    outcome: NDArray[np.int8]
    duration_s: Floats

    @classmethod
    def of(cls, events: pd.DataFrame, lead_index: pd.Index) -> "History":
        """The events of the leads in the index, each once however often it was delivered."""
        kind = codes(events["kind"], KIND_CODE)
        lead = places(events["lead_id"], lead_index)
        used = np.flatnonzero((kind >= 0) & (lead >= 0) & events["at"].notna().to_numpy())
        used = used[~events["id"].iloc[used].duplicated().to_numpy()]
        used = used[np.argsort(lead[used], kind="stable")]
        events = events.iloc[used]
        at_us = microseconds(events["at"])
        return cls(
            lead=lead[used],
            at_us=at_us,
            known_us=np.maximum(microseconds(events["recorded_at"]), at_us),
            kind=kind[used],
            is_robots=codes(events["actor_kind"], [ActorKind.ROBOT]) == 0,
            outcome=codes(events["outcome"], OUTCOME_CODE),
            duration_s=numbers(events["duration_s"]),
        )

    def before(self, moments: Moments, lead: NDArray[np.intp]) -> Past:
        """What happened to `lead` (one a moment, -1 for none) up to the moment and was known when it settled."""
        first, last = (np.searchsorted(self.lead, lead, side) for side in ("left", "right"))
        found_n = last - first
        row = np.repeat(np.arange(len(lead)), found_n)
        event = np.arange(len(row)) + np.repeat(first - (np.cumsum(found_n) - found_n), found_n)
        is_seen = (self.at_us[event] <= moments.at_us[row]) & (self.known_us[event] <= moments.settled_us[row])
        event = event[is_seen]
        columns = {column.name: getattr(self, column.name)[event] for column in fields(Past)[2:]}
        return Past(len(lead), row[is_seen], **columns)


def microseconds(instants: pd.Series) -> Whole:
    return pd.DatetimeIndex(pd.to_datetime(instants, utc=True)).as_unit("us").asi8


def wall_time(at_us: Whole, calendar: WorkCalendar) -> NDArray[np.datetime64]:
    """Local date and time of day."""
    return (
        pd.DatetimeIndex(at_us.view("datetime64[us]"), tz="UTC").tz_convert(calendar.zone).tz_localize(None).to_numpy()
    )


def codes(texts: pd.Series, code_of: Collection[str]) -> NDArray[np.int8]:
    """The place of each text in `code_of`; -1 where it is missing or not there."""
    return places(texts, pd.Index([str(text) for text in code_of])).astype(np.int8)


def places(texts: pd.Series, index: pd.Index) -> NDArray[np.intp]:
    """Where each text stands in the index; -1 where it is missing or not there. Each distinct one is looked up once."""
    code, distinct = pd.factorize(texts)
    return np.append(index.get_indexer(pd.Index(distinct)), -1)[code]


def numbers(values: pd.Series) -> Floats:
    return pd.to_numeric(values).to_numpy(np.float64, na_value=np.nan)


def yes_no(values: pd.Series) -> Floats:
    return values.astype("boolean").to_numpy(np.float64, na_value=np.nan)
