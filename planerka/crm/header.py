"""Which row of a table is its header: not a title above it, nor the first of the rows."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from planerka.crm.cells import quotable
from planerka.crm.mapping import Layout
from planerka.errors import MappingError
from planerka.phones import is_contact

UNCUT = re.compile(r"[,;|\t](?! )")
LOOKED_N = 20
"""So many rows with anything in them are looked at: no title is longer."""
YEAR = r"(?:19|20)\d\d(?![\d.:/-])"
DATUM = re.compile(rf"(?!{YEAR})\d[\d.:/ -]{{3,}}")
"""What a number of a card, a day or a phone begins with, and no name of a column: `2026 год` is one."""
NUMBER = re.compile(rf"(?!{YEAR})[\d., \xa0\u202f]*\d[\d., \xa0\u202f]*")


def told_header(header: Sequence[str]) -> list[str]:
    """The names of columns as they may be told: of a file without a header they are the cells of its first row."""
    return [quotable(name) for name in header] if is_row(header) else list(header)


def is_row(header: Sequence[str]) -> bool:
    """Whether these are the cells of a row, not names: one is a date, a phone or a long number, or half are numbers.

    A short number alone may be a name, as pandas writes `0`; so may a year.
    """
    names = [name for name in header if any(map(str.isalnum, name))]
    numbers_n = sum(bool(NUMBER.fullmatch(name)) for name in names)
    return numbers_n * 2 >= len(names) > 0 or any(DATUM.match(name) or is_contact(name) for name in names)


def row_below_title(rows: Iterable[tuple[int, Sequence[Any]]]) -> int | None:
    """The number of the row that looks like the header, of rows with their numbers; None where the first does.

    A title fills no more than half of the columns, and the header is the first row to fill as many as any row does.
    """
    texts = ((number, ["" if cell is None else str(cell).strip() for cell in cells]) for number, cells in rows)
    filled = list(islice(((number, cells) for number, cells in texts if any(cells)), LOOKED_N))
    widths = [sum(map(bool, cells)) for _, cells in filled]
    if len(filled) < 2 or widths[0] * 2 > max(widths):
        return None
    number, header = filled[widths.index(max(widths))]
    is_cut_wrongly = marks_in(filled[0][1]) & marks_in(header)
    return None if is_row(header) or is_cut_wrongly else number


def marks_in(cells: Sequence[str]) -> set[tuple[str, int]]:
    """Every delimiter in the cells, and how often: as often in two rows, it is that of the file. In prose a space
    follows on a comma.
    """
    return set(Counter(UNCUT.findall("".join(cells))).items())


def refuse_title(file: str, rows: Iterable[tuple[int, Sequence[Any]]], layout: Layout) -> None:
    """MappingError where a title stands above the header of a file, and the mapping does not say which row that is."""
    if "header_row" not in layout.model_fields_set and (row := row_below_title(rows)):
        raise MappingError(
            f"{file}: row {row} looks like the header, and what stands above it like a title: write `header_row: "
            f"{row}` beside the file, or `header_row: 1` if the first row is the header"
        )
