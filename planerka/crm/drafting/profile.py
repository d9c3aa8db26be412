"""What the cells of a file look like, column by column: one pass, in memory that does not grow with the rows."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.crm.cells import CLOCK, SHEET_ERRORS, is_placeholder, is_remark
from planerka.crm.drafting.dates import Dates, Proof
from planerka.crm.drafting.figures import Figures
from planerka.crm.mapping_parts import Layout
from planerka.phones import EMAIL, is_contact

MANY_N = 300
"""More different texts than these are no list of stages, reasons, sources or managers."""

SKETCH_N = 65_536
"""The smallest hashes of a column's texts: they tell how many there are, and how many another column has too, within
half a per cent (Bar-Yossef et al. 2002, k minimum values); fewer texts than that are counted exactly."""

LOOKED_N = 50_000
"""Cells after which a column is known to hold dates, numbers, phones or none of them. Of dates more are looked at until
some row proves the order of day and month."""

MOSTLY = 0.9
HALF = 0.5
"""Dates are told by their form alone, so that half of a column is enough."""

STRAYS_N = 3

SHORT_CLOCK = re.compile(r"\d{1,3}:[0-5]\d", re.ASCII)

ANSWERS = ("нет", "unknown")
"""A column of answers, or of categories, has these as values."""


def is_nothing(text: str) -> bool:
    return is_placeholder(text) and text.casefold() not in ANSWERS


@dataclass(eq=False)
class ColumnProfile:
    """One column. `counts`: its texts with the cells of each, None once they are too many to be a list.

    `placeholders`: texts that say that they say nothing, with their cells, which count as blank;
    so do the errors of a spreadsheet, which every reader knows.
    `clocks_n`: cells like `0:01:35` or `1:05`; `short_clock`: the first of the latter, minutes or hours nobody knows.
    `remarks`: texts that say that there is no date, which a column of dates may have in most of its cells.
    `stray_dates`: the first rows that hold no date. `looked_n`: cells in which numbers and contacts were looked for;
    `dated_n`: the same of dates.
    """

    name: str
    filled_n: int = 0
    looked_n: int = 0
    dated_n: int = 0
    counts: Counter[str] | None = field(default_factory=Counter)
    placeholders: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    contacts_n: int = 0
    emails_n: int = 0
    dates: Dates = field(default_factory=Dates)
    figures: Figures = field(default_factory=Figures)
    clocks_n: int = 0
    short_clock: Proof | None = None
    stray_dates: list[int] = field(default_factory=list)
    sketch: NDArray[np.uint64] = field(default_factory=lambda: np.array([], dtype=np.uint64))

    @property
    def distinct_n(self) -> int:
        if len(self.sketch) < SKETCH_N:
            return len(self.sketch)
        return int((SKETCH_N - 1) / (float(self.sketch[-1]) / 2**64))

    @property
    def is_key(self) -> bool:
        """No text stands twice, as far as the sketch can tell."""
        is_exact = len(self.sketch) < SKETCH_N
        return self.filled_n > 0 and self.distinct_n >= self.filled_n * (1 if is_exact else 0.98)

    @property
    def is_date(self) -> bool:
        return self.dated_n > 0 and self.dates.cells_n >= HALF * self.dated_n

    @property
    def is_figure(self) -> bool:
        return self.looked_n > 0 and self.figures.cells_n >= MOSTLY * self.looked_n

    @property
    def is_clock(self) -> bool:
        return self.looked_n > 0 and self.clocks_n >= MOSTLY * self.looked_n

    @property
    def is_contact(self) -> bool:
        """Phones, e-mails and links to messengers: never to be shown."""
        return self.looked_n > 0 and self.contacts_n >= self.looked_n / 2

    @property
    def is_email(self) -> bool:
        return self.looked_n > 0 and self.emails_n >= self.looked_n / 2

    def see(self, cells: pd.Series) -> None:
        """Take note of the cells of a chunk, None where blank; their index is the row in the file."""
        says_nothing = cells.isin([text for text in cells.dropna().unique() if is_nothing(text)])
        self.placeholders.update(cells[says_nothing])
        cells = cells[~says_nothing & ~cells.isin(SHEET_ERRORS)]
        codes, texts = pd.factorize(cells.to_numpy(dtype=object))
        if not len(texts):
            return
        cells_n = np.bincount(codes[codes >= 0])
        rows = cells.index[codes >= 0][~pd.Index(codes[codes >= 0]).duplicated()]
        self.filled_n += int(cells_n.sum())
        self.sketch = np.union1d(self.sketch, pd.util.hash_array(texts))[:SKETCH_N]
        for text, row, n in zip(texts, rows.tolist(), cells_n.tolist(), strict=True):
            self.see_text(text, row, n)
        if self.counts is not None and len(self.counts) > MANY_N:
            self.counts = None

    def see_text(self, text: str, row: int, cells_n: int) -> None:
        if self.counts is not None:
            self.counts[text] += cells_n
        if len(self.remarks) < MANY_N and is_remark(text):
            self.remarks[text] += cells_n
        elif self.looked_n < LOOKED_N or not self.dates.are_settled:
            self.dated_n += cells_n
            is_date = self.dates.see(text, row, cells_n)
            if not is_date and len(self.stray_dates) < STRAYS_N:
                self.stray_dates.append(row)
        if self.looked_n < LOOKED_N:
            self.looked_n += cells_n
            self.contacts_n += cells_n * is_contact(text)
            self.emails_n += cells_n * ("@" in text and bool(EMAIL.search(text)))
            self.figures.see(text, row, cells_n)
            is_short = bool(SHORT_CLOCK.fullmatch(text))
            self.clocks_n += cells_n * (is_short or bool(CLOCK.fullmatch(text)))
            self.short_clock = self.short_clock or (Proof(row, text) if is_short else None)

    def share_in(self, other: "ColumnProfile") -> float:
        """How many of its different texts the other column has too, 0..1."""
        limit = other.sketch[-1] if len(other.sketch) == SKETCH_N else np.uint64(2**64 - 1)
        comparable = self.sketch[self.sketch <= limit]
        return float(np.isin(comparable, other.sketch, assume_unique=True).mean()) if len(comparable) else 0.0


@dataclass(eq=False)
class FileProfile:
    """One table: how it is written, and its columns in their order. `path` is that of a file, or a table's name."""

    path: Path
    layout: Layout
    rows_n: int
    columns: dict[str, ColumnProfile]

    @property
    def name(self) -> str:
        """Without the ending of a file, or the schema of a table."""
        return self.path.name.rpartition(".")[2] if self.layout.query else self.path.stem


def profile_of(path: Path, layout: Layout, names: Sequence[str], chunks: Iterator[pd.DataFrame]) -> FileProfile:
    """The profile of chunks of the columns `names`, texts, None where a cell is blank."""
    columns = {name: ColumnProfile(name) for name in names}
    rows_n = 0
    for chunk in chunks:
        for name, column in columns.items():
            column.see(chunk[name])
        rows_n += len(chunk)
    return FileProfile(path, layout, rows_n, columns)
