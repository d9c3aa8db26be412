"""What a mapping makes of an export, told before anything is stored; and drafts of real exports, corrected."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from flows.cli import app
from planerka.crm.table import TableCrm
from planerka.model import Contract, Lead, Plan
from planerka.preview.drafting import drafted
from planerka.preview.page import preview_page
from planerka.preview.rehearsal import Preview, rehearse
from planerka.preview.tables import headline, tables_of
from planerka.rulebook.kpis import load_catalogue
from planerka.settings import PROJECT
from planerka.words import words_for
from tests.builders_exports import DATA, NOW, crm_of, needs_exports
from tests.unit.test_table_files import write_sqlite

EXAMPLE = dict(
    re.findall(
        r"^```(?:csv|yaml) (\S+)\n(.*?)^```$",
        (PROJECT / "docs" / "your-own-export.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)
AT = datetime(2026, 3, 10, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return laid_out(tmp_path)


def laid_out(folder: Path) -> Path:
    """The example of the manual, with what people do wrong."""
    for name, content in EXAMPLE.items():
        (folder / name).write_text(content, "utf-8")
    append(folder / "leads.csv", "1005;31.02.2026;+7 912 345-67-11;Сайт;Северный;Петров;Думает;;;")
    append(folder / "spend.csv", "03.03.2026;Авито;700")
    return folder


def append(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text('utf-8')}{line}\n", "utf-8")


def table_crm(folder: Path, mapping: Path | None = None, data: Path | None = None) -> TableCrm:
    return TableCrm(
        mapping or folder / "mapping.yaml",
        worklist=folder / "worklist.csv",
        now=lambda: AT,
        folder=data,
        phone_key=b"secret",
    )


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Preview:
    return rehearse(table_crm(laid_out(tmp_path_factory.mktemp("example"))), AT)


def test_the_rows_of_each_file_are_counted(preview):
    expected = {"leads.csv": 5, "contracts.csv": 2, "calls.csv": 3, "spend.csv": 3, "plan.csv": 2}
    assert expected == preview.rows_by_file


TWO_SHEETS = """
source: shop
currency: RUB
time_zone: Europe/Moscow
leads:
  file: crm.xlsx
  sheet: leads
  columns: {id: ID, created_at: Created}
  joins:
    deal: {file: crm.xlsx, sheet: deals, lead_column: ID, key: ID}
  won: {present: deal.Signed}
contracts:
  columns: {signed_at: deal.Signed, unit_kind: {constant: flat}}
"""


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A folder with one workbook: three leads on a sheet, on another a deal whose date is none."""
    sheets = {
        "leads": (("ID", "Created"), ("1", "2026-03-02"), ("2", "2026-03-03"), ("3", "31.02.2026")),
        "deals": (("ID", "Signed"), ("2", "soon"), ("1", "2026-03-05")),
    }
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "crm.xlsx")
    (tmp_path / "mapping.yaml").write_text(TWO_SHEETS, "utf-8")
    return tmp_path


def test_the_sheets_of_a_workbook_are_counted_apart_and_named_in_places(workbook):
    found = rehearse(table_crm(workbook), AT)
    assert {"crm.xlsx, leads": 3, "crm.xlsx, deals": 2} == found.rows_by_file
    checks = {check.key: check.examples for check in found.gate.checks}
    assert ("crm.xlsx, leads:4, Created: '31.02.2026'",) == checks["lead.dates_readable"]


def test_what_the_mapping_does_not_tell_is_no_zero(workbook):
    """No condition says which leads are rejected."""
    words = words_for("en")
    tables = {table.key: table for table in tables_of(rehearse(table_crm(workbook), AT), (), MOSCOW, words)}
    assert ("2026-03", "2", "0", "—", "2") in tables["months"].rows


def test_what_does_not_fit_is_told_with_its_remedy(preview):
    (checks,) = [table for table in tables_of(preview, (), MOSCOW, words_for("ru")) if table.key == "checks"]
    remedy = "→ исправьте, укажите формат в `formats` или добавьте в `blank`, если это означает пустое значение"
    assert ("задержана", remedy) in [(becomes, told.splitlines()[-1]) for _, becomes, told, *_ in checks.rows]


