"""The parts of a mapping file. docs/your-own-export.md explains every key.

Keys of `columns` are the fields of the model, so that a mapping speaks of the same things as the rest of planerka.
Every scalar of the YAML is text: `007`, `TRUE` and 2022-01-05 arrive as they were written.
"""

import codecs
from dataclasses import fields
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from planerka.crm.names import nearest
from planerka.model import Contract, Event, EventKind, Lead, Rejection, Spend

ISO_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")

WORKBOOKS, PARQUET = (".xlsx", ".xlsm"), ".parquet"
"""Endings of files whose cells have types; any other file is a CSV."""

LISTED_KINDS = tuple(kind for kind in EventKind if kind != "created" and not kind.startswith("contract_"))
"""What a file of events may hold; leads and contracts make the others."""

DATED_KINDS = tuple(
    kind
    for kind in LISTED_KINDS
    if not kind.startswith(("call_", "message_")) and kind not in ("task_set", "stage_changed")
)
"""What may be a date in a lead's row. The others happen many times: one date would hide the rest of the calls."""


def with_a_year(formats: tuple[str, ...]) -> tuple[str, ...]:
    for text in formats:
        if "%Y" not in text and "%y" not in text:
            raise ValueError(f"{text!r} is no date format: write it as %d.%m.%Y %H:%M")
    return formats


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Strict):
    """Where a field comes from: a column of the file (in short, its name), or one constant for every row."""

    column: str | None = Field(default=None, min_length=1)
    constant: str | None = Field(default=None, min_length=1)
    values: dict[str, str] = {}
    formats: Annotated[tuple[str, ...], AfterValidator(with_a_year)] = ()

    @model_validator(mode="before")
    @classmethod
    def from_its_name(cls, raw: Any) -> Any:
        return {"column": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def one_origin(self) -> "Column":
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column` or `constant`")
        return self


class Condition(Strict):
    """Which rows: one of `column` + `in`, `present`, `all`, `any`."""

    column: str | None = None
    in_: tuple[str, ...] = Field(default=(), alias="in")
    present: str | None = None
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()

    @model_validator(mode="after")
    def one_form(self) -> "Condition":
        forms = [self.column and self.in_, self.present, self.all, self.any]
        if sum(map(bool, forms)) != 1 or bool(self.column) != bool(self.in_):
            raise ValueError("write one of {column: …, in: [...]}, {present: …}, {all: [...]}, {any: [...]}")
        return self


class FieldNames:
    """The keys that the `columns` of a noun may and must have."""

    def __init__(self, noun: type, *, required: str, without: str = "", extra: str = "") -> None:
        self.required = tuple(required.split())
        self.allowed = (*(f.name for f in fields(noun) if f.name not in without.split()), *extra.split())

    def check(self, columns: dict[str, Column]) -> dict[str, Column]:
        for name in columns:
            if name not in self.allowed:
                raise ValueError(f"{name!r} is no field: {nearest(name, self.allowed)}")
        if missing := [name for name in self.required if name not in columns]:
            raise ValueError(f"{', '.join(missing)} is missing: name the column that holds it")
        return columns


LEAD = FieldNames(Lead, required="id created_at", without="status phone_is_valid", extra="phone updated_at")
CARD = FieldNames(Lead, required="", without="id created_at stage_id status phone_is_valid url", extra="phone")
REJECTION = FieldNames(Rejection, required="", without="id lead_id")
CONTRACT = FieldNames(Contract, required="signed_at unit_kind", without="currency")
EVENT = FieldNames(Event, required="lead_id kind at")
SPEND = FieldNames(Spend, required="spent_on channel_id amount_minor", without="currency")
PERIODS = ({"year", "quarter"}, {"year", "month"}, {"from_on", "to_on"})


def existing_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone: write it as Europe/Moscow") from None
    return name


Zone = Annotated[str, AfterValidator(existing_zone)]


class Layout(Strict):
    """Where a table is, a file or what a query gives, and how it is written."""

    file: str = ""
    query: str = ""
    sheet: str | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    header_row: int = Field(default=1, ge=1)
    blank: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What errors call the table: the file and its sheet, the query by its beginning, or with neither the CRM."""
        if self.file:
            return f"{self.file}, {self.sheet}" if self.sheet else self.file
        return f"query {' '.join(self.query.split())[:60]!r}" if self.query else "the CRM"

    @property
    def is_there(self) -> bool:
        return bool(self.file or self.query)

    @property
    def is_typed(self) -> bool:
        """Whether the table knows numbers as numbers, which become texts with the mark that the mapping names."""
        return bool(self.query) or self.file.lower().endswith((*WORKBOOKS, PARQUET))

    @model_validator(mode="after")
    def one_place(self) -> "Layout":
        if self.file and self.query:
            raise ValueError("give either `file` or `query`")
        if self.header_row > 1 and (self.query or self.file.lower().endswith(PARQUET)):
            raise ValueError("`header_row` is of a CSV or a workbook: a Parquet and a query name their own columns")
        return self

    @field_validator("encoding")
    @classmethod
    def encoding_must_exist(cls, name: str) -> str:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError(f"{name!r} is no encoding: use utf-8 or cp1251") from None
        return name


class Values(Layout):
    """How the values in it are written."""

    formats: Annotated[tuple[str, ...], AfterValidator(with_a_year)] = ISO_FORMATS
    decimal_mark: Literal[".", ","] = "."
    time_zone: Zone | None = None


class Placed(Layout):
    """A part of the mapping that cannot do without a table of its own."""

    @model_validator(mode="after")
    def some_place(self) -> "Placed":
        if not self.is_there:
            raise ValueError("`file` is missing: name the file, or give a `query`")
        return self


class Join(Placed):
    """A table whose columns are added to a lead's row as `<name>.<column>`: one row a key."""

    lead_column: str
    key: str


class Moment(Strict):
    """When something happened to a lead (in short, the column): an event where `at` is filled and `when` holds."""

    at: Column
    when: Condition | None = None
    manager_id: Column | None = None
    due_at: Column | None = None

    @model_validator(mode="before")
    @classmethod
    def from_its_column(cls, raw: Any) -> Any:
        return {"at": raw} if isinstance(raw, str) else raw


class LeadFields(Values):
    """What a row or a card says of its lead, and of what happened to it."""

    columns: Annotated[dict[str, Column], AfterValidator(CARD.check)] = {}
    rejected: Condition | None = None
    won: Condition | None = None
    dates: dict[EventKind, Moment] = {}
    rejection: Annotated[dict[str, Column], AfterValidator(REJECTION.check)] = {}

    @field_validator("dates")
    @classmethod
    def dates_happen_once(cls, dates: dict[EventKind, Moment]) -> dict[EventKind, Moment]:
        for kind in dates:
            if kind not in DATED_KINDS:
                raise ValueError(f"{kind} has no single date: use `events` or `contracts`, or {', '.join(DATED_KINDS)}")
        return dates


class Leads(LeadFields, Placed):
    """One row, one lead."""

    columns: Annotated[dict[str, Column], AfterValidator(LEAD.check)]
    joins: dict[str, Join] = {}


class Contracts(Values):
    """One row, one contract: of a table of its own, or without one the leads' rows with what was joined to them."""

    columns: Annotated[dict[str, Column], AfterValidator(CONTRACT.check)]
    when: Condition | None = None

    @model_validator(mode="after")
    def own_table_names_the_lead(self) -> "Contracts":
        if self.is_there != ("lead_id" in self.columns):
            raise ValueError(
                "`file` and `columns.lead_id` go together: a table of its own must say whose contract it is"
            )
        return self


class Events(Values, Placed):
    """One row, one event: a call, a message, a task, a change of stage."""

    columns: Annotated[dict[str, Column], AfterValidator(EVENT.check)]
    when: Condition | None = None

    @property
    def kinds(self) -> frozenset[EventKind]:
        kind = self.columns["kind"]
        return frozenset(EventKind(text) for text in ([kind.constant] if kind.constant else kind.values.values()))

    @field_validator("columns")
    @classmethod
    def kinds_are_known_beforehand(cls, columns: dict[str, Column]) -> dict[str, Column]:
        kind = columns["kind"]
        texts = [kind.constant] if kind.constant else list(kind.values.values())
        if not texts:
            raise ValueError("kind needs `constant` or `values`: planerka must know what this file can hold")
        for text in texts:
            if text not in LISTED_KINDS:
                raise ValueError(f"kind {text!r} is no event of a file of events: {nearest(text, LISTED_KINDS)}")
        return columns


class Spending(Values, Placed):
    """What was spent, by local day; rows of one day and channel are added up."""

    columns: Annotated[dict[str, Column], AfterValidator(SPEND.check)]


def one_form_of_period(period: dict[str, Column]) -> dict[str, Column]:
    if set(period) not in PERIODS:
        raise ValueError("write `year` with `quarter`, `year` with `month`, or `from_on` with `to_on`")
    return period


class Plans(Values, Placed):
    """The plan, one row a period; each KPI has its column, and a blank cell is no plan."""

    period: Annotated[dict[str, Column], AfterValidator(one_form_of_period)]
    project_id: Column | None = None
    kpis: dict[str, Column]


class Name(Strict):
    """What an id is called (in short, its title); `code` is what a stage or a reason means to planerka."""

    title: str | None = None
    code: str | None = None

    @model_validator(mode="before")
    @classmethod
    def from_its_title(cls, raw: Any) -> Any:
        return {"title": raw} if isinstance(raw, str) else raw
