"""Kinds of tables: whatever an export is written as, its cells become the same texts."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from openpyxl import Workbook

from planerka.crm import chunks
from planerka.crm.chunks import chunks_of, header_of
from planerka.crm.mapping_parts import Layout
from planerka.crm.sql_query import database_of
from planerka.crm.typed import text_of
from planerka.errors import CrmError, MappingError, SettingsError

HEADER = ("ID", "Комментарий", "Сумма")
ROWS = [("007", "по-русски", "1.5"), ("5812345678901234567", "в две\nстроки; и; вот", ""), ("9", "", "2")]
EXPECTED = [("007", "по-русски", "1.5"), ("5812345678901234567", "в две\nстроки; и; вот", None), ("9", None, "2")]


def csv_text(delimiter: str = ",") -> str:
    rows = [[f'"{cell}"' if set(cell) & set('\n,;"') else cell for cell in row] for row in ROWS]
    return "".join(f"{delimiter.join(row)}\n" for row in [list(HEADER), *rows])


def write_xlsx(path: Path, *rows: Any, sheets: tuple[str, ...] = ("Лиды",)) -> Path:
    """A workbook whose sheets all have these rows."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def write_parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def write_sqlite(path: Path, *statements: str) -> sa.URL:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return database_of(f"sqlite:///{path}")


def texts(place: Any, layout: Layout | None = None, decimal_mark: str = ".") -> list[tuple[Any, ...]]:
    """Every row of every column, in the order of the header."""
    layout = layout or Layout()
    names = list(dict.fromkeys(header_of(place, layout)))
    frames = list(chunks_of(place, set(names), layout, decimal_mark))
    assert [object] * len(names) == list(frames[0].dtypes)
    return [row for frame in frames for row in frame[names].itertuples(index=False, name=None)]


def in_csv(folder: Path, content: bytes, **layout: Any) -> list[tuple[Any, ...]]:
    (folder / "leads.csv").write_bytes(content)
    return texts(folder / "leads.csv", Layout(**layout))


ENCODED = {
    "utf-8": csv_text().encode(),
    "a byte order mark": csv_text().encode("utf-8-sig"),
    "UTF-16 by its mark": csv_text().encode("utf-16"),
    "UTF-16, the other way round": b"\xfe\xff" + csv_text().encode("utf-16-be"),
    "no line end after the last row": csv_text().rstrip("\n").encode(),
    "blank lines": csv_text().replace("\n007", "\n\n  \n007").encode() + b"\n\n",
    "blank rows, as Excel leaves them": csv_text().encode() + b",,\n,,\n",
    "a blank row that is too long": csv_text().encode() + b",,,,\n",
    "the end of file of DOS": csv_text().encode() + b"\x1a",
    "a space after a name": csv_text().replace("ID,", " ID ,").encode(),
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED.keys())
def test_a_csv_is_read_however_it_is_encoded(content, tmp_path):
    assert EXPECTED == in_csv(tmp_path, content)


@pytest.mark.parametrize("end", ["\r\n", "\r\r\n", "\r"])
def test_a_csv_is_read_whatever_ends_its_lines(end, tmp_path):
    content = csv_text().replace("в две\nстроки; и; вот", "строка").replace("\n", end).encode()
    expected = [
        (i, comment.replace("в две\nстроки; и; вот", "строка") if comment else None, n) for i, comment, n in EXPECTED
    ]
    assert expected == in_csv(tmp_path, content)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_csv_is_read_with_the_delimiter_of_the_mapping(delimiter, tmp_path):
    assert EXPECTED == in_csv(tmp_path, csv_text(delimiter).encode("cp1251"), delimiter=delimiter, encoding="cp1251")


def test_the_index_of_a_chunk_numbers_the_rows_as_a_spreadsheet_does(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 2)
    (tmp_path / "leads.csv").write_text(csv_text() + ",,\n10,,\n", "utf-8")
    book = write_xlsx(tmp_path / "leads.xlsx", HEADER, *ROWS, (), ("10",))
    for path in (tmp_path / "leads.csv", book):
        assert [[2, 3], [4, 6]] == [list(chunk.index) for chunk in chunks_of(path, {"ID"}, Layout())]