def test_the_number_of_a_row_is_not_cut_off_behind_the_name_of_its_file(workbook, monkeypatch):
    name = f"{'a_long_name_of_an_export' * 3}.xlsx"
    (workbook / "crm.xlsx").rename(workbook / name)
    (workbook / "mapping.yaml").write_text(TWO_SHEETS.replace("crm.xlsx", name), "utf-8")
    monkeypatch.chdir(workbook)
    assert "leads:4," in CliRunner().invoke(app, ["map", "check"]).output


BEGINS_ALIKE = """
source: shop
currency: RUB
time_zone: Europe/Moscow
leads:
  query: SELECT id, created, channel, campaign, project, manager, stage, reason FROM lead
  columns: {id: id, created_at: created}
  joins:
    deal:
      query: SELECT id, created, channel, campaign, project, manager, stage, reason FROM deal
      lead_column: id
      key: id
  won: {present: deal.created}
"""


def test_queries_that_begin_alike_are_counted_apart(tmp_path):
    columns = "(id, created DEFAULT '2026-03-02', channel, campaign, project, manager, stage, reason)"
    making = (f"CREATE TABLE {table} {columns}" for table in ("lead", "deal"))
    filling = (f"INSERT INTO {table} (id) VALUES ('{n}')" for table, n in (("lead", 1), ("lead", 2), ("deal", 1)))
    write_sqlite(tmp_path / "crm.db", *making, *filling)
    (tmp_path / "mapping.yaml").write_text(BEGINS_ALIKE, "utf-8")
    crm = TableCrm(
        tmp_path / "mapping.yaml",
        worklist=tmp_path / "list.csv",
        now=lambda: AT,
        database=f"sqlite:///{tmp_path / 'crm.db'}",
    )
    assert [2, 1] == list(rehearse(crm, AT).rows_by_file.values())


def test_a_cell_that_was_joined_is_told_with_its_own_table(workbook):
    """It stands beside no lead: in the file of the leads nobody would find the column."""
    checks = {check.key: check.examples for check in rehearse(table_crm(workbook), AT).gate.checks}
    assert ("crm.xlsx, leads:3, Signed (crm.xlsx, deals): 'aaaa'",) == checks["contract.dates_readable"]


def test_a_row_that_does_not_fit_is_told_with_its_place(preview):
    (check,) = [check for check in preview.gate.checks if check.key == "lead.dates_readable"]
    assert (1, 1) == (check.failed_n, len(check.examples))
    assert check.examples[0].startswith("leads.csv:6, Дата создания")


def test_amounts_that_cannot_be_read_stop_a_pull_and_say_what_to_check(folder):
    """A figure of them would be too small, and look like any other."""
    rows = "".join(f"ДДУ-{n};1002;06.03.2026;{n}50000,50;41,5;Квартира\n" for n in range(1, 9))
    (folder / "contracts.csv").write_text(f"{EXAMPLE['contracts.csv'].partition(chr(10))[0]}\n{rows}", "utf-8")
    mapping = folder / "mapping.yaml"
    contracts = EXAMPLE["mapping.yaml"].partition("contracts:")[2]
    wrong = contracts.replace('decimal_mark: ","', 'decimal_mark: "."', 1)
    mapping.write_text(EXAMPLE["mapping.yaml"].replace(contracts, wrong), "utf-8")
    found = rehearse(table_crm(folder), AT)
    assert [("contract.amounts_readable", 8, 0)] == [
        (check.key, check.failed_n, check.unknown_n) for check in found.gate.stopped_by
    ]
    (shown,) = [
        row for table in tables_of(found, (), MOSCOW, words_for("en")) for row in table.rows if "amounts" in row[0]
    ]
    assert "→ check the column and the `decimal_mark`" in shown[2]


def conditions_met(preview: Preview) -> list[str]:
    return [line for check in preview.gate.checks if check.key == "lead.conditions_met" for line in check.examples]


