"""Files that people open: written whole or not at all, and harmless in a spreadsheet."""

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from planerka.errors import PlanerkaError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

UNSEEN = r"\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
FORMULA = re.compile(rf"[{UNSEEN}]*[=+\-@＝＋－＠]|[\t\r]")
"""Spreadsheets trim a cell, signs that nobody sees included, and some read the full-width signs as the plain ones."""

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no sheet can hold, for XML has none of them."""

NARROWEST, WIDEST = 8, 60
"""Signs in the columns of a sheet."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target and rename: a reader, or a killed run, never leaves half a file.

    PlanerkaError where the folder is read-only or the disk is full; the old file is still there then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as wrong:
        remedy = "give it space and rights, and repeat"
        raise PlanerkaError(f"{path} cannot be written ({wrong.strerror}): {remedy}") from wrong


def harmless(cell: object) -> object:
    """A cell that a spreadsheet takes for text: one that looks like a formula gets an apostrophe in front."""
    if not isinstance(cell, str):
        return cell
    text = NO_TEXT.sub("", cell)
    return f"'{text}" if FORMULA.match(text) else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV that Excel opens as it is: UTF-8 with a byte order mark, harmless cells."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def xlsx_bytes(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    choices: Mapping[str, Sequence[str]] = MappingProxyType({}),
    fixed_n: int = 0,
) -> bytes:
    """One sheet with a bold header, which stays in sight with the first `fixed_n` columns; cells are values, never
    formulas. `choices`: of a column that somebody fills in, what a cell may say, without commas; nothing: any text."""
    from openpyxl import Workbook  # 0.2 s that only this verb needs

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(header))
    for row in rows:
        sheet.append([harmless(cell) for cell in row])
    lay_out(sheet, fixed_n)
    for name, said in choices.items():
        offer(sheet, header.index(name) + 1, said)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def lay_out(sheet: "Worksheet", fixed_n: int) -> None:
    """Columns as wide as what stands in them, within reason: beyond that a cell has lines."""
    from openpyxl.styles import Alignment, Font

    for column in sheet.iter_cols():
        width = max(len(str(cell.value)) for cell in column if cell.value is not None or cell.row == 1)
        sheet.column_dimensions[column[0].column_letter].width = min(max(width, NARROWEST), WIDEST) + 2
        for cell in column:
            cell.alignment = Alignment(vertical="top", wrap_text=True)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = sheet.cell(row=2, column=fixed_n + 1)


def offer(sheet: "Worksheet", column: int, said: Sequence[str]) -> None:
    """Room to write in each cell of a column, and a list to choose from where there is one."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    letter = get_column_letter(column)
    sheet.column_dimensions[letter].width = max(map(len, said), default=WIDEST) + 2
    if said:
        listed = DataValidation(type="list", formula1=f'"{",".join(said)}"', allow_blank=True, showErrorMessage=True)
        listed.add(f"{letter}2:{letter}{max(sheet.max_row, 2)}")
        sheet.add_data_validation(listed)
