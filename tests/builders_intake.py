"""Batches for tests of the intake: one good row of every noun, and what is changed in it."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from planerka.crm.base import Batch, Fault
from planerka.intake.answers import Context
from planerka.model import (
    Contract,
    Event,
    Lead,
    Plan,
    Reference,
    ReferenceKind,
    Rejection,
    Spend,
    Stock,
)
from tests.builders_regulation import frame_of

NO_PLACE: dict[str, Any] = {"file": None, "row_ns": [], "columns": {}}
"""Where a quarantined row of a CRM stands."""

UNTIL = datetime(2026, 11, 23, tzinfo=UTC)
CREATED_AT = datetime(2026, 11, 2, 9, tzinfo=UTC)

GOOD: dict[type, dict[str, Any]] = {
    Reference: {"kind": "reason", "id": "R1", "title": "Недозвон", "code": "no_answer"},
    Lead: {"id": "L1", "status": "rejected", "created_at": CREATED_AT, "stage_id": "S1", "reason_id": "R1"},
    Event: {"id": "E1", "lead_id": "L1", "kind": "rejected", "at": CREATED_AT, "actor_kind": "person"}
    | {"recorded_at": CREATED_AT, "reason_id": "R1", "to_stage_id": "S1", "duration_s": 30},
    Rejection: {"id": "E1", "lead_id": "L1", "budget_minor": 500_000_000},
    Contract: {"id": "C1", "lead_id": "L1", "unit_kind": "flat", "currency": "RUB", "signed_at": CREATED_AT}
    | {"price_minor": 900_000_000, "area_m2": 41.5},
    Spend: {"spent_on": date(2026, 11, 2), "channel_id": "K1", "campaign_id": "", "project_id": ""}
    | {"amount_minor": 100, "currency": "RUB"},
    Plan: {"kpi": "leads_n", "project_id": "", "from_on": date(2026, 11, 1), "to_on": date(2026, 12, 31), "value": 9},
    Stock: {"stock_on": date(2026, 11, 2), "project_id": "P1", "flat_type": "studio", "available_n": 4}
    | {"min_price_minor": 700_000_000, "currency": "RUB"},
}

CONTEXT = Context(
    until=UNTIL,
    leads=pd.Series([CREATED_AT], index=pd.Index(["L1"], dtype="str"), dtype="datetime64[us, UTC]"),
    mapped={ReferenceKind.STAGE: frozenset({"S1"}), ReferenceKind.REASON: frozenset({"R1"})},
)


def batch_of(noun: type, *changes: dict[str, Any], faults: tuple[Fault, ...] = ()) -> Batch:
    """One row for each set of changes to the good row."""
    rows = [GOOD[noun] | change for change in changes]
    return Batch(noun=noun, rows=frame_of(noun, rows), faults=faults)


def fault(field: str, value: str, position: int = 0) -> tuple[Fault, ...]:
    return (Fault(position=position, field=field, value=value),)
