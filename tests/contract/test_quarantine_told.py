"""Rows of an export that do not fit, as the command line tells of them: file, row, column, value, remedy; no client."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app

SETTINGS = """
company = "Северный берег"
time_zone = "Europe/Moscow"
[source]
kind = "table"
mapping = "mapping.yaml"
"""
MAPPING = """
source: shop
currency: RUB
time_zone: Europe/Moscow
leads:
  file: leads.csv
  delimiter: ";"
  formats: ["%d.%m.%Y"]
  columns: {id: ID, created_at: Создан, stage_id: Этап, reason_id: Причина, channel_id: Источник}
  rejected: {column: Этап, in: [Отказ]}
  won: {column: Этап, in: [Договор]}
  dates:
    rejected: Дата отказа
  rejection: {budget_minor: Бюджет}
references:
  stage: {Новый: {code: new}, Отказ: {code: rejected}, Договор: {code: contract}}
  reason: {Спам: {code: spam}}
"""
LEADS = """\
ID;Создан;Этап;Причина;Источник;Дата отказа;Бюджет
1;02.03.2026;Новый;;B1;;
2;31.02.2026;Новый;;B1;;
3;Петрова Анна;Новый;;B1;;
4;03.03.2026;Новый;;B1;;
5;03.03.2026;Отказ;Спам;B1;04.03.2026;€ 5
6;Select;Новый;;B1;;
7;03.03.2026;Отказ;Спам;B1;01.03.2026;
8;03.03.2026;Отказ;Шум;B1;04.03.2026;
4;04.03.2026;Новый;;B1;;
9;03.03.2026;Договор;Спам;В1;;
1;02.03.2026;Новый;;B1;;
"""

FINDINGS = {
    "2": ("Leads: dates can be read: Создан is '31.02.2026': ", 3),
    "3": ("Leads: dates can be read: Создан is 'aaaaaaa aaaa': ", 4),
    "4": ("Leads: no key has two different rows: ID is '4': give each its own id", "5 and 10"),
    "6": ("Leads: dates can be read: Создан is 'Select': write `blank: ['Select']` in the mapping", 7),
    "7:rejected": ("Events: no rejection before the enquiry: Дата отказа is '01.03.2026': ", 8),
    "8:rejected": ("Events: the rejection reason is in the mapping: Причина is 'Шум': give it a code under", 9),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the export, its mapping and the settings."""
    folder = tmp_path_factory.mktemp("shop")
    for name, content in {"planerka.toml": SETTINGS, "mapping.yaml": MAPPING, "leads.csv": LEADS}.items():
        (folder / name).write_text(content, "utf-8")
    return folder


@pytest.fixture(scope="module")
def report(company: Path) -> str:
    """What the first pull says; the last days of the export are no week, and so close the gate."""
    return planerka(company, "pull", "--as-of", "2026-03-05T12:00:00")


def planerka(folder: Path, *arguments: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return CliRunner().invoke(app, arguments).output


def test_the_list_says_where_each_row_stands_what_is_wrong_and_what_to_do(company, report):
    told = planerka(company, "quarantine", "list")
    expected = [f", leads.csv row {row_n}\n       {words}" for words, row_n in FINDINGS.values()]
    assert [] == [line for line in expected if line not in told]


def test_the_json_has_the_same_as_fields(company, report):
    rows = {row["row_key"]: row for row in json.loads(planerka(company, "quarantine", "list", "--json"))}
    place = {"file": "leads.csv", "row_ns": [3], "columns": {"created_at": "Создан"}}
    assert place | {"cells": {"created_at": "31.02.2026"}} == rows["2"]["place"]
    (found,) = rows["2"]["findings"]
    assert ("lead.dates_readable", {"Создан": "31.02.2026"}) == (found["test"], found["cells"])


@pytest.mark.parametrize(
    "line",
    [
        "Leads: dates can be read: 3 of 11 do not fit",
        "  leads.csv:3, Создан: '31.02.2026'",
        "Leads: no key has two different rows: 2 of 11 do not fit",
        "Leads: a lead that is won has no rejection reason: 1 of 11 do not fit",
        "  leads.csv:11, status: 'won', Причина: 'Спам'",
        "Rejection cards: other values can be read: 1 of 3 do not fit",
        "  leads.csv:6, Бюджет: '€ 5'",
        "References: nothing is written in two ways: 2 of",
    ],
)
def test_the_pull_says_what_did_not_fit_with_examples(report, line):
    """Rows that were stored all the same too: their field is unknown, or a person should look."""
    assert f"  {line}" in report


def test_nobody_is_named(company, report):
    assert [] == [said for said in (report, planerka(company, "quarantine", "list", "--json")) if "Петрова" in said]
