"""Evidence: the facts about each rejection as they were at the moment of the rejection.

An event counts when it had happened by then (`at` at or before the rejection's) and was known by the settling
time (`recorded_at` at most `settling` later: telephony arrives late). Attempts, messages and the first response
are counted from the last return to work, if there was one: each rejection of a lead is judged on its own.
What a robot did is no attempt, no talk and no response.
"""

import operator
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planerka.clock import WorkCalendar
from planerka.model import CallOutcome, Enquiry, EventKind
from planerka.regulation.fields import CATALOGUE, FIELDS, ORIGINAL_STATES, STAGES, Field, FieldKind
from planerka.regulation.history import (
    NOT_KNOWN,
    OUTCOME_CODE,
    Floats,
    History,
    Moments,
    Past,
    codes,
    microseconds,
    numbers,
    places,
    rows_of,
    yes_no,
)

DAY_US = 86_400_000_000

EVENT_FIELDS = ("id", "lead_id", "kind", "at", "recorded_at", "actor_kind", "outcome", "duration_s", "due_at")
"""What of an event the evidence is made of: reading the other fields of millions would double the time."""

STATE_AFTER = {
    EventKind.REOPENED: "open",
    EventKind.REJECTED: "lost",
    EventKind.CONTRACT_TERMINATED: "lost",
    EventKind.CONTRACT_SIGNED: "won",
}
"""What an event makes of a lead; of several at one instant the last of this table decides."""


STAGE_AFTER = {
    EventKind.QUALIFIED: "qualified",
    EventKind.MEETING_HELD: "meeting",
    EventKind.BOOKED: "booking",
    EventKind.BOOKING_PAID: "booking",
    EventKind.CONTRACT_SIGNED: "contract",
}
"""What an event proves of the way through the funnel; a later step implies those before it."""


def evidence_of(
    rejections: pd.DataFrame,
    events: pd.DataFrame,
    leads: pd.DataFrame,
    stock: pd.DataFrame,
    calendar: WorkCalendar,
    lacks: Collection[str],
    settling: timedelta,
) -> pd.DataFrame:
    """One row a rejection, in their order, under a RangeIndex.

    `rejections`: the columns of `model.Rejection` and at, reason_id, and `reason`, the code that the mapping gives
    the reason (None where none was given or the mapping does not know it). `events`, `leads`, `stock`: columns of
    the model; they must hold the rejected leads and the originals that duplicates name, and may hold more, in any
    order.

    Returns rejection_id, reason (category), reason_is_known (False: the mapping or the source does not tell,
    and nobody can judge), original_id (of the lead that a duplicate names), and a column for each of `fields.FIELDS`:
    numbers as float64 in the field's unit, yes/no and texts as 1 and 0, a code as category. NaN is "not known"; so is
    all that the source lacks.
    """
    lead_index = pc.unique(pa.array(pd.concat([rejections["lead_id"], rejections["duplicate_of_id"]]).dropna()))
    lead, original = (places(rejections[column], lead_index) for column in ("lead_id", "duplicate_of_id"))
    row_of = rows_of(leads["id"], lead_index)
    own, original_row = row_of[lead], row_of[original]
    moments = moments_of(rejections["at"], settling, calendar, leads["project_id"], own)
    history = History.of(events, lead_index)
    past, originals = history.before(moments, lead), history.before(moments, original)
    facts = {
        "enquiry": at_rows(known_codes(leads["enquiry"], CATALOGUE["enquiry"]), own, np.nan),
        "phone_is_valid": at_rows(yes_no(leads["phone_is_valid"]), own, np.nan),
        **card_facts(rejections),
        **work_facts(past, moments, leads, own),
        **talk_facts(past),
        **progress_facts(past, moments),
        **original_identity(rejections, leads, own, original_row),
        **original_state(originals, moments, original_row >= 0),
        **stock_facts(stock, moments),
    }
    is_withdrawn = past.has(past.is_kind(EventKind.CONSENT_WITHDRAWN)) == 1
    facts["asked_not_to_call"] = np.where(is_withdrawn, 1.0, facts["asked_not_to_call"])
    return framed(rejections, facts, lacks)