def test_a_value_of_a_condition_that_stands_nowhere_is_told_with_those_that_do(folder):
    mapping = folder / "mapping.yaml"
    mapping.write_text(EXAMPLE["mapping.yaml"].replace("in: [Отказ]", "in: [Отказ, Брак]"), "utf-8")
    told = ["no cell of 'Этап' is 'Брак': there are Договор, Думает, Новый, Отказ"]
    assert told == conditions_met(rehearse(table_crm(folder), AT))


def test_a_date_that_does_not_fit_is_told_as_the_file_writes_it(folder):
    """Not in UTC, in which nobody finds it."""
    append(folder / "leads.csv", "1006;31.12.2026 10:00;;Сайт;Северный;Петров;Новый;;;")
    checks = {check.key: check.examples for check in rehearse(table_crm(folder), AT).gate.checks}
    assert ("leads.csv:7, Дата создания: '31.12.2026 10:00'",) == checks["lead.not_future"]


def test_leads_by_month_and_what_became_of_them(preview):
    assert [("2026-03", 1, 2, 1)] == [(f"{m.month:%Y-%m}", m.open_n, m.rejected_n, m.won_n) for m in preview.months]
    assert ("2026-03-02", "2026-03-04") == (str(preview.first_on), str(preview.last_on))


def test_stages_and_reasons_with_their_codes(preview):
    assert {("Новый", "new"), ("Договор", "contract"), ("Отказ", "rejected")} == {
        (s.id, s.code) for s in preview.stages
    }
    assert {("Недозвон", "no_answer"), ("Спам", "spam"), ("", None)} == {(r.id, r.code) for r in preview.reasons}


def test_spend_that_no_lead_has_is_named_and_channels_without_spend(folder):
    append(folder / "leads.csv", "1006;04.03.2026;;Дольщик;Южный;Петров;Новый;;;")
    by_channel = rehearse(table_crm(folder), AT).unmatched[0]
    assert (("Авито",), ("Дольщик",)) == (by_channel.strays, by_channel.bare)


def test_projects_of_the_plan_that_no_lead_has_are_named_and_those_without_a_plan(folder):
    (folder / "plan.csv").write_text("Год;Месяц;ЖК;Договоров;Выручка\n2026;3;Севереый;12;96000000\n", "utf-8")
    mapping = (folder / "mapping.yaml").read_text("utf-8")
    (folder / "mapping.yaml").write_text(mapping.replace("  kpis:\n", "  project_id: ЖК\n  kpis:\n"), "utf-8")
    by_project = rehearse(table_crm(folder), AT).unmatched[2]
    assert (("Севереый",), ("Северный", "Южный")) == (by_project.strays, by_project.bare)


def test_ranges_of_numbers_and_dates(preview):
    price = next(r for r in preview.ranges if (r.noun, r.field) == ("contract", "price_minor"))
    assert (2, 90_000_000, 745_000_000) == (price.filled_n, price.low, price.high)


def test_money_and_areas_have_a_sum_to_hold_against_the_crm(preview):
    found = {f"{one.noun}.{one.field}": one.total for one in preview.ranges if one.total is not None}
    assert 835_000_000 == found["contract.price_minor"]
    assert {"contract.area_m2", "contract.price_minor", "spend.amount_minor"} <= set(found)


def test_planned_figures_have_a_range_by_kpi_for_their_units_differ(preview):
    expected = ["from_on", "to_on", "contracts_n", "revenue_minor"]
    assert expected == [found.field for found in preview.ranges if found.noun == "plan"]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_page_says_it_in_both_languages_and_shows_no_phone(language, preview):
    words = words_for(language)
    tables = tables_of(preview, (), MOSCOW, words)
    page = preview_page(tables, headline(preview, words), preview.source, AT, MOSCOW, words)
    assert words.say("Rows that do not fit") in page
    assert not re.search(r"912|<script|https?://", page)


def test_a_pull_that_would_be_stopped_is_said_so(preview):
    failed = tuple(replace(check, is_passed=False) for check in preview.gate.checks[-1:])
    stopped = replace(preview, gate=replace(preview.gate, checks=failed))
    assert "A pull would be stopped by 1 check" == headline(stopped, words_for("en"))


@pytest.mark.parametrize(
    "held_n, expected",
    [(0, "A pull would hold back no row"), (1, "A pull would hold back 1 row"), (2, "A pull would hold back 2 rows")],
)
def test_the_headline_promises_no_more_than_the_rows_tell(held_n, expected, preview):
    assert expected == headline(replace(preview, quarantined_n=held_n), words_for("en"))


