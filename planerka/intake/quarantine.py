"""Rows that may not be judged: what is kept of them, and how a released one becomes a row again."""

import hashlib
import json
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from planerka.crm.base import Batch
from planerka.errors import UsageError
from planerka.intake.answers import is_optional, key_of, plain_type
from planerka.intake.check import RowChecks
from planerka.intake.places import cells_of, harmless, plain, rows_at
from planerka.model import noun_name


def held_back(batch: Batch, checks: RowChecks) -> list[dict[str, Any]]:
    """A record of every row that is not fit; of rows with one key, the last.

    `noun` in lower case; `row_key` joins the key fields; `row` is JSON-able, with instants as ISO text and an
    unreadable value as it stood; `why` are the keys of the row tests that hold the row back; `place` says where to
    look: the file and the rows of it that have this key (None and none of a CRM), and by field the columns at fault
    with what stands there, as it may be told.
    """
    records: dict[str, dict[str, Any]] = {}
    for position, row, unread in rows_at(batch, np.flatnonzero(~checks.is_fit)):
        broken = checks.broken(position)
        record = record_of(batch.noun, {**row, **unread}, [test.key for test in broken])
        found = [cells_of(test, batch, checks.until, position, row, unread) for test in broken]
        cells = {name: cell for of_test in found for name, cell in of_test.items()}
        before = records.pop(record["row_key"], None)
        row_ns = [*(before["place"]["row_ns"] if before else []), *row_ns_of(batch, position)]
        file = batch.origin.file if batch.origin else None
        place = {
            "file": file,
            "row_ns": row_ns,
            "columns": {name: cell.column for name, cell in cells.items()},
            "cells": {name: cell.value for name, cell in cells.items()},
        }
        records[record["row_key"]] = {**record, "place": place}
    return list(records.values())


def row_ns_of(batch: Batch, position: int) -> list[int]:
    return [int(batch.origin.row_ns[position])] if batch.origin else []


def record_of(noun: type, values: dict[str, Any], why: list[str]) -> dict[str, Any]:
    row = {name: harmless(noun, name, plain(value)) for name, value in values.items()}
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
