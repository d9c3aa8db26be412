"""Tables that cannot be read: what is said of them, and that nothing is read in their place."""

import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from planerka.crm.chunks import chunks_of
from planerka.crm.mapping_parts import Layout
from planerka.crm.table import TableCrm
from planerka.errors import CrmError, MappingError, PlanerkaError, SettingsError
from tests.unit.test_table_files import write_parquet, write_sqlite, write_xlsx

NOW = datetime(2026, 3, 10, tzinfo=UTC)
NAMES = {"ID", "Этап"}
ROWS = [("ID", "Этап", "Комментарий"), *[(str(n), "новый", "") for n in range(5)]]
GOOD = "".join(f"{','.join(row)}\n" for row in ROWS)


def said_of(path: Path, layout: Layout | None = None, error: type[PlanerkaError] = CrmError) -> str:
    with pytest.raises(error) as refused:
        list(chunks_of(path, NAMES, layout or Layout()))
    return str(refused.value)


def ole(content: bytes) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1000 + content


SWALLOWED = GOOD.replace("1,новый,", '1,новый,"не дозвонилась').replace("4,новый,", '4,новый,"да" ок')
BAD_CSV = {
    "empty": (b"", "leads.csv is empty, without even a header: export it again"),
    "nothing but line ends": (b"\n \r\n\n", "leads.csv has nothing but blank lines: export it again"),
    "cp1251": (GOOD.encode("cp1251"), "In cp1251 its header is 'ID,Этап,Комментарий': if"),
    "UTF-16 without its mark": (GOOD.encode("utf-16-le"), "UTF-16 without the mark that says so: save it"),
    "a line of another encoding": (
        b"ID,\xd0\xad\xd1\x82\xd0\xb0\xd0\xbf,x\n" + b"1,ok,ok\n" * 200_000 + "2,новый,\n".encode("cp1251"),
        "line 200002 is not written in utf-8: correct `encoding`, or export the file again",
    ),
    "a workbook": (b"PK\x03\x04 workbook", "is no CSV but a workbook or an archive: give it the ending .xlsx"),
    "an old workbook": (ole(b""), "is no CSV but an old workbook, or one with a password"),
    "a Parquet": (b"PAR1 data", "is no CSV but a Parquet: give it the ending .parquet"),
    "packed": (b"\x1f\x8b\x08\x00", "is no CSV but a packed file: unpack it"),
    "a cell too many": ((GOOD + "5,новый,да, но,\n").encode(), "line 7 has 5 cells and the header 3: put a cell"),
    "cut short": ((GOOD + "5,нов").encode(), "line 7 has 2 cells and the header 3: the file is cut short there"),
    "cut short within a quote": ((GOOD + '5,новый,"да').encode(), "the quote of the last cell never closes"),
    "a quote that swallows rows": (SWALLOWED.encode(), "line 3: a quote opens there, and swallows the rows"),
    "a quote that swallows all": (GOOD.replace("0,новый", '0,"новый').encode(), "line 2: a quote opens there"),
    "a quote that swallows a lot": (
        GOOD.replace("0,новый,", '0,новый,"').encode() + b"1,a,b\n" * 1_000_000,
        "line 2: a quote that opens there swallows what follows: close it",
    ),
    "a quote after lines of a comment": (
        (GOOD + '5,"а\nб",в\n6,новый,"г\n' + "7,новый,\n" * 9 + '8,новый,"д"\n').encode(),
        "line 9: a quote opens there",
    ),
    "a quote that swallows a row of three cells": (
        (GOOD + '5,новый,"не дозвонилась\n6,новый,"да"\n').encode(),
        "line 7: a quote opens there",
    ),
    "UTF-16 cut in a sign": ((GOOD + "5,новый,д").encode("utf-16")[:-1], "line 7: the file is cut short or damaged"),
    "another delimiter": (b"ID;Price;Note\n1;7,5;\n", "the header seems to be written with `delimiter: ';'`"),
}  # fmt: skip


@pytest.mark.parametrize("content, words", BAD_CSV.values(), ids=BAD_CSV.keys())
def test_a_csv_that_cannot_be_read_is_told_with_the_line_and_what_to_do(content, words, tmp_path):
    (tmp_path / "leads.csv").write_bytes(content)
    assert words in said_of(tmp_path / "leads.csv")


def test_what_is_utf8_is_not_read_as_a_code_page(tmp_path):
    """It would be read without an error, and every name in it be another."""
    (tmp_path / "leads.csv").write_text(GOOD, "utf-8")
    said = said_of(tmp_path / "leads.csv", Layout(encoding="cp1251"))
    assert said == "leads.csv is written in UTF-8, not in cp1251: correct `encoding`"


