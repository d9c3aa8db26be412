"""Chunks of text as frames of the model: for each field the column that the mapping names, read by the field's type."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache, partial
from types import UnionType
from typing import Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from planerka.crm import cells
from planerka.crm.base import Batch, Fault, Origin, Sought
from planerka.crm.chunks import distinct
from planerka.crm.date_order import refuse_two_readings
from planerka.crm.mapping_parts import Column, Condition, Plans, Values
from planerka.errors import CrmError, MappingError

ALL_WRONG_N = 10
"""From so many values on, a column of which not one can be read is a wrong mapping, not bad data."""

CARD_IDS = ("id", "lead_id", "client_id", "deal_id", "duplicate_of_id")
"""Numbers of cards: where somebody's phone stands in their place, the number is not known."""

COLLEAGUES = ("manager_id", "actor_id", "agency_id")
"""Those who work with clients. A phone in their place is a client's, for columns slip."""

TEXT = "str"
INSTANT = "datetime64[us, UTC]"
DTYPES = {str: TEXT, int: "float64", float: "float64", bool: "boolean", date: "datetime64[us]", datetime: INSTANT}


@dataclass(frozen=True)
class Rows:
    """Rows of a noun while they are made, and the columns that their fields come from.

    The index of `frame`, as that of the chunks, is the row of the file. `joined`, as in `Origin`, are tables whose
    columns were added. `texts`: the chunk, None where its rows were added up.
    """

    noun: type
    frame: pd.DataFrame
    faults: tuple[Fault, ...] = field(default=())
    file: str = ""
    columns: Dict[str, str] = field(default_factory=dict)
    joined: Dict[str, str] = field(default_factory=dict)
    texts: pd.DataFrame | None = None
    sought: tuple[Sought, ...] = ()

    def where(self, mask: pd.Series) -> "Rows":
        """The rows of a mask, with their faults."""
        position = np.cumsum(mask.to_numpy()) - 1
        kept = [f for f in self.faults if mask.iat[f.position]]
        faults = tuple(replace(f, position=int(position[f.position])) for f in kept)
        return replace(self, frame=self.frame[mask], faults=faults)

    def batch(self) -> Batch:
        """As the port wants them: required whole numbers are int64 where every one is known."""
        whole = [
            f.name for f in fields(self.noun) if kind_of(f.type) == (int, False) and self.frame[f.name].notna().all()
        ]
        rows = self.frame.reset_index(drop=True).astype(dict.fromkeys(whole, "int64"))
        origin = self.origin() if self.file else None
        return Batch(noun=self.noun, rows=rows, faults=self.faults, origin=origin, sought=self.sought)

    def origin(self) -> Origin:
        row_ns = self.frame.index.to_numpy()
        return Origin(file=self.file, row_ns=row_ns, columns=self.columns, joined=self.joined, texts=self.texts)


def kind_of(annotation: Any) -> tuple[type, bool]:
    """The type of a model's field, and whether it may be missing."""
    is_optional = get_origin(annotation) in (Union, UnionType)
    return (next(a for a in get_args(annotation) if a is not type(None)) if is_optional else annotation), is_optional


@cache
def dtypes_of(noun: type) -> Dict[str, str]:
    """The dtype of every field of a noun."""
    kinds = {f.name: kind_of(f.type)[0] for f in fields(noun)}
    return {name: DTYPES[str if issubclass(kind, StrEnum) else kind] for name, kind in kinds.items()}


def unknown(noun: type, index: pd.Index, known: Dict[str, pd.Series] | None = None) -> pd.DataFrame:
    """Rows of which nothing but these columns is known yet: every field of the noun, with its dtype."""
    columns, dtypes = known or {}, dtypes_of(noun)
    missing = {dtype: pd.Series(None, index=index, dtype=dtype) for dtype in set(dtypes.values())}
    return pd.DataFrame({name: columns.get(name, missing[dtype]) for name, dtype in dtypes.items()})


