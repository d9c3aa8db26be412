"""Files that people open: written whole or not at all, and harmless in a spreadsheet."""

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from planerka.errors import PlanerkaError

UNSEEN = r"\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
FORMULA = re.compile(rf"[{UNSEEN}]*[=+\-@＝＋－＠]|[\t\r]")
"""Spreadsheets trim a cell, signs that nobody sees included, and some read the full-width signs as the plain ones."""

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no sheet can hold, for XML has none of them."""


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


def xlsx_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """One sheet with a frozen, bold header; cells are values, never formulas."""
    from openpyxl import Workbook  # 0.2 s that only this verb needs
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(header))
    for row in rows:
        sheet.append([harmless(cell) for cell in row])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
