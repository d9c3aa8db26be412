"""Evidence: the facts about each rejection as they were at the moment of the rejection.

An event counts when it had happened by then (`at` at or before the rejection's) and was known by the settling
time (`recorded_at` at most `settling` later: telephony arrives late). Attempts, messages and the first response
are counted from the last return to work, if there was one: each rejection of a lead is judged on its own.
What a robot did is no attempt, no talk and no response.
"""

from collections.abc import Collection
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.clock import WorkCalendar
from planerka.model import CallOutcome, Enquiry, EventKind
from planerka.regulation.fields import FIELDS, ORIGINAL_STATES, FieldKind
from planerka.regulation.history import (
    NOT_KNOWN,
    OUTCOME_CODE,
    Floats,
    History,
    Moments,
    Past,
    Whole,
    codes,
    microseconds,
    numbers,
    places,
    wall_time,
    yes_no,
)

DAY_US = 86_400_000_000

EVENT_FIELDS = ("id", "lead_id", "kind", "at", "recorded_at", "actor_kind", "outcome", "duration_s")
"""What of an event the evidence is made of: reading the other fields of millions would double the time."""

STATE_AFTER = {
    EventKind.REOPENED: "open",
    EventKind.REJECTED: "lost",
    EventKind.CONTRACT_TERMINATED: "lost",
    EventKind.CONTRACT_SIGNED: "won",
}
"""What an event makes of a lead; of several at one instant the last of this table decides."""


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
    and nobody can judge), and a column for each of `fields.FIELDS`: numbers as float64 in the field's unit,
    yes/no and texts as 1 and 0, a code as category. NaN is "not known"; so is all that the source lacks.
    """
    moments = Moments.of(rejections["at"], settling, calendar)
    lead_index = pd.Index(pd.concat([rejections["lead_id"], rejections["duplicate_of_id"]]).dropna().unique())
    history = History.of(events, lead_index)
    past = history.before(moments, places(rejections["lead_id"], lead_index))
    originals = history.before(moments, places(rejections["duplicate_of_id"], lead_index))
    leads = leads.drop_duplicates("id", keep="last").reset_index(drop=True)
    own = leads.set_index("id").reindex(rejections["lead_id"])
    facts = {
        "phone_is_valid": yes_no(own["phone_is_valid"]),
        **card_facts(rejections),
        **work_facts(past, moments, own),
        **talk_facts(past),
        **(identity := original_identity(rejections, leads)),
        **original_state(originals, moments, identity["original_exists"] == 1),
        **stock_facts(stock, moments.at_local),
    }
    is_withdrawn = past.has(past.is_kind(EventKind.CONSENT_WITHDRAWN)) == 1
    facts["asked_not_to_call"] = np.where(is_withdrawn, 1.0, facts["asked_not_to_call"])
    return framed(rejections, facts, lacks)


def framed(rejections: pd.DataFrame, facts: dict[str, Floats], lacks: Collection[str]) -> pd.DataFrame:
    has_code = rejections["reason"].notna().to_numpy()
    is_unmapped = ~has_code & (rejections["reason_id"].notna().to_numpy() | ("event.reason_id" in lacks))
    columns: dict[str, object] = {
        "rejection_id": rejections["id"].to_numpy(),
        "reason": pd.Categorical(rejections["reason"]),
        "reason_is_known": ~is_unmapped,
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
        if field.needs != (f"rejection.{field.name}",):
            continue
        column = rejections[field.name]
        if field.kind == FieldKind.YES_NO:
            facts[field.name] = yes_no(column)
        elif field.kind == FieldKind.TEXT:
            facts[field.name] = np.where(column.astype("str").str.strip().fillna("") == "", np.nan, 1.0)
        elif field.kind == FieldKind.CODE:
            code = codes(column, field.codes).astype(np.float64)
            facts[field.name] = np.where(code < 0, np.nan, code)
        else:
            facts[field.name] = numbers(column)
    return facts


def work_facts(past: Past, moments: Moments, own: pd.DataFrame) -> dict[str, Floats]:
    """What a person did about the lead since it came, or since it came back to work."""
    reopened_us = past.last_us(past.is_kind(EventKind.REOPENED) & (past.at_us < moments.at_us[past.row]))
    is_own_work = ~past.is_robots & (past.at_us >= reopened_us[past.row])
    is_attempt = is_own_work & past.is_kind(EventKind.CALL_OUT)
    is_message = is_own_work & past.is_kind(EventKind.MESSAGE_OUT)
    is_answered = is_own_work & past.is_kind(EventKind.CALL_IN) & (past.outcome == OUTCOME_CODE[CallOutcome.ANSWERED])
    attempted_local = wall_time(past.at_us[is_attempt], moments.calendar)
    day, hour = attempted_local.astype("datetime64[D]"), attempted_local.astype("datetime64[h]")
    began_us = np.maximum(microseconds(own["created_at"]), reopened_us)
    was_answered_at_once = (own["enquiry"] == Enquiry.ANSWERED_CALL).to_numpy(bool, na_value=False)
    response_min = waited_min(began_us, past.first_us(is_attempt | is_message | is_answered), moments)
    return {
        "attempts_n": past.count(is_attempt),
        "attempt_days_n": past.distinct(is_attempt, day),
        "attempt_hours_n": past.distinct(is_attempt, (hour - day).astype(np.int64)),
        "messages_n": past.count(is_message),
        "first_attempt_min": waited_min(began_us, past.first_us(is_attempt), moments),
        "first_response_min": np.where(was_answered_at_once & (reopened_us == NOT_KNOWN), 0.0, response_min),
    }


def waited_min(from_us: Whole, until_us: Whole, moments: Moments) -> Floats:
    """Working minutes; a wait that never ended lasted until the rejection at least."""
    until_us = np.minimum(until_us, moments.at_us)
    return moments.calendar.working_minutes(from_us.view("datetime64[us]"), until_us.view("datetime64[us]"))


def talk_facts(past: Past) -> dict[str, Floats]:
    """What calls and meetings of the lead's whole life prove."""
    unanswered = [OUTCOME_CODE[CallOutcome.NO_ANSWER], OUTCOME_CODE[CallOutcome.NOT_IN_SERVICE]]
    is_call = ~past.is_robots & past.is_kind(EventKind.CALL_OUT, EventKind.CALL_IN)
    # A talk of unknown length may have been any length: infinity survives the maximum as "not known".
    talk_s = np.where(np.isin(past.outcome, unanswered), 0.0, np.nan_to_num(past.duration_s, nan=np.inf))
    longest_talk_s = np.zeros(past.rows_n)
    np.maximum.at(longest_talk_s, past.row[is_call], talk_s[is_call])
    is_attempt = ~past.is_robots & past.is_kind(EventKind.CALL_OUT)
    not_in_service_n = past.count(is_attempt & (past.outcome == OUTCOME_CODE[CallOutcome.NOT_IN_SERVICE]))
    met = (EventKind.MEETING_HELD, EventKind.BOOKED, EventKind.BOOKING_PAID, EventKind.CONTRACT_SIGNED)
    return {
        "longest_talk_s": np.where(np.isinf(longest_talk_s), np.nan, longest_talk_s),
        "not_in_service_n": np.where(past.has(is_attempt & (past.outcome < 0)) == 1, np.nan, not_in_service_n),
        "has_met": past.has(past.is_kind(*met)),
    }


