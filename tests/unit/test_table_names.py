"""What a mapping misspells is told with the file, the name, the nearest one that exists, and what to do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from planerka.crm.names import nearest
from planerka.crm.table import TableCrm
from planerka.errors import MappingError

NOW = datetime(2026, 3, 10, tzinfo=UTC)

MAPPING = """
source: shop
currency: RUB
time_zone: Europe/Moscow
leads:
  file: Лиды.csv
  delimiter: ";"
  formats: ["%d.%m.%Y"]
  columns: {id: ID, created_at: Создан, stage_id: Этап}
  joins: {deal: {file: Сделки.csv, lead_column: ID, key: Лид}}
  rejected: {column: Этап, in: [Отказ, Брак]}
  won: {column: deal.Статус, in: [Подписан]}
events:
  calls:
    file: Звонки.csv
    when: {column: Линия, in: [Отдел продаж]}
    columns: {lead_id: Лид, at: Время, kind: {constant: call_out}}
"""
MANY_DEALS = "Лид,Статус,Дата\n" + "".join(f"{n},Подписан,{n}.1.26\n" for n in range(12))
LEADS = "ID;Создан;Этап\n" + "".join(f"{n};0{n % 9 + 1}.03.2026;Отказ\n" for n in range(12))
DEALS = "Лид,Статус\n1,Подписан\n"
CALLS = "Лид,Время,Линия\n1,2026-03-02,Отдел продаж\n"


def read(folder: Path, mapping: str = MAPPING, leads: str = LEADS, deals: str = DEALS) -> None:
    (folder / "mapping.yaml").write_text(mapping, "utf-8")
    for name, content in {"Лиды": leads, "Сделки": deals, "Звонки": CALLS}.items():
        (folder / f"{name}.csv").write_text(content, "utf-8")
    crm = TableCrm(folder / "mapping.yaml", worklist=folder / "list.csv", now=lambda: NOW)
    (window,) = crm.windows(None, NOW)
    list(crm.read(window))


def test_the_mapping_of_this_page_is_right(tmp_path):
    """A value that has not happened yet, Брак, is no mistake."""
    read(tmp_path)


def test_a_condition_whose_values_are_all_to_come_is_right_if_references_name_one(tmp_path):
    named = MAPPING.replace("[Отказ, Брак]", "[Отказано]") + "references: {stage: {Отказано: {code: rejected}}}\n"
    read(tmp_path, named)


A_LATIN_O = "Oтказ"
A_LATIN_T = "Этaп"


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("created_at: Создан", "created_at: Созданно", ("Лиды.csv lacks", "'Созданно'", "nearest is 'Создан'")),
        ("stage_id: Этап", f"stage_id: {A_LATIN_T}", ("Лиды.csv lacks", "nearest is 'Этап'", "LATIN SMALL LETTER A")),
        ("stage_id: Этап", "stage_id: этап", ("'этап' is not there: the nearest is 'Этап'",)),
        ("deal.Статус", "deal.Cтатус", ("Сделки.csv lacks", "nearest is 'Статус'", "LATIN CAPITAL LETTER C")),
        ("stage_id: Этап", "stage_id: Цена", ("'Цена' is not there: there are ID, Создан, Этап",)),
        ("file: Звонки.csv", "file: Звонок.csv", ("Звонок.csv cannot be read", "nearest is 'Звонки.csv'", "`file`")),
        ('["%d.%m.%Y"]', '["%Y-%m-%d"]', ("Лиды.csv: no value of 'Создан'", "'99.99.9999'", "`formats`, as %d.%m.%Y")),
        ("  delimiter:", "  delimeter:", ("leads.delimeter: there is no such key: the nearest is 'delimiter'",)),
        ("lead_column: ID", "lead_colum: ID", ("leads.joins.deal.lead_colum", "the nearest is 'lead_column'")),
        ("    file: Звонки", "    flie: Звонки", ("events.calls.flie", "the nearest is 'file'")),
        ("{column: Этап, in", "{colunm: Этап, in", ("leads.rejected.colunm", "the nearest is 'column'")),
        ("events:", "references: {stage: {Новый: {code: contacted}}}\nevents:",
         ("references: stage 'Новый' has the code 'contacted': the nearest is 'contact'",)),
        ("currency:", "curency:", ("curency: there is no such key: the nearest is 'currency'",)),
        ("[Отказ, ", f"[{A_LATIN_O}, ", ("'Этап'", "there is 'Отказ'", "LATIN CAPITAL LETTER O", "as it stands")),
        ("[Отказ, ", "[отказ, ", ("no cell of 'Этап' is 'отказ', but there is 'Отказ'",)),
        ("[Отдел продаж]", "[Отдел  продаж]", ("no cell of 'Линия'", "there is 'Отдел продаж'")),
        ("[Отказ, Брак]", "[Отказ., Брак]", ("no cell of 'Этап' is 'Отказ.': the nearest is 'Отказ'", "correct it")),
        ("[Отказ, Брак]", "[Отказано]", ("no cell of 'Этап' is 'Отказано': the nearest is 'Отказ'",)),
        ("[Отдел продаж]", "[Отдел продажи]", ("no cell of 'Линия' is 'Отдел продажи': the nearest is",)),
        ("[Подписан]", "[ПОДПИСАН]", ("no cell of 'deal.Статус'", "there is 'Подписан'")),
    ],
)  # fmt: skip
def test_a_wrong_name_is_told_with_the_nearest_one(old, new, words, tmp_path):
    assert old in MAPPING
    with pytest.raises(MappingError) as refused:
        read(tmp_path, MAPPING.replace(old, new))
    assert [] == [word for word in words if word not in str(refused.value)]


def test_a_date_of_a_joined_file_is_told_with_that_file_and_the_form_of_its_formats(tmp_path):
    with pytest.raises(MappingError) as refused:
        read(tmp_path, MAPPING.replace("events:", "  dates: {qualified: deal.Дата}\nevents:"), deals=MANY_DEALS)
    told = str(refused.value)
    assert told.startswith("Сделки.csv: no value of 'deal.Дата' can be read as a date; they look like '9.9.99'")
    assert '{column: deal.Дата, formats: ["%d.%m.%Y"]}' in told


def test_an_empty_folder_is_told(tmp_path):
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "none").mkdir()
    crm = TableCrm(tmp_path / "mapping.yaml", folder=tmp_path / "none", worklist=tmp_path / "list.csv", now=lambda: NOW)
    with pytest.raises(MappingError, match=r"Звонки\.csv cannot be read .*: there is no table in that folder"):
        list(crm.windows(None, NOW))


def test_a_folder_that_is_not_there_is_told_with_the_key_that_names_it(tmp_path):
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    crm = TableCrm(tmp_path / "mapping.yaml", folder=tmp_path / "none", worklist=tmp_path / "list.csv", now=lambda: NOW)
    words = r"should lie in \S+none, and there is no such folder: correct `folder` under \[source\] of planerka\.toml"
    with pytest.raises(MappingError, match=words):
        list(crm.windows(None, NOW))


@pytest.mark.parametrize(
    "name, known, expected",
    [
        ("Дата\u00a0создания", ["Дата создания"], "the nearest is 'Дата создания', which only looks the same: "
         "character 5 is NO-BREAK SPACE here and SPACE there"),
        ("Расчет", ["Расчёт"], "the nearest is 'Расчёт', which only looks the same: "
         "character 5 is CYRILLIC SMALL LETTER IE here and CYRILLIC SMALL LETTER IO there"),
        ("id", ["ID", "Создан"], "the nearest is 'ID'"),
        ("chanel_id", ["channel_id", "id"], "the nearest is 'channel_id'"),
        ("x", ["ID", "Создан"], "there are ID, Создан"),
    ],
)  # fmt: skip
def test_two_names_that_look_the_same_are_told_apart(name, known, expected):
    assert expected == nearest(name, known)
