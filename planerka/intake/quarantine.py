"""Rows that may not be judged: what is kept of them, and how a released one becomes a row again."""

import hashlib
import json
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from planerka.crm.base import Batch
from planerka.crm.rows import CARD_IDS
from planerka.errors import UsageError
from planerka.intake.answers import is_optional, key_of, plain_type
from planerka.intake.check import RowChecks
from planerka.model import noun_name
from planerka.phones import is_contact, masked


def held_back(batch: Batch, checks: RowChecks) -> list[dict[str, Any]]:
    """A record of every row that is not fit; of rows with one key, the last.

    `noun` in lower case; `row_key` joins the key fields; `row` is JSON-able, with instants as ISO text and an
    unreadable value as it stood; `why` are the keys of the row tests that hold the row back.
    """
    positions = np.flatnonzero(~checks.is_fit).tolist()
    unread: dict[int, dict[str, str]] = {}
    for fault in batch.faults:
        unread.setdefault(fault.position, {})[fault.field] = fault.value
    rows = batch.rows.iloc[positions].astype(object).to_dict("records")
    records = [
        record_of(batch.noun, {**row, **unread.get(position, {})}, checks.why(position))
        for position, row in zip(positions, rows, strict=True)
    ]
    return list({record["row_key"]: record for record in records}.values())


def record_of(noun: type, values: dict[str, Any], why: list[str]) -> dict[str, Any]:
    row = {name: harmless(name, plain(value)) for name, value in values.items()}
    return {"noun": noun_name(noun), "row_key": row_key(noun, row), "row": row, "why": why}


def row_keys(noun: type, rows: pd.DataFrame) -> list[str]:
    """What each row is known by."""
    names = key_of(noun)
    if names == ("id",):
        return rows["id"].tolist()
    plain_rows = rows[list(names)].astype(object).to_dict("records")
    return [row_key(noun, {name: plain(value) for name, value in row.items()}) for row in plain_rows]


def row_key(noun: type, row: dict[str, Any]) -> str:
    """What the row is known by: without a whole key of its own, a digest of its content."""
    key = [row[name] for name in key_of(noun)]
    if None not in key and any(key):
        return "|".join(map(str, key))
    return "sha256:" + hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    """The value as JSON holds it; missing is None."""
    if pd.isna(value):
        return None
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def harmless(name: str, value: Any) -> Any:
    """Text without phones, e-mails and NUL. Ids stay as they are, for a long one would pass for a phone; but one that
    is a phone is none."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    if name == "id" or name.endswith("_id"):
        return None if name in CARD_IDS and is_contact(text) else text
    return masked(text)


def released(noun: type, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Quarantined rows as a frame that the store takes, with the dtypes of `crm.base.Batch`.

    What could not be read is missing. UsageError for a row that lacks what the store cannot do without.
    """
    frame = pd.DataFrame(rows, columns=[f.name for f in fields(noun)])
    for field in fields(noun):
        frame[field.name] = typed(frame[field.name], plain_type(field.type))
        if not is_optional(field.type) and frame[field.name].isna().any():
            raise UsageError(
                f"a quarantined {noun_name(noun)} has no {field.name} and cannot be released: "
                "correct it in the source and pull again, or drop it"
            )
    return frame


def typed(column: pd.Series, kind: type) -> pd.Series:
    if issubclass(kind, datetime):
        return pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce").dt.as_unit("us")
    if issubclass(kind, date):
        return pd.to_datetime(column, format="ISO8601", errors="coerce").dt.as_unit("us")
    if issubclass(kind, bool):
        return column.where(column.isin([True, False])).astype("boolean")
    if issubclass(kind, int | float):
        return pd.to_numeric(column, errors="coerce").astype("float64")
    return column.astype("str")