@pytest.fixture
def shell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(folder)
    return CliRunner()


def test_check_prints_tables_within_a_hundred_columns(shell):
    answer = shell.invoke(app, ["map", "check"])
    assert 0 == answer.exit_code, answer.output
    assert 100 >= max(map(len, answer.output.splitlines()))
    assert "A pull would hold back 1 row." in answer.output


def test_a_pull_warns_of_spend_that_no_lead_has_by_name(shell, folder, monkeypatch):
    settings = 'time_zone = "Europe/Moscow"\n[source]\nkind = "table"\nmapping = "mapping.yaml"\n'
    (folder / "planerka.toml").write_text(settings, "utf-8")
    monkeypatch.setenv("PLANERKA_PHONE_KEY", "any long random text will do")
    answer = shell.invoke(app, ["pull", "--as-of", "2026-03-08T00:00:00"])
    assert 0 == answer.exit_code, answer.output
    assert "every channel of the spend has leads or contracts: 1 of 3 do not fit: Авито" in answer.output


def test_check_stores_nothing(shell, folder):
    before = sorted(folder.rglob("*"))
    shell.invoke(app, ["map", "check", "mapping.yaml"])
    assert before == sorted(folder.rglob("*"))


def test_check_prints_json_with_stable_keys(shell):
    found = json.loads(shell.invoke(app, ["map", "check", "--json"]).output)
    assert {"preview", "costs"} == set(found)
    assert 5 == found["preview"]["rows_by_file"]["leads.csv"]


def test_check_writes_a_page(shell, folder):
    shell.invoke(app, ["map", "check", "--page", "page.html"])
    assert "<h1>" in (folder / "page.html").read_text("utf-8")


def test_a_draft_is_written_without_its_verb_and_overwrites_no_mapping(shell, folder):
    answer = shell.invoke(app, ["map", "leads.csv", "calls.csv", "--out", "drafted.yaml"])
    assert 0 == answer.exit_code, answer.output
    assert "leads.csv: taken for leads" in answer.output
    before = (folder / "drafted.yaml").read_bytes()
    again = shell.invoke(app, ["map", "leads.csv", "--out", "drafted.yaml"])
    assert "is there already" in str(again.exception)
    assert before == (folder / "drafted.yaml").read_bytes()


CORRECTED = {
    "marketstar": ("America/Denver", {}),
    "olist": (
        "America/Sao_Paulo",
        {'currency: "?"': "currency: BRL", "contracts:\n": "contracts:\n  time_zone: UTC\n"},
    ),
}
"""What a person must know beside the files: the zone of the dates, in olist the currency and the zone of deals too."""


@needs_exports
@pytest.mark.parametrize("name", CORRECTED)
def test_a_real_export_is_drafted_as_its_mapping_was_written_by_hand(name, tmp_path):
    zone, corrections = CORRECTED[name]
    files = sorted((DATA / name).glob("*.csv"))
    out = tmp_path / "mapping.yaml"
    text = drafted(files, out, zone, load_catalogue(PROJECT / "rulebook" / "kpis.yaml"), None).text
    for blank, said in corrections.items():
        text = text.replace(blank, said)
    out.write_text(text, "utf-8")
    found, expected = rows_of(table_crm(tmp_path, out, DATA / name)), rows_of(crm_of(name, tmp_path))
    for noun, rows in expected.items():
        pd.testing.assert_frame_equal(rows, found[noun], check_dtype=False, obj=noun.__name__)


def rows_of(crm: TableCrm) -> dict[type, pd.DataFrame]:
    """The rows of some nouns, in an order that does not depend on the mapping."""
    (window,) = crm.windows(None, NOW)
    batches = list(crm.read(window))
    return {noun: in_order([batch.rows for batch in batches if batch.noun is noun]) for noun in (Lead, Contract, Plan)}


def in_order(frames: list[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat(frames) if frames else pd.DataFrame()
    return rows.sort_values(list(rows)[:4]).reset_index(drop=True) if len(rows) else rows