NUMBERED = [
    ("ID,S,x\n1,a,\n\n\n2,b,\n", [2, 5]),
    ("\nID,S,x\n1,a,\n", [3]),
    (" , , \nID,S,x\n1,a,\n", [3]),
    ("ID,S,x\n1,a,\n , , \n2,b,\n", [2, 4]),
    ("ID\n1\n\n2\n", [2, 4]),
]


@pytest.mark.parametrize("content, expected", NUMBERED)
def test_blank_rows_are_passed_over_but_counted(content, expected, tmp_path):
    (tmp_path / "leads.csv").write_text(content, "utf-8")
    book = write_xlsx(tmp_path / "leads.xlsx", *(line.split(",") for line in content.splitlines()))
    for path in (tmp_path / "leads.csv", book):
        assert expected == [row for chunk in chunks_of(path, {"ID"}, Layout()) for row in chunk.index]


TITLED = [
    "Отчёт по лидам за ноябрь 2026",
    '"Отчёт, и ""черновик"",',
    'на двух строках",,,',
    "",
    "ID,S,x",
    "1,a,",
    "",
    "2,b,",
]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_the_header_may_stand_below_a_title(end, encoding, tmp_path):
    """Rows keep their numbers: the title of two lines is one row."""
    (tmp_path / "leads.csv").write_bytes(end.join([*TITLED, ""]).encode(encoding))
    for header_row in (3, 4):
        layout = Layout(encoding="cp1251" if encoding == "cp1251" else "utf-8", header_row=header_row)
        assert [5, 7] == [
            row for chunk in chunks_of(tmp_path / "leads.csv", {"ID", "x"}, layout) for row in chunk.index
        ]


@pytest.mark.parametrize("blank", [",,", ",,,,,,", "   ", ""])
def test_a_blank_row_where_the_header_was_said_to_be_is_counted(blank, tmp_path):
    (tmp_path / "leads.csv").write_text(f"Отчёт\n{blank}\nID,S,x\n1,a,b\n", "utf-8")
    (chunk,) = chunks_of(tmp_path / "leads.csv", {"ID"}, Layout(header_row=2))
    assert [4] == list(chunk.index)


def test_the_header_of_a_workbook_may_stand_below_a_title(tmp_path):
    book = write_xlsx(tmp_path / "leads.xlsx", ("Отчёт", None, "черновик"), (), HEADER, *ROWS)
    assert EXPECTED == texts(book, Layout(header_row=3))
    (chunk,) = chunks_of(book, {"ID"}, Layout(header_row=3))
    assert [4, 5, 6] == list(chunk.index)


def test_a_workbook_is_read_as_the_csv_is(tmp_path):
    assert EXPECTED == texts(write_xlsx(tmp_path / "leads.xlsx", HEADER, *ROWS))


def test_what_stands_above_and_beside_the_table_does_not_shift_it(tmp_path):
    """Rows of nothing, and cells under no name."""
    book = write_xlsx(tmp_path / "leads.xlsx", (), HEADER, *[(*row, None, "remark") for row in ROWS])
    assert EXPECTED == texts(book)


def test_a_sheet_is_chosen_by_its_name(tmp_path):
    book = write_xlsx(tmp_path / "leads.xlsx", HEADER, *ROWS, sheets=("Сводка", "Лиды"))
    assert EXPECTED == texts(book, Layout(sheet="Лиды"))


@pytest.mark.parametrize(
    "sheet, words",
    [
        (None, "has several sheets, 'Сводка', 'Лиды': name one by `sheet` .* save each sheet as a file of its own"),
        ("Лид", "nearest is 'Лиды'"),
    ],
)
def test_a_sheet_that_is_not_told_is_asked_for(sheet, words, tmp_path):
    book = write_xlsx(tmp_path / "leads.xlsx", HEADER, sheets=("Сводка", "Лиды"))
    with pytest.raises(MappingError, match=words):
        texts(book, Layout(sheet=sheet))