def moments_of(
    at: pd.Series, settling: timedelta, calendar: WorkCalendar, project_ids: pd.Series, own: NDArray[np.intp]
) -> Moments:
    """Each rejection's, in the working day of the office that serves its lead's project: `own` is the lead's row."""
    offices, serves = zip(*calendar.offices(project_ids), strict=True)
    office = at_rows(np.argmax(serves, axis=0), own, len(offices) - 1)
    at_us = microseconds(at)
    return Moments(at_us, at_us + settling // timedelta(microseconds=1), offices, office)


def at_rows(values: NDArray, row: NDArray[np.intp], missing: Any) -> NDArray:
    """The value at each row; `missing` at -1."""
    return np.append(values, missing)[row]


def framed(rejections: pd.DataFrame, facts: dict[str, Floats], lacks: Collection[str]) -> pd.DataFrame:
    has_code = rejections["reason"].notna().to_numpy()
    is_unmapped = ~has_code & (rejections["reason_id"].notna().to_numpy() | ("event.reason_id" in lacks))
    columns: dict[str, object] = {
        "rejection_id": rejections["id"].to_numpy(),
        "reason": pd.Categorical(rejections["reason"]),
        "reason_is_known": ~is_unmapped,
        "original_id": rejections["duplicate_of_id"].to_numpy(),
    }
    for field in FIELDS:
        column = np.full(len(rejections), np.nan) if field.missing(lacks) else facts[field.name]
        if field.kind == FieldKind.CODE:
            column = pd.Categorical.from_codes(np.nan_to_num(column, nan=-1).astype(np.int8), list(field.codes))
        columns[field.name] = column
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rejections)))


def arrays_of(evidence: pd.DataFrame) -> dict[str, NDArray]:
    """The fields as tests read them: float64 with NaN, or the codes of a category with -1."""
    return {
        field.name: (
            evidence[field.name].cat.codes if field.kind == FieldKind.CODE else evidence[field.name]
        ).to_numpy()
        for field in FIELDS
    }


def card_facts(rejections: pd.DataFrame) -> dict[str, Floats]:
    """What stands on the card. A blank text is not known, like a missing one."""
    facts = {}
    for field in FIELDS:
        if not field.is_of_card:
            continue
        column = rejections[field.name]
        if field.kind == FieldKind.YES_NO:
            facts[field.name] = yes_no(column)
        elif field.kind == FieldKind.TEXT:
            facts[field.name] = np.where(is_given(column), 1.0, np.nan)
        elif field.kind == FieldKind.CODE:
            facts[field.name] = known_codes(column, field)
        else:
            facts[field.name] = numbers(column)
    return facts


def is_given(column: pd.Series) -> NDArray[np.bool_]:
    return (column.astype("str").str.strip().fillna("") != "").to_numpy()


def known_codes(column: pd.Series, field: Field) -> Floats:
    """The place of each value among those of the field; NaN for any other."""
    code = codes(column, field.codes).astype(np.float64)
    return np.where(code < 0, np.nan, code)


def work_facts(past: Past, moments: Moments, leads: pd.DataFrame, own: NDArray[np.intp]) -> dict[str, Floats]:
    """What a person did about the lead since it came, or since it came back to work."""
    reopened_us = past.last_us(past.is_kind(EventKind.REOPENED) & (past.at_us < moments.at_us[past.row]))
    is_own_work = ~past.is_robots & (past.at_us >= reopened_us[past.row])
    is_attempt = is_own_work & past.is_kind(EventKind.CALL_OUT)
    is_message = is_own_work & past.is_kind(EventKind.MESSAGE_OUT)
    is_answered = is_own_work & past.is_kind(EventKind.CALL_IN) & (past.outcome == OUTCOME_CODE[CallOutcome.ANSWERED])
    attempted_local = moments.local(past.at_us[is_attempt], past.row[is_attempt])
    day, hour = attempted_local.astype("datetime64[D]"), attempted_local.astype("datetime64[h]")
    began_us = np.maximum(at_rows(microseconds(leads["created_at"]), own, NOT_KNOWN), reopened_us)
    was_answered_at_once = at_rows(codes(leads["enquiry"], [Enquiry.ANSWERED_CALL]) == 0, own, False)
    response_min = moments.waited_min(began_us, past.first_us(is_attempt | is_message | is_answered))
    return {
        "attempts_n": past.count(is_attempt),
        "attempt_days_n": past.distinct(is_attempt, day.astype(np.int64)),
        "attempt_hours_n": past.distinct(is_attempt, (hour - day).astype(np.int64)),
        "messages_n": past.count(is_message),
        "first_attempt_min": moments.waited_min(began_us, past.first_us(is_attempt)),
        "first_response_min": np.where(was_answered_at_once & (reopened_us == NOT_KNOWN), 0.0, response_min),
    }


def talk_facts(past: Past) -> dict[str, Floats]:
    """What calls of the lead's whole life prove."""
    unanswered = [OUTCOME_CODE[CallOutcome.NO_ANSWER], OUTCOME_CODE[CallOutcome.NOT_IN_SERVICE]]
    is_call = ~past.is_robots & past.is_kind(EventKind.CALL_OUT, EventKind.CALL_IN)
    # A talk of unknown length may have been any length: infinity survives the maximum as "not known".
    talk_s = np.where(np.isin(past.outcome, unanswered), 0.0, np.nan_to_num(past.duration_s, nan=np.inf))
    longest_talk_s = np.zeros(past.rows_n)
    np.maximum.at(longest_talk_s, past.row[is_call], talk_s[is_call])
    is_attempt = ~past.is_robots & past.is_kind(EventKind.CALL_OUT)
    not_in_service_n = past.count(is_attempt & (past.outcome == OUTCOME_CODE[CallOutcome.NOT_IN_SERVICE]))
    return {
        "longest_talk_s": np.where(np.isinf(longest_talk_s), np.nan, longest_talk_s),
        "not_in_service_n": np.where(past.has(is_attempt & (past.outcome < 0)) == 1, np.nan, not_in_service_n),
    }