def no_rows(noun: type, sought: tuple[Sought, ...]) -> Rows:
    """What was found out of a file when its last row was read."""
    return Rows(noun, unknown(noun, pd.RangeIndex(0)), sought=sought)


def picked(chunk: pd.DataFrame, column: Column) -> pd.Series:
    """The texts of one field, values mapped; None where the cell is blank."""
    if column.column is None:
        return pd.Series(column.constant, index=chunk.index, dtype=object)
    if not column.values:
        return chunk[column.column]
    return distinct(
        chunk[column.column], lambda texts: np.array([column.values.get(t, t) for t in texts], dtype=object)
    )


def matching(chunk: pd.DataFrame, condition: Condition | None) -> pd.Series:
    """The rows for which a condition is true; all of them without one. A formula that failed is no presence."""
    if condition is None:
        return pd.Series(True, index=chunk.index)
    if condition.column:
        return chunk[condition.column].isin(condition.in_)
    if condition.present:
        return chunk[condition.present].notna() & ~chunk[condition.present].isin(cells.SHEET_ERRORS)
    parts = [matching(chunk, part) for part in condition.all or condition.any]
    return pd.concat(parts, axis=1).all(axis=1) if condition.all else pd.concat(parts, axis=1).any(axis=1)


@dataclass(frozen=True)
class Converter:
    """Reads cells. `zone` is for files without one of their own, `region` for phones without a country code.

    `own_ids` are the channels that the mapping names: one may be called by the company's own phone. `joined`: the files
    that are joined to the leads, by the name that their columns begin with.
    """

    zone: ZoneInfo
    currency: str
    region: str
    own_ids: frozenset[str]
    joined: Dict[str, str] = field(default_factory=dict)

    def rows(self, noun: type, chunk: pd.DataFrame, columns: Dict[str, Column], values: Values) -> Rows:
        """Rows of `noun` from a chunk, one for one; fields without a column are unknown."""
        known: dict[str, pd.Series] = {}
        faults: list[Fault] = []
        for f in fields(noun):
            if f.name in columns:
                known[f.name], found = self.field(f.name, kind_of(f.type)[0], chunk, columns[f.name], values)
                faults += found
        names = {name: column.column for name, column in columns.items() if column.column}
        return Rows(noun, unknown(noun, chunk.index, known), tuple(faults), values.title, names, texts=chunk)

    def field(
        self, name: str, kind: type, chunk: pd.DataFrame, column: Column, values: Values
    ) -> tuple[pd.Series, list[Fault]]:
        """One field of every row, and what could not be read."""
        texts = picked(chunk, column)
        origin = repr(column.column or column.constant)
        if issubclass(kind, date):
            refuse_two_readings(
                f"{values.title}: {origin}", texts, column.formats or values.formats, self.zone_of(values)
            )
        read = self.reader(name, kind, column, values)
        found = distinct(texts, read)
        wrong = np.flatnonzero(found.isna() & texts.notna())
        if name in CARD_IDS:
            refuse_spoilt(f"{values.title}: {origin}", texts.iloc[wrong])
        if len(wrong) >= ALL_WRONG_N and len(wrong) == texts.count():
            what = "a date" if issubclass(kind, date) else name
            remedy = all_wrong(name, kind, column, texts.iat[wrong[0]])
            raise MappingError(f"{self.file_of(column, values)}: no value of {origin} can be read as {what}; {remedy}")
        found = found.astype(TEXT) if found.dtype == object else found
        return found, [Fault(position=int(n), field=name, value=texts.iat[n]) for n in wrong]

    def period(self, chunk: pd.DataFrame, plans: Plans) -> tuple[pd.Series, pd.Series, list[Fault]]:
        """The first and the last day of the period of each row of a plan, and what could not be read."""
        period = plans.period
        if "from_on" in period:
            from_on, wrong_from = self.field("from_on", date, chunk, period["from_on"], plans)
            to_on, wrong_to = self.field("to_on", date, chunk, period["to_on"], plans)
            return from_on, to_on, [*wrong_from, *wrong_to]
        months_n = 3 if "quarter" in period else 1
        year, wrong_year = self.field("year", int, chunk, period["year"], plans)
        part, wrong_part = self.field("part", int, chunk, period.get("quarter") or period["month"], plans)
        first_month = (part - 1) * months_n + 1
        from_on = pd.to_datetime({"year": year, "month": first_month, "day": 1}, errors="coerce").dt.as_unit("us")
        wrong = [replace(fault, field="from_on") for fault in (*wrong_year, *wrong_part)]
        return from_on, from_on + pd.offsets.MonthEnd(months_n), wrong

    def file_of(self, column: Column, values: Values) -> str:
        """The file that has the column, be it joined to the rows."""
        return self.joined.get(str(column.column).partition(".")[0], values.title)

    def zone_of(self, values: Values) -> ZoneInfo:
        return ZoneInfo(values.time_zone) if values.time_zone else self.zone

    def reader(self, name: str, kind: type, column: Column, values: Values) -> cells.Reader:
        formats, zone = column.formats or values.formats, self.zone_of(values)
        if kind is datetime:
            return partial(cells.instants, formats=formats, zone=zone)
        if kind is date:
            return partial(cells.days, formats=formats, zone=zone)
        if name.endswith("_minor"):
            is_said = "decimal_mark" in values.model_fields_set
            return partial(cells.money, decimal_mark=values.decimal_mark, currency=self.currency, is_mark_said=is_said)
        if name.endswith("_s"):
            return partial(cells.seconds, decimal_mark=values.decimal_mark)
        if kind in (int, float):
            return partial(cells.whole_numbers if kind is int else cells.numbers, decimal_mark=values.decimal_mark)
        if kind is bool:
            return cells.answers
        if issubclass(kind, StrEnum):
            return partial(cells.members, kind=kind)
        if name in CARD_IDS:
            return cells.card_ids
        if name == "url":  # the address of a card, whose number would pass for a phone
            return cells.plain
        if name in COLLEAGUES:
            return cells.colleagues
        return partial(cells.masked_texts, own=self.own_ids)


