"""Files that people open are whole, and no cell of them runs."""

import csv
import io
from datetime import date

import pytest
from openpyxl import load_workbook

from planerka.errors import PlanerkaError
from planerka.files import csv_bytes, harmless, write_atomically, xlsx_bytes


@pytest.mark.parametrize(
    "cell",
    [
        *("=1+1", "+7 900", "-2", "@SUM(A1)", "\t=1", "\r=1"),
        *(" =1+1", "\n=1+1", "\xa0\n@SUM(A1)", "\u200b-2", "\ufeff+7"),
        *("\u202e=1", "\u2066=1", "\u00ad=1", "\u180e=1", "\u061c=1", "\u034f=1"),
        *("＝1+1", "＋7", "－2", "＠SUM(A1)", " ＝1"),
    ],
)
def test_a_cell_that_looks_like_a_formula_becomes_text(cell):
    """Whatever blanks stand before the sign, and however wide it is."""
    assert f"'{cell}" == harmless(cell)


@pytest.mark.parametrize("cell", ["Недозвон", "два\nряда", " a=1", "1-2", "", 5, -5, None, date(2026, 3, 2)])
def test_other_cells_stay_as_they_are(cell):
    assert cell == harmless(cell)


def test_a_csv_opens_in_excel_with_its_cyrillic():
    content = csv_bytes(["причина"], [["Недозвон"], ["=cmd()"]])
    assert content.startswith(b"\xef\xbb\xbf")
    assert [["причина"], ["Недозвон"], ["'=cmd()"]] == list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_an_xlsx_holds_no_formula():
    sheet = load_workbook(io.BytesIO(xlsx_bytes(["a"], [["=1+1"], [3]]))).active
    assert [("a", "s"), ("'=1+1", "s"), (3, "n")] == [(c.value, c.data_type) for c in sheet["A"]]


@pytest.mark.parametrize(
    "text, expected",
    [("пло\x0bхо\x00", "плохо"), ("\x1f=1+1", "'=1+1"), ("a\ud800\uffff", "a"), ("a\nb\tc", "a\nb\tc")],
)
def test_a_character_that_no_sheet_can_hold_is_left_out(text, expected):
    """One comment from a CRM must not keep the whole queue from being exported."""
    assert expected == load_workbook(io.BytesIO(xlsx_bytes(["a"], [[text]]))).active["A2"].value
    assert [["a"], [expected]] == list(
        csv.reader(io.StringIO(csv_bytes(["a"], [[text]]).decode("utf-8-sig"), newline=""))
    )


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "pack.html"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")
    assert [(path, b"old")] == [(p, p.read_bytes()) for p in tmp_path.iterdir()]


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path):
    (tmp_path / "out").write_text("a file where a folder should be")
    with pytest.raises(PlanerkaError, match=r"out/pack.html cannot be written .*: give it space and rights"):
        write_atomically(tmp_path / "out" / "pack.html", b"")