HEADERS = [
    ("ID,Этапы", "'Этап' is not there: the nearest is 'Этапы'"),
    ("ID,Stage", "'Этап' is not there: there are ID, Stage"),
    ("ID;Этап;Причина", "the header seems to be written with another delimiter: set `delimiter: ';'`"),
    ("ID,Этап,Этап", "leads.csv: columns 2 and 3 are both called 'Этап': give each its own name"),
    ("ID,,x,", "columns without a name: 2, 4; write one into the header"),
]


@pytest.mark.parametrize("header, words", HEADERS)
def test_a_column_that_is_not_there_once_is_told(header, words, tmp_path):
    (tmp_path / "leads.csv").write_text(f"{header}\n", "utf-8")
    assert words in said_of(tmp_path / "leads.csv", error=MappingError)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_file_without_a_header_is_told_of_without_the_client_in_its_first_row(tmp_path, encoding, delimiter):
    row = delimiter.join(["1001", "02.03.2026", "Иванов Пётр", "+7 912 345-67-89"])
    (tmp_path / "leads.csv").write_text(f"{row}\n{row}\n", encoding)
    said = said_of(tmp_path / "leads.csv", error=CrmError if encoding == "cp1251" else MappingError)
    assert "1001" in said
    assert [] == [part for part in ("Иванов", "Пётр", "345-67") if part in said]


TITLE = "Отчёт по лидам за ноябрь 2026"
REMEDY = "row 3 looks like the header, and what stands above it like a title: write `header_row: 3`"
TITLED = {
    "in a CSV": f"{TITLE}\n\n{GOOD}",
    "with a cell for each column": f"{TITLE},,\n,,\n{GOOD}",
    "with the delimiter in it": f'"{TITLE}, черновик"\nПериод,,\n{GOOD}',
}


@pytest.mark.parametrize("content", TITLED.values(), ids=TITLED.keys())
def test_a_title_above_the_header_is_told_with_the_row_of_the_header(content, tmp_path):
    (tmp_path / "leads.csv").write_text(content, "utf-8")
    assert REMEDY in said_of(tmp_path / "leads.csv", error=MappingError)


@pytest.mark.parametrize("merged", ["A1:C1", None])
def test_a_title_in_a_workbook_is_told_with_the_row_of_the_header(merged, tmp_path):
    book = write_xlsx(tmp_path / "leads.xlsx", (TITLE,), (), *ROWS)
    if merged:
        merge(book, merged)
    assert REMEDY in said_of(book, error=MappingError)


def test_merged_cells_and_formulas_above_the_header_are_not_read(tmp_path):
    book = write_xlsx(tmp_path / "leads.xlsx", (TITLE,), ("=TODAY()",), *ROWS)
    merge(book, "A1:C1")
    (chunk,) = chunks_of(book, NAMES, Layout(header_row=3))
    assert [4, 5, 6, 7, 8] == list(chunk.index)


@pytest.mark.parametrize("name", ["leads.csv", "leads.xlsx"])
def test_a_header_row_below_the_last_row_is_told(name, tmp_path):
    (tmp_path / "leads.csv").write_text(GOOD, "utf-8")
    write_xlsx(tmp_path / "leads.xlsx", *ROWS)
    assert "nothing in row 9 and below: correct `header_row`" in said_of(tmp_path / name, Layout(header_row=9))


def test_a_row_that_is_too_long_is_not_taken_for_the_header(tmp_path):
    (tmp_path / "leads.csv").write_text("ID,Этап\nа,новый\nб,новый,Сайт,Петров,да\n", "utf-8")
    assert "line 3 has 5 cells and the header 2" in said_of(tmp_path / "leads.csv")


def test_a_title_is_not_seen_in_a_header_that_lacks_some_names(tmp_path):
    (tmp_path / "leads.csv").write_text("x,,,\n1,новый,2026-03-01,да\n2,новый,2026-03-02,нет\n", "utf-8")
    assert "header_row" not in said_of(tmp_path / "leads.csv", error=MappingError)


def test_a_header_that_looks_like_a_title_is_one_where_the_mapping_says_so(tmp_path):
    (tmp_path / "leads.csv").write_text("ID,Этап,,\na,новый,ночью,да\n", "utf-8")
    assert "write `header_row: 2`" in said_of(tmp_path / "leads.csv", error=MappingError)
    (chunk,) = chunks_of(tmp_path / "leads.csv", NAMES, Layout(header_row=1))
    assert [["a", "новый"]] == chunk.to_numpy().tolist()


def test_columns_that_nobody_reads_may_be_called_alike_or_not_at_all(tmp_path):
    (tmp_path / "leads.csv").write_text("ID,x,x,,Этап\n1,,,,новый\n", "utf-8")
    (chunk,) = chunks_of(tmp_path / "leads.csv", NAMES, Layout())
    assert [["1", "новый"]] == chunk.to_numpy().tolist()


