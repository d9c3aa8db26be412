"""Frames of any size for the regulation: evidence drawn at random, and histories to make evidence from.

Columns and dtypes are those that the store delivers. Everything comes from a fixed seed: two processes see the same.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator
from numpy.typing import NDArray

from planerka.model import BudgetKind, EventKind, Rejection
from planerka.regulation.fields import FIELDS, FieldKind
from tests.builders_regulation import EDITION, dtype_of, stock_of

REASONS = (
    "no_answer",
    "duplicate",
    "spam",
    "out_of_area",
    "low_budget",
    "mortgage_declined",
    "too_expensive",
    "not_now",
    "bad_number",
    "do_not_call",
)
TEN_REASONS = replace(EDITION, reasons=tuple(reason for reason in EDITION.reasons if reason.code in REASONS))
"""Ten reasons of the first edition, with 25 clauses."""

HIGHEST = {FieldKind.COUNT: 8, FieldKind.MINUTES: 60, FieldKind.SECONDS: 120, FieldKind.DAYS: 730, FieldKind.MONTHS: 24}
FIRST_ON = np.datetime64("2026-01-01")
KINDS = {
    EventKind.CALL_OUT: 0.42,
    EventKind.CALL_IN: 0.08,
    EventKind.MESSAGE_OUT: 0.2,
    EventKind.TASK_SET: 0.12,
    EventKind.QUALIFIED: 0.05,
    EventKind.MEETING_HELD: 0.04,
    EventKind.BOOKED: 0.01,
    EventKind.REOPENED: 0.02,
    EventKind.REJECTED: 0.04,
    EventKind.CONTRACT_SIGNED: 0.01,
    EventKind.CONSENT_WITHDRAWN: 0.01,
}
"""Kinds of event and their shares."""


def random_evidence(rows_n: int) -> pd.DataFrame:
    """Evidence of rejections for the ten reasons, one unheard of and none, a tenth of each fact unknown."""
    random = np.random.default_rng(1)
    columns: dict[str, object] = {
        "rejection_id": texts("R", np.arange(rows_n)),
        "reason": pd.Categorical.from_codes(random.integers(-1, len(REASONS) + 1, rows_n), [*REASONS, "whim"]),
        "reason_is_known": random.random(rows_n) < 0.99,
    }
    for field in FIELDS:
        is_known = random.random(rows_n) < 0.9
        if field.kind == FieldKind.CODE:
            code = np.where(is_known, random.integers(0, len(field.codes), rows_n), -1)
            columns[field.name] = pd.Categorical.from_codes(code, list(field.codes))
        else:
            columns[field.name] = np.where(is_known, drawn(random, field.kind, rows_n), np.nan)
    return pd.DataFrame(columns)


def drawn(random: Generator, kind: FieldKind, rows_n: int) -> NDArray[np.float64]:
    if kind == FieldKind.TEXT:
        return np.ones(rows_n)
    highest = 1 if kind == FieldKind.YES_NO else HIGHEST.get(kind, 1_000_000)
    return random.integers(0, highest + 1, rows_n).astype(np.float64)


def random_history(rejections_n: int, days_n: int = 180) -> dict[str, pd.DataFrame]:
    """`rejections`, as many `leads`, ten times as many `events` of these days, and `stock`, a price list a week."""
    random = np.random.default_rng(2)
    leads = random_leads(random, rejections_n, days_n)
    return {
        "rejections": random_rejections(random, leads["id"], days_n),
        "events": random_events(random, leads["id"], 10 * rejections_n, days_n),
        "leads": leads,
        "stock": random_stock(random, days_n),
    }


def random_leads(random: Generator, leads_n: int, days_n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": texts("L", random.permutation(leads_n)),
            "client_id": texts("c", random.integers(0, leads_n, leads_n)),
            "created_at": instants(random, leads_n, days_n),
            "enquiry": picked(random, {"form": 0.4, "chat": 0.2, "missed_call": 0.2, "answered_call": 0.2}, leads_n),
            "project_id": picked(random, dict.fromkeys(("P1", "P2", "P3"), 1 / 3), leads_n),
            "phone_is_valid": pd.array(random.random(leads_n) < 0.9, "boolean"),
        }
    )


def random_rejections(random: Generator, lead_ids: pd.Series, days_n: int) -> pd.DataFrame:
    """Of any lead at any time; a tenth names an original, a quarter a budget, and the rest of the card is blank."""
    rows_n = len(lead_ids)
    reason = picked(random, dict.fromkeys(REASONS, 1 / len(REASONS)), rows_n)
    blank = {field.name: dtype_of(field.name, field.type) for field in fields(Rejection)}
    return pd.DataFrame(
        {name: pd.Series([None] * rows_n, dtype=dtype) for name, dtype in blank.items()}
        | {
            "id": texts("R", np.arange(rows_n)),
            "lead_id": some(random, lead_ids, rows_n),
            "duplicate_of_id": some(random, lead_ids, rows_n).where(random.random(rows_n) < 0.1),
            "budget_minor": np.where(random.random(rows_n) < 0.25, random.integers(1, 9, rows_n) * 1e8, np.nan),
            "budget_kind": picked(random, dict.fromkeys(BudgetKind, 1 / 3), rows_n),
            "at": instants(random, rows_n, days_n),
            "reason_id": reason,
            "reason": reason,
        }
    )


def random_events(random: Generator, lead_ids: pd.Series, rows_n: int, days_n: int) -> pd.DataFrame:
    """In no order; one in thirty is recorded more than a day late, and one in a hundred comes twice."""
    once_n = rows_n - rows_n // 100
    kind, at = picked(random, KINDS, once_n), instants(random, once_n, days_n)
    is_call = kind.isin(["call_out", "call_in"])
    outcome = picked(random, {"no_answer": 0.6, "answered": 0.35, "not_in_service": 0.05}, once_n).where(is_call)
    late = pd.to_timedelta(random.exponential(25_000, once_n).astype(np.int64), unit="s").as_unit("us")
    ahead = pd.to_timedelta(random.integers(1, 30, once_n), unit="D").as_unit("us")
    events = pd.DataFrame(
        {
            "id": texts("E", np.arange(once_n)),
            "lead_id": some(random, lead_ids, once_n),
            "kind": kind,
            "at": at,
            "recorded_at": at + late,
            "actor_kind": picked(random, {"person": 0.8, "robot": 0.2}, once_n),
            "outcome": outcome,
            "duration_s": np.where(outcome == "answered", random.integers(1, 600, once_n), np.nan),
            "due_at": (at + ahead).where(kind == "task_set"),
        }
    )
    twice = random.integers(0, once_n, rows_n - once_n)
    return events.iloc[random.permutation(np.append(np.arange(once_n), twice))].reset_index(drop=True)


def random_stock(random: Generator, days_n: int) -> pd.DataFrame:
    days = pd.date_range(FIRST_ON, periods=days_n // 7 + 1, freq="7D").to_pydatetime()
    return stock_of([lot(random, day, project) for day in days for project in ("P1", "P2", "P3")])


def lot(random: Generator, day: datetime, project: str) -> Mapping[str, object]:
    price = int(random.integers(5, 9) * 1e8)
    return {"stock_on": day, "project_id": project, "min_price_minor": price, "min_payment_minor": price // 120}


def texts(prefix: str, numbers: NDArray[np.int64]) -> pd.Series:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "").to_pandas()


def instants(random: Generator, rows_n: int, days_n: int) -> pd.Series:
    """To the second, as CRMs keep them."""
    at_s = FIRST_ON.astype("datetime64[s]") + random.integers(0, days_n * 86_400, rows_n)
    return pd.Series(pd.DatetimeIndex(at_s, tz="UTC").as_unit("us"))


def picked(random: Generator, shares: Mapping[str, float], rows_n: int) -> pd.Series:
    places = random.choice(len(shares), rows_n, p=list(shares.values()))
    return pd.Series(pd.Categorical.from_codes(places, list(map(str, shares)))).astype("str")


def some(random: Generator, values: pd.Series, rows_n: int) -> pd.Series:
    return values.iloc[random.integers(0, len(values), rows_n)].reset_index(drop=True)
