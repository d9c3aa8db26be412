"""Frames of a source, row by row: what a test does not name is plausible, or not known."""

from dataclasses import fields
from datetime import UTC, date, datetime
from types import UnionType
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pandas as pd

from planerka import model

MOSCOW = ZoneInfo("Europe/Moscow")

DTYPES = {datetime: "datetime64[us, UTC]", date: "datetime64[us]", bool: "boolean", int: "float64", float: "float64"}

PLAUSIBLE: dict[type, dict[str, Any]] = {
    model.Reference: {"kind": "reason", "id": "17", "title": "Недозвон", "code": "no_answer"},
    model.Lead: {"id": "L1", "created_at": "2026-11-02T09:00Z", "status": "open"},
    model.Event: {
        "id": "E1",
        "lead_id": "L1",
        "kind": "call_out",
        "at": "2026-11-03T09:00Z",
        "recorded_at": "2026-11-03T09:05Z",
        "actor_kind": "person",
    },
    model.Rejection: {"id": "E1", "lead_id": "L1"},
    model.Contract: {
        "id": "K1",
        "lead_id": "L1",
        "unit_kind": "flat",
        "currency": "RUB",
        "signed_at": "2026-11-10T09:00Z",
    },
    model.Spend: {
        "spent_on": "2026-11-03",
        "channel_id": "site",
        "campaign_id": "",
        "project_id": "",
        "amount_minor": 100_00,
        "currency": "RUB",
    },
    model.Plan: {"kpi": "contracts_n", "project_id": "", "from_on": "2026-11-01", "to_on": "2026-11-30", "value": 40},
    model.Stock: {
        "stock_on": "2026-11-02",
        "project_id": "p1",
        "flat_type": "1",
        "available_n": 12,
        "currency": "RUB",
    },
}


def frame_of(noun: type, *rows: dict[str, Any]) -> pd.DataFrame:
    """A frame as `crm.base.Batch.rows`, one row for each dictionary of what matters to the test."""
    frame = pd.DataFrame([{**PLAUSIBLE[noun], **row} for row in rows], columns=[field.name for field in fields(noun)])
    return frame.astype({field.name: dtype_of(field.type) for field in fields(noun)})


def dtype_of(annotation: Any) -> str:
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((DTYPES[kind] for kind in kinds if kind in DTYPES), "str")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
