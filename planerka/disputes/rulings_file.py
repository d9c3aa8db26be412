"""Reading rulings from the exported queue, CSV or XLSX. Anybody may have had it in hand: nothing in it is trusted."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from planerka.crm.csv_file import csv_rows
from planerka.crm.mapping_parts import Layout
from planerka.crm.xlsx_file import rows_as_written
from planerka.disputes.export import COMMENT, DECISION, NUMBER, SEEN
from planerka.errors import CrmError, UsageError
from planerka.files import NO_TEXT

ROWS_MAX, BYTES_MAX = 20_000, 20_000_000
NEEDED = (NUMBER, SEEN, DECISION, COMMENT)
ENCODINGS, DELIMITERS = ("utf-8", "cp1251"), ",;\t"
"""As Excel saves a CSV; one in UTF-16 says so itself."""

Rows = Iterable[tuple[int, Sequence[Any]]]
"""Rows with their numbers in the file."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row in which somebody has written a decision or a comment: its number, and its cells as text."""

    row: int
    number: str
    seen: str
    decision: str
    comment: str

    @property
    def has_formula(self) -> bool:
        return any(cell.startswith("=") for cell in (self.number, self.seen, self.decision, self.comment))


def lines_in(path: Path) -> list[Line]:
    """The lines of the file in their order.

    UsageError where it cannot be read, is nothing of the kind, is too large, or lacks a column that is needed.
    """
    try:
        if path.stat().st_size > BYTES_MAX:
            raise too_large(path)
        return list(lines_of(path, rows_of(path)))
    except OSError as wrong:
        raise UsageError(f"{path} cannot be read ({wrong.strerror}): correct the path") from None
    except CrmError as wrong:
        raise UsageError(str(wrong)) from None


def rows_of(path: Path) -> Rows:
    match path.suffix.lower():
        case ".xlsx":
            return rows_as_written(path)
        case ".csv":
            return csv_rows(path, layout_of(path))
        case _:
            raise UsageError(
                f"{path}: give a file that ends with .csv or .xlsx, as `planerka disputes export` writes it"
            )


def layout_of(path: Path) -> Layout:
    """The encoding and delimiter by which the header says what it must; the first that can be read where none does."""
    readable = []
    for encoding, delimiter in product(ENCODINGS, DELIMITERS):
        layout = Layout(encoding=encoding, delimiter=delimiter)
        with suppress(CrmError):
            _, header = next(csv_rows(path, layout), (0, []))
            readable.append(layout)
            if set(NEEDED) <= set(names_in(header)):
                return layout
    return readable[0] if readable else Layout()


def lines_of(path: Path, rows: Rows) -> Iterator[Line]:
    numbered = iter(rows)
    _, header = next(numbered, (0, []))
    names = names_in(header)
    refuse_another_header(path, names)
    place = {name: names.index(name) for name in NEEDED}
    for count, (row, cells) in enumerate(numbered, start=1):
        if count > ROWS_MAX:
            raise too_large(path)
        said = {name: text_of(cells[at] if at < len(cells) else None) for name, at in place.items()}
        if said[DECISION] or said[COMMENT]:
            yield Line(row=row, number=said[NUMBER], seen=said[SEEN], decision=said[DECISION], comment=said[COMMENT])


def names_in(header: Sequence[Any]) -> list[str]:
    return [text_of(name).lower() for name in header]


def refuse_another_header(path: Path, names: list[str]) -> None:
    if missing := [name for name in NEEDED if name not in names]:
        raise UsageError(
            f"{path.name} has no column {', '.join(missing)} in its first row: export the queue again, and leave that "
            "row as it is"
        )
    if twice := [name for name in NEEDED if names.count(name) > 1]:
        raise UsageError(f"{path.name} has the column {', '.join(twice)} twice: remove what is not meant")


def text_of(cell: Any) -> str:
    """Excel makes a number of what looks like one; what is none of its plain values is a formula of some kind."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return NO_TEXT.sub("", str(cell)).strip() if isinstance(cell, str | int | float) else f"={type(cell).__name__}"


def too_large(path: Path) -> UsageError:
    return UsageError(f"{path.name} is larger than {ROWS_MAX} rows: export the queue again, without --all")
