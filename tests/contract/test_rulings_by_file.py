"""The queue as a spreadsheet, and back with rulings in it: row by row, nothing twice, and whatever the file may be."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from openpyxl import Workbook

from flows.cli_review import print_file_report
from planerka.disputes.export import SHEET, queue_rows, write_queue
from planerka.disputes.ruling import rule
from planerka.disputes.ruling_by_file import FileReport, Refused, rule_by_file
from planerka.errors import UsageError
from planerka.model import Decision, Lead
from planerka.store import disputes, leads
from planerka.store.dispute_steps import last_step
from planerka.store.stakes import put_stakes
from planerka.words import words_for
from tests.builders_disputes import NOW, docket_of, open_one, put_ruling
from tests.builders_store import MOSCOW, frame_of

LATER = NOW + timedelta(hours=2)
AUTHOR = "Ирина Соколова"
HEADER = ("number", "seen", "decision_new", "comment_new")

Row = Sequence[object]


@pytest.fixture
def queue(engine: sa.Engine) -> sa.Engine:
    """Three disputes that wait, 1 to 3, over rejected leads."""
    with engine.begin() as connection:
        some = [{"id": f"L{n}", "status": "rejected"} for n in (1, 2, 3)]
        leads.store_batch(connection, "crm", Lead, frame_of(Lead, *some), MOSCOW)
        assert [1, 2, 3] == [open_one(connection, f"E{n}", f"L{n}") for n in (1, 2, 3)]
    return engine


def book(path: Path, *rows: Row, header: Row = HEADER) -> Path:
    """A workbook, or a CSV by the name."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return path
    made = Workbook()
    for row in (header, *rows):
        made.active.append(row)
    made.save(path)
    return path


def ruled(queue: sa.Engine, path: Path, author: str = AUTHOR) -> FileReport:
    return rule_by_file(docket_of(queue), path, author, LATER)


def states(queue: sa.Engine) -> dict[int, str]:
    with queue.begin() as connection:
        return {view.id: str(view.state) for view in disputes.listing(connection, "crm")}


def filled(path: Path, decisions: dict[int, tuple[str, str]]) -> None:
    """Write decisions into an exported workbook, as somebody does in Excel."""
    made = openpyxl.load_workbook(path)
    for row in made.active.iter_rows(min_row=2):
        if row[0].value in decisions:
            row[1].value, row[2].value = decisions[row[0].value]
    made.save(path)


def test_the_queue_goes_out_and_comes_back_with_rulings(queue, tmp_path):
    """The words of the list that Excel offers, in any case; a row without a decision is left alone."""
    path = tmp_path / "queue.xlsx"
    write_queue(path, queue_rows(queue, "crm", MOSCOW, is_all=False), words_for("ru"))
    filled(path, {1: ("вернуть в работу", " Одна попытка "), 2: ("оставить ОТКАЗ в силе", "Запись есть")})
    assert FileReport(ruled=(1, 2), before=(), refused=()) == ruled(queue, path)
    assert {1: "return_ruled", 2: "upheld", 3: "opened"} == states(queue)
    with queue.begin() as connection:
        assert (AUTHOR, "Одна попытка") == (last_step(connection, 1).author, last_step(connection, 1).comment)


def test_the_workbook_is_pleasant_to_rule_in(queue, tmp_path):
    """What is written stands first and stays in sight, the decision is chosen from a list, money is a number."""
    with queue.begin() as connection:
        put_stakes(connection, {1: {"amount_minor": 123_456_700, "currency": "RUB"}})
    path = tmp_path / "queue.xlsx"
    write_queue(path, queue_rows(queue, "crm", MOSCOW, is_all=False), words_for("ru"))
    sheet = openpyxl.load_workbook(path).active
    (listed,) = sheet.data_validations.dataValidation
    assert ("D2", "B2:B4") == (sheet.freeze_panes, str(listed.sqref))
    assert '"Оставить отказ в силе,Вернуть в работу,Запросить доказательства"' == listed.formula1
    assert all(8 <= column.width <= 62 for column in sheet.column_dimensions.values())
    row = {title.value: cell.value for title, cell in zip(sheet[1], sheet[2], strict=True)}
    assert list(SHEET) == list(row)
    expected = {"number": 1, "state": "opened", "at_stake": 1_234_567, "currency": "RUB", "seen": 1}
    assert expected == {name: row[name] for name in expected}