def test_a_parquet_is_read_as_the_csv_is(tmp_path):
    columns = {name: [row[n] for row in ROWS] for n, name in enumerate(HEADER)}
    assert EXPECTED == texts(write_parquet(tmp_path / "leads.parquet", **columns))


def test_a_parquet_with_dictionaries_is_read_too(tmp_path):
    path = tmp_path / "leads.parquet"
    pd.DataFrame({"ID": ["1", "2"], "Этап": pd.Categorical(["новый", None])}).to_parquet(path)
    assert [("1", "новый"), ("2", None)] == texts(path)


def test_a_parquet_of_uuids_is_read_too(tmp_path):
    cells = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([UUID(int=7).bytes], pa.binary(16)))
    assert [("00000000-0000-0000-0000-000000000007",)] == texts(write_parquet(tmp_path / "leads.parquet", ID=cells))


@pytest.mark.parametrize("value", [["a"], {"a": "b"}, b"a"])
def test_a_column_that_holds_no_text_is_no_part_of_the_header_and_refused_where_it_is_read(value, tmp_path):
    path = write_parquet(tmp_path / "leads.parquet", ID=["1"], Photo=[value])
    assert ("ID", "") == header_of(path, Layout())
    with pytest.raises(CrmError, match=r"column 'Photo' holds values of type .*, which is no text: leave it out"):
        list(chunks_of(path, {"Photo"}, Layout()))


def test_a_query_is_read_as_the_csv_is(tmp_path):
    values = ", ".join("(" + ", ".join(f"'{cell}'" for cell in row) + ")" for row in ROWS)
    url = write_sqlite(
        tmp_path / "crm.db", 'CREATE TABLE lead (ID, "Комментарий", "Сумма")', f"INSERT INTO lead VALUES {values}"
    )
    assert EXPECTED == texts(url, Layout(query="SELECT * FROM lead WHERE ID NOT LIKE '%x'"))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "query"])
def test_a_table_without_a_row_is_one_chunk_without_a_row(kind, tmp_path):
    path = tmp_path / f"leads.{kind}"
    if kind == "csv":
        path.write_text("ID,Этап", "utf-8")
    elif kind == "xlsx":
        write_xlsx(path, ("ID", "Этап"))
    elif kind == "parquet":
        write_parquet(path, **{"ID": pa.array([], pa.int64()), "Этап": pa.array([], pa.string())})
    place = write_sqlite(path, 'CREATE TABLE lead (ID, "Этап")') if kind == "query" else path
    layout = Layout(query="SELECT * FROM lead") if kind == "query" else Layout()
    assert [0] == [len(chunk) for chunk in chunks_of(place, {"ID", "Этап"}, layout)]


TYPED = [
    (5812345678901234567, "5812345678901234567"),
    (1001.0, "1001"),
    (41.125, "41,1250"),
    (1e-05, "0,00001"),
    (-7450000.5, "-7450000,5"),
    (5.8e18, "5.8E+18"),
    (float("nan"), None),
    (Decimal("7450000.00"), "7450000"),
    (Decimal("12345678901234567.89"), "12345678901234567,89"),
    (True, "true"),
    (False, "false"),
    (date(2026, 3, 1), "2026-03-01T00:00:00"),
    (datetime(2026, 3, 1, 10, 5), "2026-03-01T10:05:00"),
    (datetime(2026, 3, 1, 10, 5, tzinfo=UTC), "2026-03-01T10:05:00+00:00"),
    (time(1, 2, 3), "01:02:03"),
    (timedelta(days=4, hours=21, minutes=19, seconds=46), "4 days, 21:19:46"),
]


@pytest.mark.parametrize("value, expected", TYPED)
def test_a_value_with_a_type_is_the_text_that_reads_back_to_it(value, expected):
    """The mark is that of the texts beside it; no format reads a T as anything else."""
    assert expected == text_of(value, ",")


