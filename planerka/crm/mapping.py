"""The mapping file: how to read a company's own export, or the account of a company in a CRM."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.numbers import is_currency
from pydantic import BaseModel, Field, field_validator, model_validator

from planerka.crm.mapping_parts import (
    Contracts,
    Events,
    Join,
    Layout,
    LeadFields,
    Leads,
    Name,
    Plans,
    Spending,
    Strict,
    Zone,
)
from planerka.crm.names import nearest
from planerka.model import ReferenceKind

STAGE_CODES = ("new", "contact", "qualified", "meeting", "booking", "contract", "rejected")
"""The steps of the funnel. The codes of reasons are those of a regulation, of which a mapping knows nothing."""


class AnyMapping(Strict):
    """What the mapping of every kind of source says."""

    source: str = Field(pattern=r"^[a-z0-9_-]+$")
    currency: str
    time_zone: Zone
    phone_region: str = Field(default="RU", pattern="^[A-Z]{2}$")
    folder: Path = Path(".")
    contracts: Contracts | None = None
    spend: Spending | None = None
    plan: Plans | None = None
    references: dict[ReferenceKind, dict[str, Name]] = Field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @field_validator("currency")
    @classmethod
    def currency_must_exist(cls, code: str) -> str:
        if not is_currency(code):
            raise ValueError(f"{code!r} is no ISO 4217 code: write it as RUB")
        return code

    @field_validator("references")
    @classmethod
    def stages_are_steps(cls, references: dict[ReferenceKind, dict[str, Name]]) -> dict[ReferenceKind, dict[str, Name]]:
        for stage, name in references.get(ReferenceKind.STAGE, {}).items():
            if name.code and name.code not in STAGE_CODES:
                raise ValueError(f"stage {stage!r} has the code {name.code!r}: {nearest(name.code, STAGE_CODES)}")
        return references


class Mapping(AnyMapping):
    """How to read an export."""

    data_until: date | Literal["from the data"] = "from the data"
    leads: Leads
    events: dict[str, Events] = Field(default_factory=dict)

    @model_validator(mode="after")
    def rows_have_one_mark(self) -> "Mapping":
        leads, contracts = self.leads, self.contracts
        in_leads = contracts is not None and not contracts.is_there and contracts.decimal_mark != leads.decimal_mark
        if in_leads and any(table.is_typed for table in (leads, *leads.joins.values())):
            raise ValueError("contracts without a table of their own need the `decimal_mark` of the leads: correct it")
        return self

    @field_validator("data_until", mode="before")
    @classmethod
    def a_day_or_the_data(cls, text: str) -> date | str:
        try:
            return text if text == "from the data" else datetime.strptime(text, "%Y-%m-%d").date()
        except ValueError:
            raise ValueError(f"{text!r} is no day: write it as 2026-03-31, or 'from the data'") from None


class AccountMapping(AnyMapping):
    """How to read an account of a CRM.

    `columns` name fields of its cards: its own by their technical name, a company's by their id. What the CRM knows
    by itself (ids, times, managers, stages) needs no column. `pipelines` are those of sales; None: all of them.
    """

    leads: LeadFields = LeadFields()
    pipelines: tuple[str, ...] | None = None


def columns_in(part: Any) -> set[str]:
    """The names of the columns that a part of the mapping, or a tuple of parts, reads."""
    if isinstance(part, Join):
        return {part.lead_column}
    if isinstance(part, BaseModel):
        named = {name for name in (getattr(part, "column", None), getattr(part, "present", None)) if name}
        return named | columns_in(tuple(vars(part).values()))
    members = part.values() if isinstance(part, dict) else part if isinstance(part, tuple | list) else ()
    return set().union(*map(columns_in, members))


def tables_in(part: Any) -> list["Layout"]:
    """The parts of a part of the mapping that have a table of their own."""
    if isinstance(part, BaseModel):
        own = [part] if isinstance(part, Layout) and part.is_there else []
        return own + tables_in(tuple(vars(part).values()))
    members = part.values() if isinstance(part, dict) else part if isinstance(part, tuple) else ()
    return [table for member in members for table in tables_in(member)]


def files_in(part: Any) -> set[str]:
    """The names of the files of a part of the mapping."""
    return {table.file for table in tables_in(part) if table.file}


def queries_in(part: Any) -> set[str]:
    """The queries of a part of the mapping."""
    return {table.query for table in tables_in(part) if table.query}