def test_the_same_file_again_rules_nothing_twice_and_says_so(queue, tmp_path):
    """Also when the ruling was appealed meanwhile, and of a comment that is kept masked."""
    path = book(tmp_path / "a.xlsx", (1, 1, "uphold", "Звонили на +7 916 123-45-67"), (2, 1, "uphold", "Запись есть"))
    assert (1, 2) == ruled(queue, path).ruled
    assert FileReport(ruled=(), before=(1, 2), refused=()) == ruled(queue, path)
    assert "closed: Ирина Соколова ruled uphold" in ruled(queue, path, "Пётр").refused[0].why


def test_a_file_goes_on_where_a_killed_run_stopped(queue, tmp_path):
    rule(docket_of(queue), 1, Decision.UPHOLD, AUTHOR, "Запись есть", LATER)
    path = book(tmp_path / "a.csv", *((n, 1, "uphold", "Запись есть") for n in (1, 2, 3)))
    assert FileReport(ruled=(2, 3), before=(1,), refused=()) == ruled(queue, path)


REFUSED = [
    ((1, 1, "uphold", ""), "needs a comment"),
    (
        (1, 1, "", "Одна попытка"),
        "'' is no decision: choose one of Оставить отказ в силе (uphold), Вернуть в работу (return_to_work), Запросить",
    ),
    ((1, 1, "reject", "Одна попытка"), "'reject' is no decision"),
    ((1, 2, "uphold", "Одна попытка"), "Dispute 1 is opened now"),
    ((1, "", "uphold", "Одна попытка"), "'' in the column seen is no number"),
    ((404, 1, "uphold", "Одна попытка"), "There is no dispute 404"),
    (("1; DROP TABLE", 1, "uphold", "Одна попытка"), "is no number: export the queue again"),
    (("9" * 30, 1, "uphold", "Одна попытка"), "is no number"),
    (("²", 1, "uphold", "Одна попытка"), "is no number"),
    ((-1, 1, "uphold", "Одна попытка"), "is no number"),
    ((1.5, 1, "uphold", "Одна попытка"), "is no number"),
    ((True, 1, "uphold", "Одна попытка"), "is no number"),
    (("=1", 1, "uphold", "Одна попытка"), "there is a formula in the row"),
    ((1, 1, "=B7", "Одна попытка"), "there is a formula in the row"),
    ((1, 1, "uphold", '=HYPERLINK("http://a.b")'), "there is a formula in the row"),
]


@pytest.mark.parametrize("row, why", REFUSED, ids=[f"{n}" for n in range(len(REFUSED))])
@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_a_row_that_cannot_be_ruled_is_refused_by_its_number_and_the_others_are_done(queue, tmp_path, name, row, why):
    report = ruled(queue, book(tmp_path / name, (2, 1, "uphold", "Запись есть"), row, (3, 1, "uphold", "Запись есть")))
    assert (2, 3) == report.ruled
    (refused,) = report.refused
    assert 3 == refused.row
    assert why in refused.why
    assert "opened" == states(queue)[1]


@pytest.mark.parametrize("written", ["Вернуть в работу", "вернуть в работу", "Return to work", "return_to_work"])
@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_a_decision_is_taken_in_the_words_of_the_list(queue, tmp_path, name, written):
    assert (1,) == ruled(queue, book(tmp_path / name, (1, 1, written, "Одна попытка"))).ruled


