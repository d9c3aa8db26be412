"""A sheet of a workbook as blocks."""

import re
import sys
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import numpy as np

from planerka.crm.blocks import Block
from planerka.crm.header import refuse_title
from planerka.crm.mapping_parts import Layout
from planerka.crm.names import nearest
from planerka.errors import CrmError, MappingError

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

BLOCK_ROWS_N = 10_000

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What files begin with that Excel wrote before 2007, and those with a password to this day."""

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

UNPACKED_BYTES_MAX = 60_000_000
"""Twice what a queue of twenty thousand disputes takes."""

STRANGE = (TypeError, AttributeError, IndexError, RuntimeError, OverflowError)
"""What openpyxl raises over XML that no program writes, and over parts that are packed with a password."""

PIECE_BYTES_N = 1_000_000
CELL_BYTES_N = 65_536
"""No cell with a formula takes more in the XML."""

TAG = rb"<(?:\w+:)?"
UNCOUNTED = re.compile(
    TAG + rb"c\b(?P<attributes>[^>]*)>\s*" + TAG + rb"f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?P<value>" + TAG + rb"v\s*/>\s*|" + TAG + rb"v>\s*</(?:\w+:)?v>\s*)?</(?:\w+:)?c>"
)
"""A cell with a formula and no value."""
MERGED = re.compile(TAG + rb'mergeCell\b[^>]*\bref="([^"]+)"')
PLACE = re.compile(rb'\br="([A-Z]+\d+)"')


def xlsx_blocks(path: Path, layout: Layout) -> Iterator[Block]:
    """The first row from `header_row` on that has anything in it is the header; later ones that have nothing are
    passed over.

    MappingError where the sheet is not told or not there, or where a title stands above the header; CrmError where the
    file is no workbook, has a password or is damaged, or where cells are merged or formulas without a value.
    """
    with sheet_of(path, layout) as sheet:
        refuse_title(path.name, filled_rows(sheet, 1), layout)
        refuse_what_reads_as_blank(path, sheet, layout.header_row)
        rows = filled_rows(sheet, layout.header_row)
        _, first = next(rows, (0, ()))
        header = ["" if value is None else str(value) for value in first]
        if not header and layout.header_row > 1:
            raise CrmError(
                f"{path.name}: sheet {sheet.title!r} has nothing in row {layout.header_row} and below: correct "
                "`header_row`"
            )
        if not header:
            raise CrmError(f"{path.name}: sheet {sheet.title!r} is empty, without even a header: export it again")
        is_first = True
        while (some := list(islice(rows, BLOCK_ROWS_N))) or is_first:
            is_first = False
            yield block_of(header, some)


def block_of(header: list[str], rows: list[tuple[int, tuple[Any, ...]]]) -> Block:
    """A row may be shorter or longer than the header: what stands under no name is not read."""
    lacking = (None,) * len(header)
    cells = [(*values, *lacking)[: len(header)] for _, values in rows]
    columns = list(zip(*cells, strict=True)) or [()] * len(header)
    return Block(header, columns, np.array([number for number, _ in rows], dtype=np.int64))


def xlsx_rows(path: Path, layout: Layout) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Number and values of each row that has any, a title's too."""
    with sheet_of(path, layout) as sheet:
        yield from filled_rows(sheet, 1)


