"""A mapping file is right, or its reader is told what to write instead."""

from pathlib import Path

import pytest

from planerka.crm.mapping import Mapping, columns_in, files_in
from planerka.crm.mapping_file import load_mapping
from planerka.errors import MappingError

GOOD = """
source: shop
currency: RUB
time_zone: Europe/Moscow
leads:
  file: leads.csv
  columns: {id: ID, created_at: Created}
  rejected: {column: Stage, in: [NO, 007]}
"""


def mapping_of(text: str, folder: Path) -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(text, "utf-8")
    return load_mapping(path)


def test_scalars_arrive_as_they_were_written(tmp_path):
    assert ("NO", "007") == mapping_of(GOOD, tmp_path).leads.rejected.in_


def test_a_name_alone_stands_for_a_column(tmp_path):
    assert "ID" == mapping_of(GOOD, tmp_path).leads.columns["id"].column


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("source: shop\n", "", ("source", "missing")),
        ("source: shop", "source: Мой магазин", ("source", "pattern")),
        ("source: shop", "source: shop\nsource: two", ("'source' is given twice",)),
        ("currency: RUB", "currency: RUR1", ("currency", "write it as RUB")),
        ("Europe/Moscow", "Moscow", ("time_zone", "'Moscow' is no time zone")),
        ("Europe/Moscow", "Europe/Moscow\ndata_until: soon", ("data_until", "'soon' is no day")),
        ("id: ID, ", "", ("leads.columns", "id is missing")),
        ("id: ID", "id: ID, chanel_id: X", ("leads.columns", "'chanel_id'", "'channel_id'")),
        ("id: ID", "id: {column: ID, constant: 1}", ("leads.columns.id", "either `column` or `constant`")),
        ("id: ID", "id:", ("leads.columns.id",)),
        ("  file: leads.csv", "  file: leads.csv\n  delimeter: ';'", ("leads.delimeter", "no such key")),
        ("  file: leads.csv", "  file: leads.csv\n  encoding: cp9999", ("leads.encoding", "cp1251")),
        ("  file: leads.csv", "  file: leads.csv\n  formats: [DD.MM.YYYY]", ("leads.formats", "%d.%m.%Y")),
        ("in: [NO, 007]", "is: NO", ("leads.rejected.is", "no such key")),
        ("in: [NO, 007]", "in: []", ("leads.rejected", "write one of")),
        ("{column: Stage, in: [NO, 007]}", "{all: [{present: X}], any: [{present: Y}]}", ("leads.rejected", "one of")),
        ("  rejected:", "  dates: {call_out: First call}\n  rejected:", ("leads.dates", "use `events`")),
        ("  rejected:", "  dates: {sold: Sold}\n  rejected:", ("leads.dates.sold",)),
        ("leads:", "contracts:\n  file: c.csv\n  columns: {signed_at: S, unit_kind: U}\nleads:", ("columns.lead_id",)),
        (
            "leads:",
            "events:\n  calls:\n    file: c.csv\n    columns: {lead_id: L, at: T, kind: K}\nleads:",
            ("events.calls.columns", "kind needs `constant` or `values`"),
        ),
        (
            "leads:",
            "events:\n  calls:\n    file: c.csv\n    columns: {lead_id: L, at: T, kind: {constant: call}}\nleads:",
            ("events.calls.columns", "'call' is no event"),
        ),
        (
            "leads:",
            "plan:\n  file: p.parquet\n  header_row: 3\n  period: {year: Y, quarter: Q}\n  kpis: {}\nleads:",
            ("plan", "`header_row` is of a CSV or a workbook"),
        ),
        ("leads:", "plan:\n  file: p.csv\n  period: {year: Y}\n  kpis: {}\nleads:", ("plan.period", "`quarter`")),
    ],
)
def test_a_wrong_key_is_named_with_its_remedy(old, new, words, tmp_path):
    assert old in GOOD
    with pytest.raises(MappingError) as refused:
        mapping_of(GOOD.replace(old, new), tmp_path)
    assert [] == [word for word in words if word not in str(refused.value)]


def test_all_wrong_keys_are_named_at_once(tmp_path):
    with pytest.raises(MappingError) as refused:
        mapping_of(GOOD.replace("RUB", "money").replace("Europe/Moscow", "Mars"), tmp_path)
    assert "currency" in str(refused.value)
    assert "time_zone" in str(refused.value)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list", "a: [", "\x00"])
def test_a_file_that_is_no_mapping_is_refused(text, tmp_path):
    with pytest.raises(MappingError):
        mapping_of(text, tmp_path)


def test_a_missing_mapping_is_refused_by_name(tmp_path):
    with pytest.raises(MappingError, match=r"none\.yaml cannot be read"):
        load_mapping(tmp_path / "none.yaml")


def test_a_mapping_knows_its_columns_and_files(tmp_path):
    mapping = mapping_of(GOOD, tmp_path)
    assert {"ID", "Created", "Stage"} == columns_in(mapping)
    assert {"leads.csv"} == files_in(mapping)