def test_a_forbidden_return_is_refused_and_leaves_no_ruling(queue, tmp_path):
    """The client has bought since the export."""
    with queue.begin() as connection:
        leads.store_batch(connection, "crm", Lead, frame_of(Lead, {"id": "L1", "status": "won"}), MOSCOW)
    report = ruled(queue, book(tmp_path / "a.xlsx", (1, 1, "return_to_work", "Одна попытка")))
    assert (Refused(row=2, number="1", why="lead L1 is not returned to work: it is won now"),) == report.refused
    assert "opened" == states(queue)[1]


def test_the_shell_names_the_dispute_of_a_refused_row(queue, tmp_path, capsys):
    """A sheet that was sorted has its rows elsewhere."""
    with pytest.raises(UsageError, match="1 rows were refused"):
        print_file_report(ruled(queue, book(tmp_path / "a.xlsx", (2, 1, "uphold", ""))))
    assert "Row 2 is refused, dispute 2: a ruling needs a comment" in capsys.readouterr().out


def test_what_changed_since_the_export_is_told_by_who_changed_it(queue, tmp_path):
    with queue.begin() as connection:
        put_ruling(connection, 1, Decision.REQUEST_EVIDENCE, "Где запись?", NOW, author="Пётр")
    (refused,) = ruled(queue, book(tmp_path / "a.xlsx", (1, 1, "uphold", "Запись есть"))).refused
    assert "Dispute 1 is evidence_requested now: Пётр did this last: request_evidence" == refused.why


def test_a_dispute_that_stands_twice_is_ruled_by_neither_row(queue, tmp_path):
    """Nobody knows which one was meant."""
    path = book(tmp_path / "a.xlsx", (1, 1, "uphold", "Запись есть"), (1, 1, "return_to_work", "Одна попытка"))
    assert [2, 3] == [refused.row for refused in ruled(queue, path).refused]
    assert "opened" == states(queue)[1]


@pytest.mark.parametrize(
    "encoding, delimiter", [("utf-8-sig", ","), ("utf-8", ";"), ("cp1251", ";"), ("utf-16", "\t"), ("utf-16", ";")]
)
def test_a_csv_is_read_however_excel_saves_it(queue, tmp_path, encoding, delimiter):
    """With columns of the analyst's own, in another order, and lines of several lines."""
    rows = [("comment_new", "мой столбец", "Decision_New ", "seen", "number"), ("Запись\nесть", "да", "uphold", 1, 2)]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path = tmp_path / "a.CSV"
    path.write_bytes(text.getvalue().encode(encoding))
    assert (2,) == ruled(queue, path).ruled
    with queue.begin() as connection:
        assert "Запись\nесть" == last_step(connection, 2).comment