def filled_rows(sheet: "ReadOnlyWorksheet", first: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Number and values of each row from `first` on that has any."""
    sheet.reset_dimensions()  # some programs write there that the sheet is one cell
    for number, values in enumerate(sheet.iter_rows(min_row=first, values_only=True), start=first):
        if any(value is not None and str(value).strip() for value in values):
            yield number, values


@contextmanager
def sheet_of(path: Path, layout: Layout) -> Iterator["ReadOnlyWorksheet"]:
    refuse_other_kinds(path)
    with opened(path) as book:
        yield book[sheet_name(path, [sheet.title for sheet in book.worksheets], layout.sheet)]


def rows_as_written(path: Path) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Number and cells of each row of the first sheet that has any: of a formula what it is, not its value.

    For a file of which anybody may be the author. CrmError where it is no workbook, has a password, is damaged, grows
    too large when it is unpacked, or where cells are merged.
    """
    refuse_other_kinds(path)
    refuse_a_bomb(path)
    with opened(path, with_formulas=True) as book:
        if not book.worksheets:
            raise CrmError(f"{path.name} is damaged, it has no sheet: copy or export it again")
        sheet = book.worksheets[0]
        for piece in pieces_of(sheet):
            refuse_merged(piece, f"{path.name}, sheet {sheet.title!r}", header_row=1)
        try:
            yield from filled_rows(sheet, 1)
        except STRANGE:
            raise damaged(path) from None


@contextmanager
def opened(path: Path, *, with_formulas: bool = False) -> Iterator["Workbook"]:
    """The workbook with the values that formulas had when it was saved, or with the formulas themselves."""
    from openpyxl import load_workbook  # 0.2 s that only workbooks should cost

    try:
        with warnings.catch_warnings(action="ignore"):  # of styles and extensions, which are not read
            try:
                book = load_workbook(path, read_only=True, data_only=not with_formulas)
            except STRANGE:
                raise damaged(path) from None
        try:
            yield book
        finally:
            book.close()
    except (BadZipFile, zlib.error, EOFError, KeyError, ValueError, ParseError):  # whose words may be those of a cell
        raise damaged(path) from None


def damaged(path: Path) -> CrmError:
    return CrmError(f"{path.name} is cut short, damaged or no workbook: copy or export it again")


def refuse_a_bomb(path: Path) -> None:
    """No part is unpacked beyond the size that it declares: the library that unpacks sees to that."""
    try:
        with ZipFile(path) as parts:
            unpacked_n = sum(part.file_size for part in parts.infolist())
    except BadZipFile:
        raise damaged(path) from None
    if unpacked_n > UNPACKED_BYTES_MAX:
        raise CrmError(f"{path.name} is too large, {unpacked_n // 1_000_000} MB when unpacked: export it again")


def refuse_other_kinds(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(len(OLE))
        is_encrypted = start == OLE and any(ENCRYPTED in piece for piece in pieces(file))
    if not start:
        raise CrmError(f"{path.name} is empty: export it again")
    if is_encrypted:
        raise CrmError(f"{path.name} has a password: save it without one")
    if start == OLE:
        raise CrmError(
            f"{path.name} is an old workbook (.xls) under the name of a new one: open it and save it as .xlsx"
        )
    if not start.startswith(b"PK"):
        raise CrmError(
            f"{path.name} is no workbook, but text under the name of one: give it the ending .csv if it is a CSV, "
            "or open it in Excel and save it as .xlsx"
        )


def sheet_name(path: Path, names: list[str], wanted: str | None) -> str:
    if not names:
        raise CrmError(f"{path.name} is damaged, it has no sheet: copy or export it again")
    if wanted is None and len(names) > 1:
        raise MappingError(
            f"{path.name} has several sheets, {', '.join(map(repr, names))}: name one by `sheet` in the mapping; to "
            "have one drafted, save each sheet as a file of its own first"
        )
    if wanted is not None and wanted not in names:
        raise MappingError(f"{path.name} has no sheet {wanted!r}: {nearest(wanted, names)}; correct `sheet`")
    return wanted or names[0]


def refuse_what_reads_as_blank(path: Path, sheet: "ReadOnlyWorksheet", header_row: int) -> None:
    """Cells that look filled in Excel, and of which nothing is in the file: it would be read as not known.

    What stands above the header is not read.
    """
    where = f"{path.name}, sheet {sheet.title!r}"
    for piece in pieces_of(sheet):
        for cell in UNCOUNTED.finditer(piece):
            is_blank = cell["value"] is None or b't="str"' not in cell["attributes"]  # the text may be an empty one
            if is_blank and last_row(place_of(cell["attributes"])) >= header_row:
                raise CrmError(
                    f"{where}: the formula in cell {place_of(cell['attributes'])} has no value in the file: open "
                    "it in Excel and save it, or paste values in place of the formulas"
                )
        refuse_merged(piece, where, header_row)


def refuse_merged(piece: bytes, where: str, header_row: int) -> None:
    for merged in (found[1].decode() for found in MERGED.finditer(piece)):
        if last_row(merged) >= header_row:
            raise CrmError(
                f"{where}: cells {merged} are merged, and only the first of them has the value: unmerge them, "
                "and fill in each; the header is one row, with a name for each column"
            )


def pieces_of(sheet: "ReadOnlyWorksheet") -> Iterator[bytes]:
    """The bytes of the sheet's XML, piece by piece."""
    with sheet.parent._archive.open(sheet._worksheet_path) as xml:
        yield from pieces(xml)


def last_row(places: str) -> int:
    """The row of a cell, `A7`, or the last of a range, `A1:F7`; of what has no place, none is below."""
    digits = "".join(filter(str.isdigit, places.rpartition(":")[2]))
    return int(digits) if digits else sys.maxsize


def place_of(attributes: bytes) -> str:
    found = PLACE.search(attributes)
    return found[1].decode() if found else "without a place"


def pieces(file: Any) -> Iterator[bytes]:
    """The bytes of a file, piece by piece, each with the end of the one before."""
    before = b""
    while piece := file.read(PIECE_BYTES_N):
        yield before + piece
        before = (before + piece)[-CELL_BYTES_N:]
