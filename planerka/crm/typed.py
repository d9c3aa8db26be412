"""Values of files and databases that have types, as text that reads back to the same value."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

SPOILT = 1e15
"""A double holds no more than 15 digits safely: an id from here on has lost its last ones."""


def may_be_text(cells: pa.Array | Sequence[object]) -> bool:
    """Whether a column, as far as its type tells, can be written as text: lists, structs and bytes cannot."""
    if not isinstance(cells, pa.Array):
        return True
    types = pa.types
    kinds = (types.is_nested, types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    return not any(is_kind(cells.type) for is_kind in kinds)


def texts_of(cells: pa.Array | Sequence[object], decimal_mark: str) -> pa.StringArray:
    """A column as text, null where the cell is empty. TypeError where a value is none that can be written."""
    if not isinstance(cells, pa.Array):
        return pa.array([text_of(value, decimal_mark) for value in cells], pa.string())
    if pa.types.is_string(cells.type):
        return cells
    if isinstance(cells, pa.ExtensionArray):  # of UUIDs
        return texts_of(cells.to_pylist(), decimal_mark)
    if not may_be_text(cells):
        raise TypeError(f"values of type {cells.type}")
    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    return texts_of(encoded.dictionary.to_pylist(), decimal_mark).take(encoded.indices)


def text_of(value: Any, decimal_mark: str) -> str | None:
    """A number as the file's own texts would have it; a date with the `T` by which no `formats` take it for another."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | UUID | timedelta):
        return str(value)
    if isinstance(value, float | Decimal):
        return number_text(value, decimal_mark)
    if isinstance(value, datetime | time):
        return value.isoformat()
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    raise TypeError(f"a value of type {type(value).__name__}")


def number_text(value: float | Decimal, decimal_mark: str) -> str | None:
    """Whole numbers without a fraction, so that an id stays one; those too long for a double as Excel shows them.

    Never three decimals, which might be thousands (`cells.money`).
    """
    if value != value:
        return None
    if isinstance(value, float) and abs(value) >= SPOILT:
        return f"{value:.14G}"
    if value == int(value):
        return str(int(value))
    whole, _, decimals = format(Decimal(str(value)), "f").partition(".")
    return f"{whole}{decimal_mark}{decimals}{'0' if len(decimals) == 3 else ''}"