def progress_facts(past: Past, moments: Moments) -> dict[str, Floats]:
    """How far the lead had come in its whole life, and what was still to be done."""
    stage = np.zeros(past.rows_n)
    for kind, name in STAGE_AFTER.items():
        stage = np.maximum(stage, past.has(past.is_kind(kind)) * STAGES.index(name))
    is_task, at_us = past.is_kind(EventKind.TASK_SET), moments.at_us[past.row]
    has_next_task = past.has(is_task & (past.due_us > at_us))
    is_unsure = (has_next_task == 0) & (past.has(is_task & (past.due_us == NOT_KNOWN)) == 1)
    return {
        "stage_reached": stage,
        "has_met": (stage >= STAGES.index("meeting")).astype(np.float64),
        "reopened_n": past.count(past.is_kind(EventKind.REOPENED) & (past.at_us < at_us)),
        "has_next_task": np.where(is_unsure, np.nan, has_next_task),
    }


def original_identity(
    rejections: pd.DataFrame, leads: pd.DataFrame, own: NDArray[np.intp], original: NDArray[np.intp]
) -> dict[str, Floats]:
    """The lead that a duplicate names, beside the rejected one: their rows in `leads`, -1 where there is none."""
    both = np.flatnonzero((own >= 0) & (original >= 0))
    is_named = is_given(rejections["duplicate_of_id"])

    def compared(column: str, relation: Callable[[pd.Series, pd.Series], pd.Series]) -> Floats:
        """1 or 0 where both leads are found and have a value, NaN elsewhere."""
        answer = np.full(len(rejections), np.nan)
        theirs, ours = (leads[column].iloc[row[both]].reset_index(drop=True) for row in (original, own))
        is_known = (theirs.notna() & ours.notna()).to_numpy()
        answer[both] = np.where(is_known, relation(theirs, ours).to_numpy(bool, na_value=False), np.nan)
        return answer

    return {
        "original_exists": np.where(is_named, (original >= 0).astype(np.float64), np.nan),
        "original_is_same_client": compared("client_id", operator.eq),
        "original_is_older": compared("created_at", operator.lt),
    }


def original_state(past: Past, moments: Moments, is_found: NDArray[np.bool_]) -> dict[str, Floats]:
    """Open, won or lost at the moment, from events: today's status of a lead says nothing about the past."""
    state = np.zeros(past.rows_n)
    since_us = np.full(past.rows_n, NOT_KNOWN)
    for kind, name in STATE_AFTER.items():
        last_us = past.last_us(past.is_kind(kind))
        is_later = (last_us >= since_us) & (last_us != NOT_KNOWN)
        state = np.where(is_later, ORIGINAL_STATES.index(name), state)
        since_us = np.where(is_later, last_us, since_us)
    is_won = state == ORIGINAL_STATES.index("won")
    return {
        "original_state": np.where(is_found, state, np.nan),
        "original_won_days": np.where(is_found & is_won, (moments.at_us - since_us) / DAY_US, np.nan),
    }


def stock_facts(stock: pd.DataFrame, moments: Moments) -> dict[str, Floats]:
    """The cheapest lot of the company, each project by its last list at or before the local day."""
    at_local = moments.local(moments.at_us, np.arange(len(moments.at_us)))
    day = at_local.astype("datetime64[D]").astype("datetime64[us]")
    footings = ("min_price_minor", "min_payment_minor")
    price, payment = (cheapest(stock, footing, day) for footing in footings)
    return {"cheapest_price_minor": price, "cheapest_payment_minor": payment}


def cheapest(stock: pd.DataFrame, footing: str, day: NDArray[np.datetime64]) -> Floats:
    """NaN where no list, no lot or not every price is known, or the amounts are in several currencies."""
    if stock["currency"].nunique() != 1:
        return np.full(len(day), np.nan)
    # A lot with an unknown price could be cheaper than any: minus infinity survives the minimum as "not known".
    amount = numbers(stock[footing])
    amount = np.where(stock["available_n"] > 0, np.where(np.isnan(amount), -np.inf, amount), np.inf)
    lists = (
        pd.Series(amount).groupby([stock["stock_on"].to_numpy("datetime64[us]"), stock["project_id"].to_numpy()]).min()
    )
    by_day = lists.unstack().ffill().min(axis=1)
    last = np.searchsorted(by_day.index.to_numpy("datetime64[us]"), day, side="right")
    found = np.append(np.nan, by_day.to_numpy(np.float64))[last]
    return np.where(np.isfinite(found), found, np.nan)
