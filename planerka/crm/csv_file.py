"""A CSV file as blocks."""

import codecs
import csv
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, open_csv

from planerka.crm.blocks import Block
from planerka.crm.csv_faults import are_rows, encoding_fault, fault_in
from planerka.crm.header import refuse_title
from planerka.crm.mapping_parts import Layout
from planerka.errors import CrmError

BLOCK_BYTES_N = 2_000_000
"""Arrow reads up to 32 of them ahead: blocks of twice the size take 100 MB more of a large file, and no less time."""
TAIL_BYTES_N = 1_000_000  # even: UTF-16 has two bytes a character

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""A byte order mark says more surely than the mapping how a file is written."""

OTHER_KINDS = {
    b"PK\x03\x04": "a workbook or an archive: give it the ending .xlsx, or unpack it",
    b"\xd0\xcf\x11\xe0": "an old workbook, or one with a password: save it as .xlsx without a password",
    b"PAR1": "a Parquet: give it the ending .parquet",
    b"\x1f\x8b": "a packed file: unpack it",
}


class UnsoundQuoteError(Exception):
    """A quote that swallows rows, or that never closes."""


def csv_blocks(path: Path, layout: Layout) -> Iterator[Block]:
    """The first line from `header_row` on that has anything in it is the header.

    CrmError, with the line, where a row does not fit it or the file is cut short; MappingError where that is a title.
    """
    encoding = encoding_of(path, layout)
    try:
        refuse_title(path.name, numbered(path, layout, encoding), layout)
        row, header, skipped_n = header_in(path, layout, encoding)
        last = yield from under(row, header, layout, parsed(path, layout, encoding, len(header), skipped_n))
        refuse_an_open_quote(path, encoding, last)
    except UnsoundQuoteError as error:
        raise CrmError(f"{path.name}: {fault_in(path, layout, encoding) or error}") from None
    except (pa.ArrowInvalid, UnicodeError, csv.Error):  # whose words may be a client's row
        raise CrmError(f"{path.name}: {fault_in(path, layout, encoding) or 'is damaged: export it again'}") from None


def encoding_of(path: Path, layout: Layout) -> str:
    """By the mark at the file's beginning, else as the mapping says; CrmError where it is no text in that encoding."""
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise CrmError(f"{path.name} is empty, without even a header: export it again")
    for magic, remedy in OTHER_KINDS.items():
        if start.startswith(magic):
            raise CrmError(f"{path.name} is no CSV but {remedy}")
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    if fault := encoding_fault(path, layout.encoding):
        raise CrmError(f"{path.name} {fault}")
    return layout.encoding


def header_in(path: Path, layout: Layout, encoding: str) -> tuple[int, list[str], int]:
    """Number and names of the header, and how many lines the rows above it take; CrmError where there is none."""
    above_n = 0  # of lines, not of rows: a title in quotes may take several
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter)
        for row, cells in enumerate(reader, start=1):
            if row >= layout.header_row and any(map(str.strip, cells)):
                return row, cells, above_n
            above_n = reader.line_num
    if layout.header_row > 1:
        raise CrmError(f"{path.name} has nothing in row {layout.header_row} and below: correct `header_row`")
    raise CrmError(f"{path.name} has nothing but blank lines: export it again")


def csv_rows(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row, a title's too. CrmError where the bytes are no such rows."""
    encoding = encoding_of(path, layout)
    try:
        yield from numbered(path, layout, encoding)
    except (UnicodeError, csv.Error):
        raise CrmError(f"{path.name}: {fault_in(path, layout, encoding) or 'is damaged: export it again'}") from None


def numbered(path: Path, layout: Layout, encoding: str) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding=encoding, newline="") as file:
        yield from enumerate(csv.reader(file, delimiter=layout.delimiter), start=1)


def parsed(path: Path, layout: Layout, encoding: str, columns_n: int, skipped_n: int) -> Iterator[pa.RecordBatch]:
    """Every row, the header and blank ones too, as columns of text `f0`, `f1` ….

    Blank lines of too many or too few cells, as of spaces alone, are left out; an empty line is a row of blank cells.
    """
    names = [f"f{n}" for n in range(columns_n)]

    def blank_or_wrong(row: Any) -> str:
        return "error" if row.text.strip(f"\x00\x1a \t\r\n{layout.delimiter}") else "skip"

    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    # An OSFile, for Arrow unpacks what is only called .gz.
    with pa.OSFile(str(path)) as file:
        yield from open_csv(
            file,
            ReadOptions(
                encoding="utf8" if is_utf8 else encoding,
                block_size=BLOCK_BYTES_N,
                column_names=names,
                skip_rows=skipped_n,
            ),
            ParseOptions(
                delimiter=layout.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,  # else they are not counted, and rows below have other numbers than in Excel
                invalid_row_handler=blank_or_wrong,
            ),
            ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )


def under(
    header_row: int, header: list[str], layout: Layout, batches: Iterator[pa.RecordBatch]
) -> Generator[Block, None, str]:
    """Blocks with their rows as a spreadsheet numbers them; in the end the text of the very last cell.

    Rows of nothing but blank cells, as Excel leaves them at the end, are passed over.
    """
    row, last = header_row, header[-1]
    for batch in batches:
        refuse_swallowed_rows(batch, layout)
        last = batch.columns[-1][-1].as_py()
        is_row = is_filled(batch)
        if row == header_row:
            is_row[0] = False
        rows = batch if is_row.all() else batch.filter(pa.array(is_row))
        yield Block(header, rows.columns, row + np.flatnonzero(is_row))
        row += len(batch)
    return last


def refuse_swallowed_rows(batch: pa.RecordBatch, layout: Layout) -> None:
    """UnsoundQuoteError where the lines of a cell look like rows of their own."""
    for cells in batch.columns:
        content = cells.buffers()[-1].to_pybytes()
        if b"\n" in content or b"\r" in content:
            texts = cells.filter(pc.match_substring_regex(cells, r"[\r\n]")).unique().to_pylist()
            if any(are_rows(text, layout.delimiter, batch.num_columns) for text in texts):
                raise UnsoundQuoteError("a cell in quotes holds whole rows")


def is_filled(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    is_blank = np.ones(len(batch), dtype=np.bool_)
    for cells in batch.columns:
        is_blank &= pc.binary_length(pc.utf8_trim_whitespace(cells)).to_numpy(zero_copy_only=False) == 0
        if not is_blank.any():
            break
    return ~is_blank


def refuse_an_open_quote(path: Path, encoding: str, last: str) -> None:
    """UnsoundQuoteError where a quote is open at the end of the file, which Arrow closes without a word."""
    cell = '"' + last.replace('"', '""')
    with path.open("rb") as file:
        file.seek(-min(TAIL_BYTES_N, path.stat().st_size), os.SEEK_END)
        tail = file.read().decode(encoding, "ignore")
    if tail.endswith(cell) and not tail.endswith('""'):
        raise UnsoundQuoteError("the quote of the last cell never closes: the file is cut short, export it again")
