"""A drafted mapping: what it recognises, what it asks, and what it never shows."""

import csv
import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from openpyxl import Workbook

from planerka.crm import mapping as schema
from planerka.crm.drafting.draft import Draft
from planerka.crm.drafting.matching import code_of, fit
from planerka.crm.drafting.vocabulary import CALL_KINDS, ENQUIRIES, OUTCOMES, REASON_CODES, STAGE_CODES, UNIT_KINDS
from planerka.crm.mapping import files_in
from planerka.crm.mapping_file import TextLoader, load_mapping
from planerka.crm.table import TableCrm
from planerka.errors import CrmError, MappingError, SettingsError
from planerka.phones import masked
from planerka.preview.drafting import STAND_INS, drafted
from planerka.rulebook.kpis import load_catalogue
from planerka.settings import PROJECT
from tests.unit.test_table_files import write_sqlite

PAGE = (PROJECT / "docs" / "your-own-export.md").read_text("utf-8")
EXAMPLE = dict(re.findall(r"^```(?:csv|yaml) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
NOW = datetime(2026, 3, 10, tzinfo=UTC)
KPIS = load_catalogue(PROJECT / "rulebook" / "kpis.yaml")


def draft(folder: Path, zone: str | None = "Europe/Moscow", **files: str) -> Draft:
    """The draft for files of these names and contents."""
    paths = [folder / f"{name}.csv" for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_text(content, "utf-8")
    found = drafted(paths, folder / "mapping.yaml", zone, KPIS, None)
    (folder / "mapping.yaml").write_text(found.text, "utf-8")
    return found


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    draft(folder, **{name.removesuffix(".csv"): text for name, text in EXAMPLE.items() if name.endswith(".csv")})
    return folder / "mapping.yaml"


@pytest.mark.parametrize("part", ["leads", "contracts", "events", "spend", "plan", "references", "currency"])
def test_the_example_of_the_manual_is_drafted_as_a_person_wrote_it(part, example):
    """But for what no file tells: values that do not occur, and who owned a lead on the day of its rejection."""
    (example.parent / "by_hand.yaml").write_text(EXAMPLE["mapping.yaml"], "utf-8")
    by_hand = load_mapping(example.parent / "by_hand.yaml").model_dump(mode="json")[part]
    found = load_mapping(example).model_dump(mode="json")[part]
    if part == "leads":
        by_hand["dates"]["rejected"]["manager_id"] = None
    if part == "contracts":
        del by_hand["columns"]["unit_kind"]["values"]["Кладовая"]
    if part == "events":
        del by_hand["calls"]["columns"]["outcome"]["values"]["не обслуживается"]
    assert by_hand == found


LEADS = """\
ID,Created,Stage,Source,Client name,E-mail,Mobile,Contact
1,2026-03-01,New,Web,Anna Petrova,anna@example.com,+7 912 345-67-89,Anna
2,2026-03-02,Lost,Web,Boris Orlov,boris@example.com,+7 912 345-67-80,Boris
"""


@pytest.mark.parametrize("secret", ["Anna", "Boris", "example.com", "912"])
def test_nothing_of_a_client_is_in_the_draft(secret, tmp_path):
    assert secret not in draft(tmp_path, leads=LEADS).text


def test_a_phone_in_a_stage_is_masked_in_the_draft_as_in_a_pull(tmp_path):
    leads = (
        LEADS + "3,2026-03-03,Lost: call +7 912 345-67-81,Web,,,,\n4,2026-03-03,Lost: call +7 912 345-67-82,Web,,,,\n"
    )
    text = draft(tmp_path, leads=leads).text
    assert "912" not in text
    (told,) = [
        title for title in yaml.load(text, Loader=TextLoader)["references"]["stage"] if title.startswith("Lost: call")
    ]
    assert masked("Lost: call +7 912 345-67-81") == told


def test_a_file_without_a_header_is_refused_and_not_quoted(tmp_path):
    with pytest.raises(CrmError, match=r"^leads\.csv: row 1 looks like a row, not like .*: write a header above it$"):
        draft(tmp_path, leads="1001,02.03.2026,Иванов Пётр\n1002,03.03.2026,Орлов Борис\n")


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_title_above_the_header_is_recognised(ending, tmp_path):
    """And the draft can be read as it is, but for the currency."""
    lines = [["Отчёт по лидам, ноябрь 2026"], [], *csv.reader(StringIO(LEADS))]
    path = tmp_path / f"leads{ending}"
    if ending == ".xlsx":
        merged = Workbook()
        for row in lines:
            merged.worksheets[0].append(row)
        merged.worksheets[0].merge_cells("A1:H1")
        merged.save(path)
    else:
        path.write_text("".join(f"{';'.join(row)}\n" for row in lines), "utf-8")
    text = drafted([path], tmp_path / "mapping.yaml", "Europe/Moscow", KPIS, None).text
    assert "header_row: 3  # what stands above it looks like a title" in text
    (tmp_path / "mapping.yaml").write_text(text.replace('currency: "?"', "currency: RUB"), "utf-8")
    crm = TableCrm(tmp_path / "mapping.yaml", worklist=tmp_path / "w.csv", now=lambda: NOW, phone_key=b"secret")
    assert ["1", "2"] == list(crm.lead_ids())


def test_tables_of_a_database_are_drafted_as_queries(tmp_path):
    """The url is a secret, and no part of the draft."""
    write_sqlite(
        tmp_path / "crm.db",
        "CREATE TABLE crm_lead (id, created_at, stage)",
        "INSERT INTO crm_lead VALUES (1, '2026-03-01', 'new')",
        'CREATE TABLE "Deal" (lead_id, signed_at, price)',
        "INSERT INTO \"Deal\" VALUES (1, '2026-03-05', 7450000.5)",
    )
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    out = tmp_path / "mapping.yaml"
    found = drafted([], out, "Europe/Moscow", KPIS, None, tables=["crm_lead", "Deal"], database=url)
    assert url not in found.text
    out.write_text(found.text.replace('currency: "?"', "currency: RUB"), "utf-8")
    leads = load_mapping(out).leads
    assert ("SELECT * FROM crm_lead", 'SELECT * FROM "Deal"') == (leads.query, leads.joins["deal"].query)
    crm = TableCrm(out, worklist=tmp_path / "w.csv", now=lambda: NOW, database=url)
    assert ["1"] == list(crm.lead_ids())


def test_tables_of_a_schema_are_called_as_they_are_and_may_stand_beside_files(tmp_path):
    """Two tables of one schema are not called by it: the names become part of the ids of events."""
    write_sqlite(
        tmp_path / "crm.db",
        "CREATE TABLE calls (id, lead_id, called_at, duration)",
        "INSERT INTO calls VALUES ('C1', '1', '2026-03-01 10:00:00', 60)",
        "CREATE TABLE messages (id, lead_id, sent_at, direction)",
        "INSERT INTO messages VALUES ('M1', '1', '2026-03-01 11:00:00', 'out')",
    )
    (tmp_path / "leads.csv").write_text("id,created_at,stage\n1,2026-03-01,new\n", "utf-8")
    tables = {"tables": ["main.calls", "main.messages"], "database": f"sqlite:///{tmp_path / 'crm.db'}"}
    found = drafted([tmp_path / "leads.csv"], tmp_path / "mapping.yaml", "Europe/Moscow", KPIS, None, **tables)
    for line in (
        "  file: leads.csv  # 1 rows",
        "  calls:",
        '    query: "SELECT * FROM main.calls"  # 1 rows',
        "  messages:",
    ):
        assert line in found.text.splitlines()


def test_a_database_that_is_not_asked_for_is_not_looked_at(tmp_path):
    (tmp_path / "leads.csv").write_text("id,created_at,stage\n1,2026-03-01,new\n", "utf-8")
    assert drafted([tmp_path / "leads.csv"], tmp_path / "mapping.yaml", None, KPIS, None, database="no url").text


def test_a_quote_that_never_closes_is_told_when_a_draft_is_made(tmp_path):
    (tmp_path / "leads.csv").write_text('id,created_at\n1,"' + "2026-03-01\n" * 20_000, "utf-8")
    with pytest.raises(CrmError, match=r"leads\.csv"):
        drafted([tmp_path / "leads.csv"], tmp_path / "mapping.yaml", None, KPIS, None)


def test_a_table_needs_a_database(tmp_path):
    with pytest.raises(SettingsError, match=r"table crm_lead needs a database: .* by PLANERKA_SOURCE__DATABASE"):
        drafted([], tmp_path / "mapping.yaml", None, KPIS, None, tables=["crm_lead"])


@pytest.mark.parametrize("codes", [STAGE_CODES, REASON_CODES, OUTCOMES, UNIT_KINDS, ENQUIRIES, CALL_KINDS])
def test_a_text_that_is_a_code_means_it(codes):
    assert list(codes) == [code_of(code, codes) for code in codes]
    assert list(codes) == [code_of(code.replace("_", " ").title(), codes) for code in codes]


def of_draft(found: Draft) -> dict[str, Any]:
    return yaml.load(found.text, Loader=TextLoader)


@pytest.mark.parametrize("written", ["00:01:35", "95"])
def test_the_length_of_a_call_may_be_written_as_a_clock_shows_it(written, tmp_path):
    calls = f"Lead ID,Time,Direction,Duration\n1,2026-03-01 10:00:00,out,{written}\n"
    columns = of_draft(draft(tmp_path, leads=LEADS, calls=calls))["events"]["calls"]["columns"]
    assert "Duration" == columns["duration_s"]


def test_a_clock_of_minutes_or_hours_is_asked_about(tmp_path):
    calls = "Lead ID,Time,Direction,Duration\n1,2026-03-01 10:00:00,out,1:05\n"
    found = draft(tmp_path, leads=LEADS, calls=calls)
    assert "? duration_s (Duration): row 2 is 1:05, minutes or hours: export seconds or 0:01:05" in found.text
    assert "duration_s" not in of_draft(found)["events"]["calls"]["columns"]


DATES = [
    ("lost_at", "rejected"),
    ("Lost date", "rejected"),
    ("Дата провала", "rejected"),
    ("Дата закрытия", "rejected"),
    ("Дата завершения", "rejected"),
]


@pytest.mark.parametrize("header, kind", DATES)
def test_the_day_of_a_rejection_by_its_names(header, kind, tmp_path):
    found = of_draft(draft(tmp_path, leads=LEADS.replace("Contact", header).replace("Anna\n", "2026-03-05\n")))
    assert {kind: header} == found["leads"]["dates"]


@pytest.mark.parametrize("header", ["contract_at", "Signed at", "Дата договора", "Дата ДДУ"])
def test_the_day_of_a_contract_in_the_row_of_a_lead_makes_a_contract(header, tmp_path):
    found = of_draft(draft(tmp_path, leads=LEADS.replace("Contact", header).replace("Anna\n", "2026-03-05\n")))
    assert {"signed_at": header, "unit_kind": {"constant": "flat"}} == found["contracts"]["columns"]
    assert {"present": header} == found["leads"]["won"]


def test_the_day_of_closing_is_that_of_the_contract_for_a_won_lead(tmp_path):
    leads = (
        "ID,Дата создания,Статус,Дата закрытия\n1,01.03.2026,contract,05.03.2026\n2,01.03.2026,rejected,13.03.2026\n"
    )
    found = of_draft(draft(tmp_path, leads=leads))
    assert {"column": "Статус", "in": ["contract"]} == found["contracts"]["when"] == found["leads"]["won"]
    assert "Дата закрытия" == found["contracts"]["columns"]["signed_at"]


ANSWERS = [
    ("TRUE", "FALSE", ["TRUE"]),
    ("ИСТИНА", "ЛОЖЬ", ["ИСТИНА"]),
    ("Истина", "Ложь", ["Истина"]),
    ("Да", "Нет", ["Да"]),
    ("принята", "потеряна", "?"),
]


@pytest.mark.parametrize("yes, no, expected", ANSWERS)
def test_a_deal_is_signed_where_the_answer_is_yes_and_unknown_answers_are_asked_about(yes, no, expected, tmp_path):
    leads = "ID,Created,Deal ID\n1,2026-03-01,d1\n2,2026-03-02,d2\n"
    deals = f"Deal ID,Accepted,Signed at,Amount\nd1,{yes},2026-03-05,100\nd2,{no},2026-03-06,200\n"
    found = of_draft(draft(tmp_path, leads=leads, deals=deals))
    assert {"column": "deal.Accepted", "in": expected} == found["leads"]["won"] == found["contracts"]["when"]


def test_a_stage_is_guessed_to_be_one_of_the_codes_that_a_mapping_may_have():
    assert set(schema.STAGE_CODES) == set(STAGE_CODES)


def test_phones_and_ids_prove_no_decimal_mark(tmp_path):
    leads = "ID,Created,Mobile,Client ID\n1.1,2026-03-01,7.912.345.67.89,5.7\n1.2,2026-03-02,7.912.345.67.80,5.8\n"
    assert "decimal_mark" not in draft(tmp_path, leads=leads).text


OPEN = """\
ID,Created,Stage,Closed,Wanted area
1,2026-03-01,new,не закрыта,нет
2,2026-03-01,new,не закрыта,
3,2026-03-01,lost,13.03.2026,
4,2026-03-02,new,нет,
"""


def test_a_remark_in_the_place_of_a_date_is_offered_as_nothing(tmp_path):
    """Though most cells of the column have it; in another column it would be a value."""
    found = of_draft(draft(tmp_path, leads=OPEN))["leads"]
    assert (["не закрыта"], "Closed") == (found["blank"], found["dates"]["rejected"])


def test_a_column_of_phones_is_named_as_one_whatever_it_is_called(tmp_path):
    leads = "ID,Created,Mobile,Owner\n1,2026-03-01,+79123456789,+79123456780\n2,2026-03-02,+79123456781,89123456782\n"
    assert "# Not mapped: look like phones, whatever they are called: Owner" in draft(tmp_path, leads=leads).text


def test_personal_columns_are_named_as_not_mapped(tmp_path):
    assert "# Not mapped: personal: Client name, E-mail, Contact" in draft(tmp_path, leads=LEADS).text


def test_what_no_file_tells_is_a_blank_that_the_error_names(tmp_path):
    assert ["currency", "time_zone"] == draft(tmp_path, zone=None, leads=LEADS).blanks
    with pytest.raises(MappingError, match=r"currency: '\?' is no ISO 4217 code(.|\n)*time_zone: '\?' is no time zone"):
        load_mapping(tmp_path / "mapping.yaml")


def test_a_question_mark_in_a_cell_is_not_what_a_person_must_write(tmp_path):
    found = draft(tmp_path, leads=LEADS.replace("Web,Boris", "?,Boris"))
    assert ["currency"] == found.blanks
    assert ["?"] == yaml.load(found.text, Loader=TextLoader)["leads"]["blank"]


def test_dates_that_parse_both_ways_are_a_blank_that_the_error_names(tmp_path):
    found = draft(tmp_path, leads="ID,Created,Stage\n1,01/02/2026,New\n2,03/04/2026,Lost\n")
    assert "formats" in found.blanks
    with pytest.raises(MappingError, match=r"leads\.formats: '\?' is no date format"):
        load_mapping(tmp_path / "mapping.yaml")


def test_rows_that_fit_no_format_are_named(tmp_path):
    found = draft(tmp_path, leads="ID,Created,Stage\n1,13.02.2026,New\n2,завтра,Lost\n3,14.02.2026,Lost\n")
    assert "created_at: 1 cells are no such date, first in row 3" in found.text


def test_a_part_that_lacks_what_it_needs_is_switched_off_and_says_so(tmp_path):
    found = draft(tmp_path, leads=LEADS, calls="Time,Direction,Duration\n2026-03-01 10:00:00,out,5\n")
    assert "? calls is switched off: no column was recognised as lead_id" in found.text
    assert "events" not in yaml.load(found.text, Loader=TextLoader)


def test_calls_without_a_direction_are_not_taken_for_attempts(tmp_path):
    found = draft(tmp_path, leads=LEADS, calls="Lead ID,Time,Duration\n1,2026-03-01 10:00:00,5\n")
    assert "constant" in found.text
    assert "kind" in found.blanks


def test_a_stage_history_is_recognised(tmp_path):
    history = "Lead ID,Changed at,From stage,To stage\n1,2026-03-01 10:00:00,New,Lost\n"
    found = draft(tmp_path, leads=LEADS, stage_history=history)
    table = yaml.load(found.text, Loader=TextLoader)["events"]["stage_history"]
    assert {"constant": "stage_changed"} == table["columns"]["kind"]
    assert ("From stage", "To stage") == (table["columns"]["from_stage_id"], table["columns"]["to_stage_id"])


def test_deals_that_carry_a_leads_id_are_joined_and_tell_what_is_won(tmp_path):
    deals = "Lead ID,Won date,Amount\n1,2026-03-05,$100\n"
    mapping = yaml.load(draft(tmp_path, leads=LEADS, deals=deals).text, Loader=TextLoader)
    assert {"file": "deals.csv", "lead_column": "ID", "key": "Lead ID"} == mapping["leads"]["joins"]["deal"]
    assert {"present": "deal.Won date"} == mapping["leads"]["won"]


DEALS = 'Lead ID,Won date,Amount\n1,2026-03-05,"100,50"\n'
CALLS = "Lead ID,Time,Direction\n1,2026-03-01 10:00:00,out\n"


@pytest.mark.parametrize(
    "files",
    [
        {"leads.csv": LEADS, "calls.csv": CALLS.replace("out", "A")},
        {"leads.csv": LEADS, "a/calls.csv": CALLS, "b/calls.csv": CALLS},
        {"leads.xlsx": LEADS, "deals.xlsx": DEALS},
        {"leads.csv": LEADS.replace("Source", '"Lead\nsource"').replace("Web", '"Web,\nBanner"')},
        {"leads.csv": LEADS.replace("Created", "x")},
    ],
    ids=[
        "a direction in unknown words",
        "two files of one name",
        "joined workbooks with amounts as texts",
        "line breaks in cells and the header",
        "no date of creation",
    ],
)
def test_every_draft_is_a_mapping_once_its_blanks_are_filled(files, tmp_path):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".xlsx":
            pd.read_csv(StringIO(content), dtype=str).to_excel(path, index=False)
        else:
            path.write_text(content, "utf-8")
    text = drafted([tmp_path / name for name in files], tmp_path / "mapping.yaml", None, KPIS, None).text
    for blank, said in STAND_INS.items():
        text = text.replace(blank, said)
    (tmp_path / "mapping.yaml").write_text(text, "utf-8")
    assert set(files) == files_in(load_mapping(tmp_path / "mapping.yaml"))


def test_the_price_of_what_is_missing_is_told(tmp_path):
    assert re.search(r"^# - .*marketing spend.*: Cost per lead", draft(tmp_path, leads=LEADS).text, re.MULTILINE)


def test_a_file_without_rows_is_told(tmp_path):
    with pytest.raises(CrmError, match=r"leads\.csv has a header and no rows"):
        draft(tmp_path, leads="ID,Created\n")


def test_a_file_that_is_not_read_says_why(tmp_path):
    found = draft(tmp_path, leads=LEADS, leads_old=LEADS, zebra="Zebra,Quagga\na,b\n")
    assert {
        "leads.csv": "taken for leads",
        "leads_old.csv": "not read: another file was taken for leads",
        "zebra.csv": "not read: nothing in it is known",
    } == {path.name: fate for path, fate in found.fates.items()}


@pytest.mark.parametrize(
    "text, code",
    [
        ("Недозвон", "no_answer"),
        ("Не отвечает", "no_answer"),
        ("Дубль", "duplicate"),
        ("Спам", "spam"),
        ("Купил у конкурента", "bought_elsewhere"),
        ("Дорого", "too_expensive"),
        ("Не хватает бюджета", "low_budget"),
        ("Отказ банка", "mortgage_declined"),
        ("Просит не звонить", "do_not_call"),
        ("Bad Email", "bad_number"),
        ("Риэлтор", "agent"),
        ("Прочее", None),
    ],
)
def test_reasons_by_their_words(text, code):
    assert code == code_of(text, REASON_CODES)


@pytest.mark.parametrize(
    "text, code",
    [
        ("Закрыто и не реализовано", "rejected"),
        ("Успешно реализовано", "contract"),
        ("Disqualified", "rejected"),
        ("Qualified", "qualified"),
        ("Встреча проведена", "meeting"),
        ("Бронь", "booking"),
        ("Неразобранное", "new"),
        ("Gatekeeper", None),
    ],
)
def test_stages_by_their_words(text, code):
    assert code == code_of(text, STAGE_CODES)


@pytest.mark.parametrize("header", ["LeadSource", "lead_source", "Lead source", "LEAD SOURCE"])
def test_a_header_is_the_same_however_its_words_are_joined(header):
    assert 1.0 == fit(header, "lead source")