PROSE = [
    "Звонила, не ответил;\nперезвоню в среду, в четверг, в пятницу,\nили в субботу",
    "бюджет 5,5;\nипотека,да,нет",
]


@pytest.mark.parametrize("prose", PROSE)
def test_a_comment_of_several_lines_is_no_swallowed_row(prose, tmp_path):
    (tmp_path / "leads.csv").write_text(f'ID,Этап,Комментарий\n1,новый,"{prose}"\n', "utf-8")
    assert [1] == [len(chunk) for chunk in chunks_of(tmp_path / "leads.csv", NAMES, Layout())]


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path):
    (tmp_path / "leads.csv").mkdir()
    assert "leads.csv is a folder: name the file in it, by `file`" in said_of(
        tmp_path / "leads.csv", error=MappingError
    )


def damaged(content: bytes) -> bytes:
    return content[: len(content) // 2]


def test_a_workbook_of_another_kind_is_told(tmp_path):
    book = tmp_path / "leads.xlsx"
    whole = write_xlsx(book, *ROWS).read_bytes()
    cases = [
        (ole("EncryptedPackage".encode("utf-16-le")), "leads.xlsx has a password: save it without one"),
        (ole("Workbook".encode("utf-16-le")), "leads.xlsx is an old workbook (.xls) under the name of a new one"),
        (b"<html><table>", "leads.xlsx is no workbook, but text under the name of one"),
        (b"", "leads.xlsx is empty: export it again"),
        (damaged(whole), "leads.xlsx is cut short, damaged or no workbook"),
        (whole.replace(b"worksheets/sheet1.xml", b"worksheets/sheet0.xml"), "leads.xlsx is damaged, it has no sheet"),
    ]
    for content, words in cases:
        book.write_bytes(content)
        assert words in said_of(book)


def test_a_cell_that_is_damaged_is_not_quoted(tmp_path):
    book = write_xlsx(tmp_path / "leads.xlsx", *ROWS, (5, "новый"))
    rewrite(book, lambda xml: xml.replace(b"<v>5</v>", "<v>Петрова Анна</v>".encode()))
    assert "leads.xlsx is cut short, damaged or no workbook: copy or export it again" == said_of(book)


def test_a_sheet_with_nothing_on_it_is_told(tmp_path):
    assert "sheet 'Лиды' is empty, without even a header" in said_of(write_xlsx(tmp_path / "leads.xlsx"))


def test_a_formula_that_was_never_computed_is_told_by_its_cell(tmp_path):
    """Programs that write workbooks do not compute; openpyxl reads such a cell as an empty one."""
    book = write_xlsx(tmp_path / "leads.xlsx", *ROWS, ("=1+1", "новый"))
    assert "sheet 'Лиды': the formula in cell A7 has no value in the file: open it in Excel" in said_of(book)


def test_a_formula_with_a_value_is_that_value(tmp_path):
    """Also where the value is an empty text."""
    book = write_xlsx(tmp_path / "leads.xlsx", ("ID", "Этап"), ("=1+1", '=""'))
    rewrite(book, lambda xml: xml.replace(b"<v></v>", b"<v>2</v>", 1).replace(b"<v />", b"<v>2</v>", 1))
    rewrite(book, lambda xml: xml.replace(b'<c r="B2">', b'<c r="B2" t="str">'))
    (chunk,) = chunks_of(book, NAMES, Layout())
    assert [["2", None]] == chunk.to_numpy().tolist()


def rewrite(book: Path, change) -> None:
    """Another XML of the only sheet."""
    with zipfile.ZipFile(book) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(book, "w") as file:
        for name, content in parts.items():
            file.writestr(name, change(content) if name == "xl/worksheets/sheet1.xml" else content)


def merge(path: Path, cells: str) -> None:
    book: Workbook = load_workbook(path)
    book.worksheets[0].merge_cells(cells)
    book.save(path)


@pytest.mark.parametrize("cells", ["A1:B1", "B3:B5"])
def test_merged_cells_are_told_by_their_places(cells, tmp_path):
    book = write_xlsx(tmp_path / "leads.xlsx", *ROWS)
    merge(book, cells)
    assert f"cells {cells} are merged, and only the first of them has the value: unmerge them" in said_of(book)


@pytest.mark.parametrize("kept", [0, 3, 200, -10])
def test_a_parquet_that_is_cut_short_is_told(kept, tmp_path):
    path = write_parquet(tmp_path / "leads.parquet", ID=[str(n) for n in range(1000)], Этап=["новый"] * 1000)
    path.write_bytes(path.read_bytes()[:kept])
    assert "leads.parquet is no Parquet, or is cut short or damaged" in said_of(path)


MAPPING = """
source: shop
currency: RUB
time_zone: Europe/Moscow
leads:
  {place}
  columns: {{id: ID, created_at: Created, stage_id: Stage}}
"""
LEADS = "ID,Created,Stage\n1,2026-03-01,new\n2,2026-03-02,new\n"


def crm_of(folder: Path, place: str = "file: leads.csv", database: str | None = None, more: str = "") -> TableCrm:
    (folder / "leads.csv").write_text(LEADS, "utf-8")
    (folder / "mapping.yaml").write_text(MAPPING.format(place=place) + more, "utf-8")
    return TableCrm(folder / "mapping.yaml", worklist=folder / "list.csv", now=lambda: NOW, database=database)


@pytest.mark.parametrize("more", ["3,2026-03-03,new\n", "3,2026"])
def test_a_file_that_grows_while_it_is_read_ends_the_pull(more, tmp_path):
    """Between the first look at it and the last; a row that is half written is not what is wrong with it."""
    crm = crm_of(tmp_path)
    (window,) = crm.windows(crm.data_until(NOW) - timedelta(days=9), NOW)
    (tmp_path / "leads.csv").write_text(LEADS + more, "utf-8")
    with pytest.raises(CrmError, match="was changed while it was read: wait until it is written whole, and pull again"):
        list(crm.read(window))


def test_a_file_that_stays_as_it_is_is_read_whole(tmp_path):
    crm = crm_of(tmp_path)
    (window,) = crm.windows(None, NOW)
    assert 2 == next(len(batch.rows) for batch in crm.read(window) if batch.noun.__name__ == "Lead")


def test_ids_that_excel_spoilt_in_a_workbook_are_refused(tmp_path):
    """A number of 19 digits lies there as 5.8E+18: two leads would be one."""
    crm = crm_of(tmp_path, "file: leads.xlsx")
    lines = [(5.8e18 + 1e6 * n, f"2026-03-{n:02}", "new") for n in range(1, 13)]
    write_xlsx(tmp_path / "leads.xlsx", ("ID", "Created", "Stage"), *lines)
    (window,) = crm.windows(None, NOW)
    with pytest.raises(CrmError, match=r"leads\.xlsx: .ID. in row 2 is .*Excel has shortened a long number"):
        list(crm.read(window))


def test_a_database_is_read_each_time(tmp_path):
    """Only reading it tells whether it has changed."""
    url = write_sqlite(
        tmp_path / "crm.db",
        "CREATE TABLE lead (ID, Created, Stage)",
        "INSERT INTO lead VALUES (5812345678901234567, '2026-03-01', 'new')",
    )
    crm = crm_of(tmp_path, "query: SELECT * FROM lead", database=str(url))
    (first,), (again,) = crm.windows(None, NOW), crm.windows(None, NOW)
    crm.clock = lambda: NOW + timedelta(hours=1)
    (later,) = crm.windows(None, NOW)
    assert (first.token, True) == (again.token, first.token != later.token)
    assert ["5812345678901234567"] == list(crm.lead_ids())


def test_leads_that_are_a_header_alone_are_no_export(tmp_path):
    """Nor do they tell the sweep that every lead has vanished."""
    crm = crm_of(tmp_path)
    (tmp_path / "leads.csv").write_text("ID,Created,Stage\n", "utf-8")
    (window,) = crm.windows(None, NOW)
    for read in (lambda: crm.read(window), crm.lead_ids, lambda: [crm.data_until(NOW)]):
        with pytest.raises(CrmError, match=r"leads\.csv has a header and no row: export it again"):
            list(read())


def test_a_query_needs_a_database(tmp_path):
    crm = crm_of(tmp_path, "query: SELECT 1 AS ID")
    with pytest.raises(
        SettingsError, match=r"query 'SELECT 1 AS ID' needs a database.* by PLANERKA_SOURCE__DATABASE in .env"
    ):
        list(crm.lead_ids())


def test_numbers_of_a_workbook_have_one_mark_for_leads_and_the_contracts_in_their_rows(tmp_path):
    contracts = """
contracts: {decimal_mark: ",", columns: {signed_at: Created, unit_kind: {constant: flat}}}
"""
    assert crm_of(tmp_path, more=contracts).mapping.contracts.decimal_mark == ","
    with pytest.raises(MappingError, match="need the `decimal_mark` of the leads"):
        crm_of(tmp_path, "file: leads.xlsx", more=contracts)


def test_a_part_has_a_file_or_a_query(tmp_path):
    with pytest.raises(MappingError, match="leads: give either `file` or `query`"):
        crm_of(tmp_path, "file: leads.csv\n  query: SELECT 1")
    with pytest.raises(MappingError, match="leads: `file` is missing: name the file, or give a `query`"):
        crm_of(tmp_path, "delimiter: ','")