def zip_of(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, part in parts.items():
            made.writestr(name, part)
    return content.getvalue()


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


def bomb(path: Path) -> bytes:
    """200 MB of blanks in the sheet."""
    parts = parts_of(book(path, (1, 1, "uphold", "Запись есть")))
    return zip_of(parts | {"xl/worksheets/sheet1.xml": b" " * 200_000_000})


def with_entities(path: Path) -> bytes:
    """A billion laughs."""
    parts = parts_of(book(path, (1, 1, "uphold", "Запись есть")))
    steps = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    sheet = parts["xl/worksheets/sheet1.xml"].decode().replace("uphold", "&a9;")
    laughs = f'<!DOCTYPE w [<!ENTITY a0 "ha">{steps}]>{sheet.split("?>", 1)[-1]}'
    return zip_of(parts | {"xl/worksheets/sheet1.xml": laughs.encode()})


def merged(path: Path) -> bytes:
    made = openpyxl.load_workbook(book(path, (1, 1, "uphold", "Запись есть"), (2, 1, None, None)))
    made.active.merge_cells("C2:C3")
    made.save(path)
    return path.read_bytes()


def without_sheet(path: Path) -> bytes:
    parts = parts_of(book(path, (1, 1, "uphold", "Запись есть")))
    return zip_of({name: part for name, part in parts.items() if "sheet1" not in name})


def with_strange_parts(path: Path) -> bytes:
    """XML that no program writes."""
    parts = parts_of(book(path, (1, 1, "uphold", "Запись есть")))
    book_xml = parts["xl/workbook.xml"].replace(b"<workbookView ", b'<workbookView a="b" ')
    return zip_of(parts | {"xl/workbook.xml": book_xml})


HOSTILE = [
    ("a.xlsx", lambda path: b"number,seen,decision_new,comment_new\n1,1,uphold,a", "is no workbook, but text"),
    ("a.xlsx", lambda path: b"", "is empty"),
    ("a.xlsx", lambda path: b"PK\x03\x04 and nothing else", "is cut short, damaged or no workbook"),
    ("a.xlsx", lambda path: book(path).read_bytes()[:-100], "is cut short, damaged or no workbook"),
    ("a.xlsx", lambda path: zip_of({"a.txt": b"a"}), "is cut short, damaged or no workbook"),
    ("a.xlsx", bomb, "is too large, 200 MB when unpacked"),
    ("a.xlsx", with_entities, "is cut short, damaged or no workbook"),
    ("a.xlsx", with_strange_parts, "is cut short, damaged or no workbook"),
    ("a.xlsx", merged, "cells C2:C3 are merged"),
    ("a.xlsx", without_sheet, "is cut short, damaged or no workbook|it has no sheet"),
    ("a.xlsx", lambda path: book(path, header=("number", "decision_new")).read_bytes(), "no column seen, comment_new"),
    ("a.xlsx", lambda path: book(path, header=(*HEADER, "seen")).read_bytes(), "has the column seen twice"),
    ("a.csv", lambda path: b"", "is empty"),
    ("a.csv", lambda path: "число,seen\n1,1".encode("cp1251"), "no column number, decision_new, comment_new"),
    ("a.csv", lambda path: book(path.with_suffix(".xlsx")).read_bytes(), "is no CSV but a workbook"),
    ("a.csv", lambda path: ",".join(HEADER).encode("utf-16-le"), "is no text, or is UTF-16 without the mark"),
    ("a.csv", lambda path: b"\xff\xfe\x00", "is cut short or damaged"),
    ("a.csv", lambda path: (",".join(HEADER) + "\n" + '1,1,uphold,"').encode() + b"a" * 200_000, "."),
    ("a.ods", lambda path: b"", "give a file that ends with .csv or .xlsx"),
]


@pytest.mark.parametrize("name, content, why", HOSTILE, ids=[f"{n}" for n in range(len(HOSTILE))])
def test_a_file_that_is_no_exported_queue_is_refused_whole(queue, tmp_path, name, content, why):
    """In one sentence, and nothing of it is ruled."""
    path = tmp_path / name
    written = content(path)
    path.write_bytes(written)
    with pytest.raises(UsageError, match=why):
        ruled(queue, path)
    assert {1: "opened", 2: "opened", 3: "opened"} == states(queue)


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_a_hundred_thousand_rows_are_refused_before_anything_is_ruled(queue, tmp_path, name):
    path = book(tmp_path / name, *((n, 1, "uphold", "Запись есть") for n in range(1, 100_001)))
    with pytest.raises(UsageError, match=f"{name} is larger than 20000 rows: export the queue again, without --all"):
        ruled(queue, path)
    assert "opened" == states(queue)[1]


def test_a_path_that_leads_nowhere_or_an_author_who_is_nobody_is_refused(queue, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        ruled(queue, tmp_path / "none.xlsx")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        ruled(queue, tmp_path / "folder.csv")
    with pytest.raises(UsageError, match="rulings need an author"):
        ruled(queue, book(tmp_path / "a.csv"), " ")
