"""Which row of a table is its header: not a title above it, nor the first of the rows."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import Any

from planerka.crm.cells import quotable
from planerka.crm.mapping_parts import Layout
from planerka.errors import MappingError
from planerka.phones import is_contact

UNCUT = re.compile(r"[,;|\t](?! )")
LOOKED_N = 20
"""So many rows with anything in them are looked at: no title is longer."""
DATUM = re.compile(r"\d[\d.:/ -]{3,}")
"""What a number of a card, a day or a phone begins with, and no name of a column."""
NUMBER = re.compile(r"[\d., \xa0\u202f]+")
YEAR = re.compile(r"(?:19|20)\d\d(?P<said> ?(?:г\.?|год|year|план|факт|plan|actual))?", re.IGNORECASE)
IN_TURN_N = 3
"""So many numbers that follow one another are the months of a plan, or its weeks."""


def told_header(header: Sequence[str]) -> list[str]:
    """The names of columns as they may be told: of a file without a header they are the cells of its first row."""
    return [quotable(name) for name in header] if is_row(header) else list(header)


def is_row(header: Sequence[str]) -> bool:
    """Whether these are the cells of a row, not names: one is a date, a phone or a long number, or half are numbers.

    A short number alone may be a name, as pandas writes `0`; so may years and months, beside words.
    """
    names = [name for name in header if any(map(str.isalnum, name))]
    periods = periods_in(names)
    others = [name for name in names if name not in periods] or names
    numbers_n = sum(bool(NUMBER.fullmatch(name)) for name in others)
    return numbers_n * 2 >= len(others) > 0 or any(DATUM.match(name) or is_contact(name) for name in others)


def periods_in(names: Sequence[str]) -> set[str]:
    """Names that say a year, several years, or months in their turn. One bare year may be the number of a card."""
    years = [year for name in names if (year := YEAR.fullmatch(name))]
    found = {year.string for year in years if year["said"] or len(years) > 1}
    numbers = [name for name in names if name.isdecimal() and len(name) <= 2]
    steps = {int(b) - int(a) for a, b in pairwise(numbers)}
    return found | set(numbers if len(numbers) >= IN_TURN_N and steps == {1} else ())


def row_below_title(rows: Iterable[tuple[int, Sequence[Any]]]) -> int | None:
    """The number of the row that looks like the header, of rows with their numbers; None where the first does.

    A title fills no more than half of the columns, and the header is the first row to fill as many as any row does.
    A first row of several cells that another row has as many of is the header itself, and a longer one has too many.
    """
    texts = ((number, ["" if cell is None else str(cell).strip() for cell in cells]) for number, cells in rows)
    filled = list(islice(((number, cells) for number, cells in texts if any(cells)), LOOKED_N))
    widths = [sum(map(bool, cells)) for _, cells in filled]
    if len(filled) < 2 or widths[0] * 2 > max(widths):
        return None
    position = widths.index(max(widths))
    if 1 < widths[0] in widths[1:position]:
        return None
    number, header = filled[position]
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
