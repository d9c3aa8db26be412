"""A table as chunks of text columns, whatever file or database it lies in: the one place where cells become text."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from pandas.api.extensions import take

from planerka.crm.blocks import Block
from planerka.crm.cells import Texts
from planerka.crm.csv_faults import other_delimiter
from planerka.crm.csv_file import csv_blocks, csv_rows
from planerka.crm.header import row_below_title, told_header
from planerka.crm.mapping_parts import PARQUET, WORKBOOKS, Layout
from planerka.crm.names import nearest
from planerka.crm.parquet_file import parquet_blocks
from planerka.crm.sql_query import query_blocks
from planerka.crm.typed import may_be_text, texts_of
from planerka.crm.xlsx_file import xlsx_blocks, xlsx_rows
from planerka.errors import CrmError, MappingError
from planerka.unseen import visible

CHUNK_ROWS_N = 50_000

READERS: dict[str, Callable[[Path, Layout], Iterator[Block]]] = {
    **dict.fromkeys(WORKBOOKS, xlsx_blocks),
    PARQUET: parquet_blocks,
}
"""By the ending of the file; with any other it is a CSV."""

UNTIDY = "[^ -~]|^ | $"
"""What may have spaces around it or signs that nobody sees: most texts are plain ASCII, and are taken as they stand."""

Place = Path | sa.URL
"""A file, or the database that a query is put to."""


def chunks_of(place: Place, names: set[str], layout: Layout, decimal_mark: str = ".") -> Iterator[pd.DataFrame]:
    """The columns `names` of a table, at most CHUNK_ROWS_N rows at a time; at least one chunk, which may have no rows.

    The index is the row as a spreadsheet numbers it, the first line of the file being row 1; of a Parquet and a query,
    from 1. Columns are `object`: text without the spaces around it, None where the cell is blank. Ids stay text. A
    number that the source knows as one is written with `decimal_mark`, a date as `2026-03-01T10:05:00`: they read back
    to the same value. MappingError where a file or a column is not there, CrmError where the bytes are no such table.
    """
    read = partial(cleaned, blank={"", *layout.blank})
    title = place.name if isinstance(place, Path) else layout.title
    positions: dict[str, int] = {}
    for block in blocks_of(place, layout):
        positions = positions or checked_header(title, block.header, names)
        texts = {name: texts_in(title, name, block.columns[n], decimal_mark) for name, n in positions.items()}
        yield pd.DataFrame({name: spread(cells, read) for name, cells in texts.items()}, index=block.row, dtype=object)


def texts_in(title: str, name: str, cells: Any, decimal_mark: str) -> pa.StringArray:
    try:
        return texts_of(cells, decimal_mark)
    except TypeError as error:
        raise CrmError(f"{title}: column {name!r} holds {error}, which is no text: leave it out") from None


def header_of(place: Place, layout: Layout) -> tuple[str, ...]:
    """The names of all columns, without the spaces around them; "" where a column has none, or holds no text."""
    block = next(blocks_of(place, layout))
    columns = zip(block.header, block.columns, strict=True)
    return tuple(visible(name).strip() if may_be_text(cells) else "" for name, cells in columns)


def blocks_of(place: Place, layout: Layout) -> Iterator[Block]:
    """The table as it lies there, at most CHUNK_ROWS_N rows at a time."""
    if isinstance(place, sa.URL):
        blocks = query_blocks(place, layout)
    else:
        try:
            place.open("rb").close()
        except OSError as error:
            raise not_there(place, error) from None
        blocks = READERS.get(place.suffix.lower(), csv_blocks)(place, layout)
    for block in blocks:
        yield from block.parts(CHUNK_ROWS_N)


def not_there(path: Path, error: OSError) -> MappingError:
    """What to do about a file that cannot be opened: the nearest of those that lie beside it."""
    if not path.parent.is_dir():
        where = "`folder` under [source] of planerka.toml, or that of the mapping"
        return MappingError(f"{path.name} should lie in {path.parent}, and there is no such folder: correct {where}")
    if path.is_dir():
        return MappingError(f"{path} is a folder: name the file in it, by `file`")
    endings = {".csv", ".txt", ".tsv", *READERS}
    names = sorted(other.name for other in path.parent.glob("*") if other.suffix.lower() in endings)
    found = nearest(path.name, names) if names else "there is no table in that folder"
    return MappingError(f"{path} cannot be read ({error.strerror}): {found}; correct `file`, or give its folder")


def header_row_of(path: Path, layout: Layout) -> int | None:
    """The row below a title that looks like the header of a file; None where the first does, and of a Parquet."""
    suffix = path.suffix.lower()
    if suffix == PARQUET:
        return None
    return row_below_title((xlsx_rows if suffix in WORKBOOKS else csv_rows)(path, layout))


def checked_header(title: str, written: Sequence[str], names: Collection[str]) -> dict[str, int]:
    """Where each of the columns stands. MappingError where one does not, or where two have its name."""
    header = [visible(name).strip() for name in written]
    if missing := sorted(set(names) - set(header)):
        raise MappingError("\n".join([f"{title} lacks columns that the mapping reads:", *lacking(missing, header)]))
    for name in sorted(names):
        if header.count(name) > 1:
            places = " and ".join(str(n) for n, other in enumerate(header, start=1) if other == name)
            raise MappingError(f"{title}: columns {places} are both called {name!r}: give each its own name")
    return {name: header.index(name) for name in sorted(names)}


def lacking(missing: list[str], header: list[str]) -> Iterator[str]:
    named = [name for name in told_header(header) if name]
    for name in missing:
        yield f"  {name!r} is not there: {nearest(name, named)}"
    if len(header) == 1 and (delimiter := other_delimiter(header)):
        yield f"  the header seems to be written with another delimiter: set `delimiter: {delimiter!r}`"
    if unnamed := [str(n) for n, name in enumerate(header, start=1) if not name]:
        yield f"  columns without a name: {', '.join(unnamed)}; write one into the header if it is one of these"


def cleaned(cells: pa.StringArray, blank: set[str]) -> Texts:
    texts = cells.to_numpy(zero_copy_only=False)
    is_untidy = pc.match_substring_regex(cells, UNTIDY).to_numpy(zero_copy_only=False)
    texts[is_untidy] = np.array([visible(text).strip() for text in texts[is_untidy]], dtype=object)
    return np.array([None if text in blank else text for text in texts], dtype=object)


def spread(cells: pa.Array, read: Callable[[pa.StringArray], Texts]) -> Any:
    """`read` applied to the distinct texts of a column, and spread over its rows; null is None."""
    encoded = cells.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    values = read(encoded.dictionary)
    return np.append(values, np.array([None], dtype=object))[codes]  # -1 is the last


def distinct(cells: pd.Series, read: Callable[[Texts], Any]) -> pd.Series:
    """`read` applied to the distinct texts of a column, and spread over its rows; blank cells stay missing.

    Exports repeat themselves: a million rows have some hundred days and a dozen sources.
    """
    codes, texts = pd.factorize(cells.to_numpy(dtype=object))
    values = read(texts)
    fill_value = None if values.dtype == object else pd.NA
    found = take(values, codes, allow_fill=True, fill_value=fill_value)
    return pd.Series(found, index=cells.index, dtype=values.dtype)
