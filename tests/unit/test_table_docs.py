"""docs/your-own-export.md is all that a newcomer has: its example works, and it explains every key."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from pydantic import BaseModel

from planerka.crm import mapping_parts as schema
from planerka.crm.base import Batch
from planerka.crm.mapping import Mapping
from planerka.crm.table import TableCrm
from planerka.model import Contract, Event, Lead, Plan, Reference, Rejection, Spend

PAGE = (Path(__file__).parents[2] / "docs" / "your-own-export.md").read_text("utf-8")
NOW = datetime(2026, 3, 10, tzinfo=UTC)

SECTIONS = {
    "A column": schema.Column,
    "A condition": schema.Condition,
    "How a file is written": schema.Values,
    "The mapping file": Mapping,
    "`leads`": schema.Leads,
    "`leads.columns`": schema.LEAD,
    "`leads.joins`": schema.Join,
    "`leads.dates`": schema.Moment,
    "`leads.rejection`": schema.REJECTION,
    "`contracts`": schema.Contracts,
    "`contracts.columns`": schema.CONTRACT,
    "`events`": schema.Events,
    "`events.columns`": schema.EVENT,
    "`spend`": schema.Spending,
    "`spend.columns`": schema.SPEND,
    "`plan`": schema.Plans,
    "`plan.period`": {key for period in schema.PERIODS for key in period},
    "`references`": schema.Name,
}


def keys_of(part: Any) -> set[str]:
    """The keys of a part of the schema; where its rows are, and how they are written, is explained once."""
    if isinstance(part, schema.FieldNames):
        return set(part.allowed)
    if isinstance(part, set):
        return part
    names = {field.alias or name for name, field in part.model_fields.items()}
    is_written_in_a_file = issubclass(part, schema.Layout) and part is not schema.Values
    return names - set(schema.Values.model_fields) if is_written_in_a_file else names


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_is_explained_and_every_explained_key_exists(title):
    assert keys_of(SECTIONS[title]) == set(re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE))


def test_no_part_of_the_schema_is_left_out():
    parts = {part for part in SECTIONS.values() if isinstance(part, type)}
    assert models_in(Mapping) == parts - {schema.Values} | {Mapping}


def models_in(annotation: Any) -> set[type[BaseModel]]:
    """The models that the type of a key leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = [f.annotation for name, f in annotation.model_fields.items() if annotation is not schema.Condition]
        return {annotation}.union(*map(models_in, inner))
    return set().union(*map(models_in, get_args(annotation)))


@pytest.mark.parametrize("kind", schema.DATED_KINDS)
def test_every_date_of_a_lead_is_named(kind):
    assert f"`{kind}`" in section("`leads.dates`")


@pytest.mark.parametrize("kind", sorted(set(schema.LISTED_KINDS) - set(schema.DATED_KINDS)))
def test_every_kind_of_a_file_of_events_is_named(kind):
    assert f"`{kind}`" in section("`events.columns`")


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Batch]:
    """The example of the page, read as its reader would have it read."""
    tmp_path = tmp_path_factory.mktemp("export")
    for name, content in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(content, "utf-8")
    crm = TableCrm(tmp_path / "mapping.yaml", worklist=tmp_path / "list.csv", now=lambda: NOW, phone_key=b"secret")
    (window,) = crm.windows(None, NOW)
    return list(crm.read(window))


def rows(batches: list[Batch], noun: type, *names: str) -> list[tuple[Any, ...]]:
    frame = pd.concat([batch.rows for batch in batches if batch.noun is noun])[list(names)].astype(object)
    return list(frame.where(frame.notna(), None).itertuples(index=False, name=None))


def test_the_example_is_read_without_a_fault(batches):
    assert [] == [fault for batch in batches for fault in batch.faults]


def test_the_leads_of_the_example(batches):
    assert [
        ("1001", "Сайт", "rejected", "Недозвон", True),
        ("1002", "ЦИАН", "won", None, True),
        ("1003", "Сайт", "open", None, False),
        ("1004", None, "rejected", "Спам", None),
    ] == rows(batches, Lead, "id", "channel_id", "status", "reason_id", "phone_is_valid")


def test_the_events_of_the_example(batches):
    assert [
        ("1001:created", "2026-03-02 07:05", None),
        ("1002:created", "2026-03-02 08:40", None),
        ("1003:created", "2026-03-02 21:00", None),
        ("1004:created", "2026-03-04 06:12", None),
        ("1001:rejected", "2026-03-05 15:00", "Недозвон"),
        ("1004:rejected", "2026-03-04 06:30", "Спам"),
        ("ДДУ-17:contract_signed", "2026-03-05 21:00", None),
        ("ДДУ-18:contract_signed", "2026-03-05 21:00", None),
        ("calls:c1", "2026-03-02 07:09", None),
        ("calls:c2", "2026-03-02 08:40", None),
    ] == [(i, f"{at:%Y-%m-%d %H:%M}", reason) for i, at, reason in rows(batches, Event, "id", "at", "reason_id")]


def test_the_card_of_the_example_shows_no_phone(batches):
    assert [("1001:rejected", "звонила по ***"), ("1004:rejected", None)] == rows(batches, Rejection, "id", "comment")


def test_the_money_of_the_example_is_in_kopecks(batches):
    assert [("flat", 745_000_000, 41.5), ("parking", 90_000_000, 14)] == rows(
        batches, Contract, "unit_kind", "price_minor", "area_m2"
    )
    assert [("Сайт", 1_250_050), ("ЦИАН", 800_000)] == rows(batches, Spend, "channel_id", "amount_minor")


def test_the_plan_of_the_example_has_no_row_for_a_blank_cell(batches):
    plan = [
        (kpi, f"{from_on:%m-%d}", f"{to_on:%m-%d}", n)
        for kpi, from_on, to_on, n in rows(batches, Plan, "kpi", "from_on", "to_on", "value")
    ]
    assert [
        ("contracts_n", "03-01", "03-31", 12),
        ("revenue_minor", "03-01", "03-31", 9_600_000_000),
        ("revenue_minor", "04-01", "04-30", 9_800_000_000),
    ] == plan


def test_stages_and_reasons_of_the_example_have_codes(batches):
    coded = {r for r in rows(batches, Reference, "kind", "id", "code") if r[0] in ("stage", "reason")}
    assert {
        ("stage", "Новый", "new"),
        ("stage", "Договор", "contract"),
        ("stage", "Отказ", "rejected"),
        ("reason", "Недозвон", "no_answer"),
        ("reason", "Спам", "spam"),
    } == coded
