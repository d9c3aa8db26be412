"""What the cells of a column prove: the order of day and month, the decimal mark, the encoding, the delimiter."""

from pathlib import Path

import pandas as pd
import pytest

from planerka.crm.drafting.dates import Dates
from planerka.crm.drafting.figures import Figures
from planerka.crm.drafting.layout import layout_of
from planerka.crm.drafting.profile import SKETCH_N, ColumnProfile
from planerka.errors import CrmError


def dates_of(*texts: str) -> Dates:
    dates = Dates()
    for row, text in enumerate(texts, start=2):
        dates.see(text, row, 1)
    return dates


@pytest.mark.parametrize(
    "texts, expected",
    [
        (["13/01/2026"], "%d/%m/%Y"),
        (["01/13/2026"], "%m/%d/%Y"),
        (["1/2/2026", "1/13/2026 9:05"], "?"),
        (["01.02.2026"], "%d.%m.%Y"),
        (["01.13.2026"], "%m.%d.%Y"),
        (["13.03.26"], "%d.%m.%y"),
        (["2026-03-13"], "%Y-%m-%d"),
        (["20260313"], "%Y%m%d"),
        (["13.03.2026 10:05"], "%d.%m.%Y %H:%M"),
        (["2026-03-13T10:05:00+03:00"], "%Y-%m-%dT%H:%M:%S%z"),
        (["3/13/2026 1:05 PM"], "%m/%d/%Y %I:%M %p"),
        (["2026-03-13 10:05:00.123"], "%Y-%m-%d %H:%M:%S.%f"),
    ],
)
def test_the_format_of_dates(texts, expected):
    assert expected == dates_of(*texts).formats()[0].text


def test_a_format_names_the_row_that_proves_it():
    (found,) = dates_of("01/02/2026", "03/13/2026").formats()
    assert "row 3 proves the month first: 03/13/2026" == found.remark


def test_dates_that_parse_both_ways_are_not_guessed():
    (found,) = dates_of("01/02/2026", "03/04/2026").formats()
    assert ("?", False) == (found.text, found.is_sure)


def test_rows_that_contradict_each_other_are_both_named():
    (found,) = dates_of("13/02/2026", "02/13/2026").formats()
    assert not found.is_sure
    assert "row 2 (13/02/2026) has the day first, row 3 (02/13/2026) the month" in found.remark


@pytest.mark.parametrize("text", ["завтра", "12345", "32.01.2026", "13/13/2026", "99999999", "0001-01-01", "7.30"])
def test_what_is_no_date(text):
    assert [] == dates_of(text).formats()


@pytest.mark.parametrize(
    "text, marks",
    [
        ("12,5", ","),
        ("12.5", "."),
        ("€ 2.900,00", ","),
        ("$1,234,567", "."),
        ("7 450 000,00 ₽", ","),
        ("1.234.567", ","),
        ("1,234", ""),
        ("42", ""),
    ],
)
def test_the_decimal_mark_is_proved_by_a_text_or_left_open(text, marks):
    figures = Figures()
    figures.see(text, 2, 1)
    assert marks == "".join(figures.marks)


@pytest.mark.parametrize(
    "text, currency", [("$5", "USD"), ("R$ 100", "BRL"), ("5 руб.", "RUB"), ("5 ₽", "RUB"), ("5 EUR", "EUR"), ("5", "")]
)
def test_the_sign_of_a_currency(text, currency):
    figures = Figures()
    figures.see(text, 2, 1)
    assert currency == "".join(figures.currencies)


RUSSIAN = "ID;Этап;Причина отказа\n1;Отказ;Недозвон, перезвонить позже\n2;Договор;Купили квартиру в другом месте\n"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "cp866", "koi8_r", "utf-16"])
def test_the_encoding_is_what_makes_the_text_plausible(encoding, tmp_path):
    (tmp_path / "leads.csv").write_bytes(RUSSIAN.encode(encoding))
    assert encoding == layout_of(tmp_path / "leads.csv").encoding


def test_a_byte_order_mark_is_no_part_of_the_encoding(tmp_path):
    (tmp_path / "leads.csv").write_bytes(RUSSIAN.encode("utf-8-sig"))
    assert "utf-8" == layout_of(tmp_path / "leads.csv").encoding


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_gives_every_line_as_many_cells_as_the_header(delimiter, tmp_path):
    rows = [["id", "price", "remark"], ["1", "7,5", "a; b"], ["2", "8,5", "c, d | e"]]
    quoted = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    (tmp_path / "leads.csv").write_text(quoted, "utf-8")
    assert delimiter == layout_of(tmp_path / "leads.csv").delimiter


def test_what_is_no_text_is_told(tmp_path: Path):
    (tmp_path / "crm.sqlite").write_bytes(b"SQLite format 3\0" + bytes(range(256)))
    with pytest.raises(CrmError, match=r"crm\.sqlite is no text: give a CSV, XLSX or Parquet file"):
        layout_of(tmp_path / "crm.sqlite")


def test_an_empty_file_is_told(tmp_path: Path):
    (tmp_path / "leads.csv").write_bytes(b"")
    with pytest.raises(CrmError, match=r"leads\.csv is empty"):
        layout_of(tmp_path / "leads.csv")


def column_of(texts: list[str]) -> ColumnProfile:
    column = ColumnProfile("id")
    column.see(pd.Series(texts, index=range(2, len(texts) + 2), dtype=object))
    return column


def test_ids_of_few_rows_are_counted_exactly():
    assert (3, True) == (column_of(["a", "b", "c"]).distinct_n, column_of(["a", "b", "c"]).is_key)
    assert not column_of(["a", "b", "a"]).is_key


def test_ids_of_many_rows_are_counted_within_two_per_cent():
    column = column_of([str(n) for n in range(3 * SKETCH_N)])
    assert abs(column.distinct_n / (3 * SKETCH_N) - 1) < 0.02
    assert column.is_key


def test_the_share_of_ids_that_another_column_has():
    many, few = column_of([str(n) for n in range(2 * SKETCH_N)]), column_of([str(n) for n in range(1000)])
    assert 1.0 == few.share_in(many)
    assert 0.0 == column_of(["x", "y"]).share_in(many)


def test_a_placeholder_counts_as_blank():
    column = column_of(["01.03.2026", "—", "<не заполнено>"])
    assert (1, {"—": 1, "<не заполнено>": 1}) == (column.filled_n, dict(column.placeholders))


@pytest.mark.parametrize("text", ["Не указано", "н/д", "SELECT", "(пусто)"])
def test_what_the_readers_take_for_a_placeholder_the_draft_offers_as_blank(text):
    assert [text] == list(column_of(["a", text]).placeholders)


@pytest.mark.parametrize("text", ["нет", "Unknown"])
def test_answers_are_no_placeholders(text):
    assert {"да": 1, text: 1} == column_of(["да", text]).counts


def test_an_error_of_a_spreadsheet_is_neither_a_value_nor_offered_as_blank():
    column = column_of(["a", "#REF!"])
    assert ({"a": 1}, {}) == (column.counts, column.placeholders)
