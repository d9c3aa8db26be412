"""The cells by which a row fails a test: where they stand in the export, and what may be told of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, cast

import pandas as pd
from babel.numbers import get_currency_precision

from planerka.crm.base import Batch
from planerka.crm.cells import quotable, shape
from planerka.crm.rows import CARD_IDS
from planerka.intake.answers import is_future, is_masked, key_of, plain_type, times_of
from planerka.intake.kinds import RowTest
from planerka.model import Reference, noun_name
from planerka.phones import MASK, is_contact, masked

UNREAD = ("dates_readable", "values_readable", "amounts_readable")
"""Tests that fail by what stood in a cell and could not be read."""

MISSING = ("id", "required", "created_at")
"""Tests that fail by a cell of which nothing is known."""

IDS = ("id", "lead_id")
"""Of these "" is none either (`answers.key_is_given`)."""

Row = Mapping[str, Any]


class Cell(NamedTuple):
    """A cell of the export: the name of its column, and what stands there; None where nothing does."""

    column: str
    value: Any


def examples_of(test: RowTest, batch: Batch, until: datetime, positions: Iterable[int]) -> tuple[str, ...]:
    """The rows at these positions, which fail the test, as people find them: `leads.csv:4, Created: '31.02.2026'`."""
    return tuple(
        ", ".join([place_of(batch, position, row), *words_of(cells_of(test, batch, until, position, row, unread))])
        for position, row, unread in rows_at(batch, positions)
    )


def place_of(batch: Batch, position: int, row: Row) -> str:
    if batch.origin:
        return f"{batch.origin.file}:{batch.origin.row_ns[position]}"
    key = "|".join(str(plain(row[name])) for name in key_of(batch.noun))
    return f"{noun_name(batch.noun)} {key}"


def words_of(cells: Mapping[str, Cell]) -> Iterator[str]:
    for cell in cells.values():
        yield f"{cell.column}: {'—' if cell.value in (None, '') else repr(cell.value)}"


def cells_of(test: RowTest, batch: Batch, until: datetime, position: int, row: Row, unread: Row) -> dict[str, Cell]:
    """The cells by which a row fails a test, by field. `unread`: what stood in the fields that could not be read."""
    names = broken_fields(test, batch.noun, until, row, unread)
    return {name: Cell(column_of(batch, name), value_of(batch, position, row, unread, name)) for name in names}


def value_of(batch: Batch, position: int, row: Row, unread: Row, name: str) -> Any:
    """What stands in the cell, as the file writes it, as far as it may be told; None where nothing does."""
    if name in unread:
        return told(batch.noun, name, unread[name])
    is_text = issubclass(kind_of(batch.noun, name), str)
    text = batch.origin.written(position, name) if batch.origin and not is_text else None
    return told(batch.noun, name, as_written(row, name)) if text is None else masked(text)


def kind_of(noun: type, name: str) -> type:
    return next(plain_type(f.type) for f in fields(noun) if f.name == name)


def told(noun: type, name: str, value: Any) -> Any:
    """A value as an example may show it: the number of a card without a digit may be somebody's name, and one that is a
    phone is masked, for a cell is there. A reference has no card: its id is a stage, a reason, a channel.
    """
    if name in CARD_IDS and isinstance(value, str):
        is_tellable = noun is Reference or any(map(str.isdigit, value))
        return MASK if is_contact(value) else value if is_tellable else shape(value)
    return harmless(noun, name, value)


def broken_fields(test: RowTest, noun: type, until: datetime, row: Row, unread: Row) -> list[str]:
    """The fields by which a row fails a test."""
    if test.name in UNREAD:
        return [name for name in test.fields if name in unread]
    is_wrong: dict[str, Callable[[str, Any], bool]] = {
        "not_negative": lambda name, value: value < 0,
        "not_future": lambda name, value: bool(is_future(times_of(pd.Series([value])), until)[0]),
        "vocabulary": lambda name, value: value not in set(cast(type[StrEnum], kind_of(noun, name))),
        "no_contact": lambda name, value: is_masked(value),
    }
    if test.name in is_wrong:
        filled = [name for name in test.fields if not pd.isna(row[name])]
        return [name for name in filled if is_wrong[test.name](name, row[name])]
    is_missing = {name: pd.isna(row[name]) or (row[name] == "" and name in IDS) for name in test.fields}
    return [name for name in test.fields if is_missing[name] == (test.name in MISSING)]


def column_of(batch: Batch, name: str) -> str:
    """What the file calls a field, with its name if it was joined; where it has none, as planerka does."""
    return batch.origin.called(name) if batch.origin else name


def rows_at(batch: Batch, positions: Iterable[int]) -> Iterator[tuple[int, dict[str, Any], dict[str, str]]]:
    """Each position with its row, and what stood in the fields of it that could not be read."""
    positions = [int(position) for position in positions]
    if not positions:  # as of most tests: to make a frame of no rows takes longer than the test
        return
    unread: dict[int, dict[str, str]] = {position: {} for position in positions}
    for fault in batch.faults:
        if fault.position in unread:
            unread[fault.position][fault.field] = fault.value
    rows = batch.rows.iloc[positions].astype(object).to_dict("records")
    for position, row in zip(positions, rows, strict=True):
        yield position, row, unread[position]


def as_written(row: Row, name: str) -> Any:
    """A field much as its file writes it: no fraction of a whole number, money in whole units of its currency."""
    value = plain(row[name])
    if isinstance(value, int | float) and name.endswith("_minor") and row.get("currency"):
        value = value / 10 ** get_currency_precision(str(row["currency"]))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def plain(value: Any) -> Any:
    """The value as JSON holds it; missing is None."""
    if pd.isna(value):
        return None
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def harmless(noun: type, name: str, value: Any) -> Any:
    """Text without phones, e-mails and NUL; in the place of a date or a number also without words, for columns slip,
    and a name cannot be told from another word. Ids stay as they are, for a long one would pass for a phone; but one
    that is a phone is none.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    if name == "id" or name.endswith("_id"):
        return None if name in CARD_IDS and is_contact(text) else text
    return masked(text) if issubclass(kind_of(noun, name), str) else quotable(text)
