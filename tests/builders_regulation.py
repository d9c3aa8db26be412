"""Frames for tests of the regulation, with the columns and dtypes that a source delivers."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from planerka.clock import WorkCalendar
from planerka.model import Event, Lead, Rejection, Stock
from planerka.regulation.editions import load
from planerka.regulation.evidence import arrays_of
from planerka.regulation.fields import CATALOGUE, FIELDS, FieldKind
from planerka.regulation.findings import plain_values

FIRST_EDITION = Path(__file__).parent.parent / "rulebook" / "regulation" / "2024-01-01.yaml"
EDITION = load(FIRST_EDITION)
MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = WorkCalendar(zone=MOSCOW, opens=time(9), closes=time(21))

Row = Mapping[str, Any]


def at(text: str) -> datetime:
    """A UTC instant from 2026-03-02 10:15."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def frame_of(noun: type, rows: Sequence[Row], **more: str) -> pd.DataFrame:
    """Rows of a noun of the model; what a row does not give is not known. `more` are further columns by dtype."""
    dtypes = {field.name: dtype_of(field.name, field.type) for field in fields(noun)} | more
    columns = {name: pd.Series([row.get(name) for row in rows], dtype=dtype) for name, dtype in dtypes.items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))


def dtype_of(name: str, annotation: Any) -> str:
    if name.endswith("_on"):
        return "datetime64[us]"
    if name == "at" or name.endswith("_at"):
        return "datetime64[us, UTC]"
    kinds = {kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)}
    if kinds == {bool}:
        return "boolean"
    return "float64" if kinds <= {int, float} else "str"


def events_of(rows: Sequence[Row]) -> pd.DataFrame:
    """Events by a person, recorded at once, with ids of their own unless the row says otherwise."""
    usual = [
        {"id": f"E{n}", "lead_id": "L1", "actor_kind": "person", "recorded_at": row.get("at")}
        for n, row in enumerate(rows)
    ]
    return frame_of(Event, [given | row for given, row in zip(usual, rows, strict=True)])


def leads_of(rows: Sequence[Row]) -> pd.DataFrame:
    return frame_of(Lead, [{"id": "L1", "status": "rejected"} | row for row in rows])


def rejections_of(rows: Sequence[Row]) -> pd.DataFrame:
    usual = [{"id": f"R{n}", "lead_id": "L1"} for n, _ in enumerate(rows)]
    full = [given | row for given, row in zip(usual, rows, strict=True)]
    return frame_of(Rejection, full, at="datetime64[us, UTC]", reason_id="str", reason="str")


def stock_of(rows: Sequence[Row]) -> pd.DataFrame:
    return frame_of(
        Stock, [{"project_id": "P1", "flat_type": "1", "available_n": 5, "currency": "RUB"} | row for row in rows]
    )


def evidence_from(rows: Sequence[Row]) -> pd.DataFrame:
    """Evidence with the given facts and nothing else known: numbers, True/False, codes; a text is True."""
    columns: dict[str, Any] = {
        "rejection_id": [f"R{n}" for n, _ in enumerate(rows)],
        "reason": pd.Categorical([row.get("reason") for row in rows]),
        "reason_is_known": [row.get("reason_is_known", True) for row in rows],
        "original_id": ["L1" if row.get("duplicate_of_id") else None for row in rows],
    }
    for field in FIELDS:
        values = [row.get(field.name) for row in rows]
        is_code = field.kind == FieldKind.CODE
        columns[field.name] = (
            pd.Categorical(values, categories=list(field.codes)) if is_code else np.array(values, float)
        )
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))


def facts_in(rows: pd.DataFrame) -> list[Row]:
    """The facts of each row as plain values; None is not known."""
    arrays = arrays_of(rows)
    columns = [exact(name, arrays[name]) for name in CATALOGUE]
    return [dict(zip(CATALOGUE, values, strict=True)) for values in zip(*columns, strict=True)]


def exact(name: str, column: np.ndarray) -> list[Any]:
    """As `plain_values`, but minutes and days to the last digit."""
    if CATALOGUE[name].kind in (FieldKind.MINUTES, FieldKind.DAYS):
        return [None if np.isnan(value) else value for value in column.tolist()]
    return plain_values(CATALOGUE[name], column)


def fact(name: str, cell: str) -> Any:
    """The value of a cell in a table of cases; blank is not known."""
    if not cell:
        return None
    if CATALOGUE[name].kind in (FieldKind.YES_NO, FieldKind.TEXT):
        return {"yes": True, "given": True, "no": False}[cell]
    return cell if CATALOGUE[name].kind == FieldKind.CODE else float(cell)