def original_identity(rejections: pd.DataFrame, leads: pd.DataFrame) -> dict[str, Floats]:
    """The lead that a duplicate names, beside the rejected one."""
    index = pd.Index(leads["id"])
    own, original = (places(rejections[column], index) for column in ("lead_id", "duplicate_of_id"))
    client = pd.factorize(leads["client_id"])[0]
    created_us = microseconds(leads["created_at"])
    is_found = (own >= 0) & (original >= 0)
    is_named = rejections["duplicate_of_id"].notna().to_numpy()

    def compared(values: NDArray, is_known: NDArray, relation: np.ufunc) -> Floats:
        """1 or 0 where both leads are found and have a value, NaN elsewhere."""
        answer = np.full(len(rejections), np.nan)
        both = is_found & np.append(is_known, False)[own] & np.append(is_known, False)[original]
        answer[both] = relation(values[original[both]], values[own[both]])
        return answer

    return {
        "original_exists": np.where(is_named, (original >= 0).astype(np.float64), np.nan),
        "original_is_same_client": compared(client, client >= 0, np.equal),
        "original_is_older": compared(created_us, created_us != NOT_KNOWN, np.less),
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


def stock_facts(stock: pd.DataFrame, at_local: NDArray[np.datetime64]) -> dict[str, Floats]:
    """The cheapest lot of the company, each project by its last list at or before the local day."""
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