@pytest.mark.parametrize("value", [581234567890123, 41.125, True, date(2026, 3, 1), datetime(2026, 3, 1, 10, 5)])
@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_typed_cell_of_a_file_is_that_text(value, kind, tmp_path):
    path = tmp_path / f"leads.{kind}"
    if kind == "xlsx":
        write_xlsx(path, ("A",), (value,))
    else:
        write_parquet(path, A=[value])
    assert [(text_of(value, ","),)] == texts(path, decimal_mark=",")


def test_instants_with_a_zone_keep_it(tmp_path):
    at = pa.array([datetime(2026, 3, 1, 10, 5, tzinfo=UTC)], pa.timestamp("us", "Europe/Moscow"))
    assert [("2026-03-01T13:05:00+03:00",)] == texts(write_parquet(tmp_path / "leads.parquet", A=at))


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM lead",
        "DELETE FROM lead RETURNING ID",
        "WITH g AS (SELECT 1) DELETE FROM lead RETURNING ID",
        "DROP TABLE lead",
    ],
)
def test_a_query_changes_nothing(query, tmp_path):
    url = write_sqlite(tmp_path / "crm.db", "CREATE TABLE lead (ID)", "INSERT INTO lead VALUES (1)")
    with pytest.raises(CrmError, match="attempt to write a readonly database"):
        texts(url, Layout(query=query))
    assert [("1",)] == texts(url, Layout(query="SELECT ID FROM lead"))


def test_what_a_driver_quotes_is_told_without_the_client_in_it(tmp_path):
    cell = "Петрова 'Анна'".encode().hex() + "ff"
    url = write_sqlite(tmp_path / "crm.db", f"CREATE TABLE lead AS SELECT CAST(x'{cell}' AS TEXT) AS name")
    with pytest.raises(CrmError, match="Could not decode to UTF-8 column") as refused:
        texts(url, Layout(query="SELECT * FROM lead"))
    assert [] == [part for part in ("Петров", "Анна") if part in str(refused.value)]


def test_what_a_driver_quotes_of_the_query_is_told(tmp_path):
    url = write_sqlite(tmp_path / "crm.db", "CREATE TABLE lead (ID)")
    with pytest.raises(CrmError, match='near "SELEKT": syntax error'):
        texts(url, Layout(query="SELEKT ID FROM lead"))


@pytest.mark.parametrize(
    "query, words",
    [
        ("SELECT no_such FROM lead", "query 'SELECT no_such FROM lead' failed on sqlite:.*no such column: no_such"),
        ("SELECT ID FROM leads", r"no such table: leads\): the nearest is 'lead'; correct `query`"),
        ("SELECT ID FROM main.contact", r"no such table: main\.contact\): there are lead; correct `query`"),
        ("PRAGMA foreign_keys = ON", "gives no rows: write a SELECT"),
        ("SELECT ID, x'00' AS Photo FROM lead", "column 'Photo' holds a value of type bytes"),
    ],
)
def test_a_query_that_fails_is_told(query, words, tmp_path):
    url = write_sqlite(tmp_path / "crm.db", "CREATE TABLE lead (ID)", "INSERT INTO lead VALUES (1)")
    with pytest.raises(CrmError, match=words):
        texts(url, Layout(query=query))


@pytest.mark.parametrize(
    "url, words",
    [
        ("crm:secret", "is no url"),
        ("mysql+pymysql://reader:secret@host/crm", "needs a driver that is not installed"),
        ("nonsense://reader:secret@host/crm", "needs a driver that is not installed"),
        ("sqlite:///no-such.db", "names no-such.db, and there is no such file"),
    ],
)
def test_a_database_that_cannot_be_is_refused_and_its_password_not_quoted(url, words):
    with pytest.raises(SettingsError, match=f"PLANERKA_SOURCE__DATABASE {words}") as refused:
        database_of(url)
    assert "secret" not in str(refused.value)