def refuse_spoilt(place: str, texts: pd.Series) -> None:
    """CrmError where a spreadsheet has shortened an id or a phone: what it cut off is in this file no more.

    Of a phone enough is left not to be quoted.
    """
    for row_n, text in texts.items():
        if cells.SPOILT_ID.fullmatch(text):
            short = f"{text[0]}…{text[-4:]}"
            raise CrmError(
                f"{place} in row {row_n} is {short!r}: Excel has shortened a long number and lost its last digits; "
                "export it again, and import it there as text, or do not save it from Excel at all"
            )


def all_wrong(name: str, kind: type, column: Column, example: str) -> str:
    """What to do about a column of which no value can be read; its shape is shown, for it may be a client's phone."""
    remedy = "check the column and the `decimal_mark`"
    if issubclass(kind, date):
        own = f'{{column: {column.column}, formats: ["%d.%m.%Y"]}}'
        remedy = f"give their `formats`, as %d.%m.%Y %H:%M, beside the file, or those of this column alone: {own}"
    if name in CARD_IDS:
        what = "a phone or an e-mail is no id, nor is a number with spaces"
        remedy = f"{what}: name the column with the number in the CRM, or leave it out"
    if issubclass(kind, StrEnum):
        remedy = f"translate them by `values` into {', '.join(kind)}"
    is_nothing = example in cells.SHEET_ERRORS or cells.is_placeholder(example)
    if is_nothing or (issubclass(kind, date) and cells.is_remark(example)):
        remedy = f"if {example!r} stands for nothing, write `blank: [{example!r}]` beside the file"
    return f"they look like {cells.shape(example)!r}: {remedy}"
