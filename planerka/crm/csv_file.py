"""A CSV file as chunks of text columns: the one place where bytes of an export become cells."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import take

from planerka.crm.cells import Texts
from planerka.crm.mapping import Layout
from planerka.crm.names import nearest
from planerka.errors import CrmError, MappingError

CHUNK_ROWS_N = 25_000


def chunks_of(path: Path, names: set[str], layout: Layout) -> Iterator[pd.DataFrame]:
    """The columns `names` of a file, CHUNK_ROWS_N rows at a time; at least one chunk, which may have no rows.

    Columns are `object`: text without the spaces around it, None where the cell is blank. Ids stay text.
    MappingError where a file or a column is not there, CrmError where the bytes are not such a CSV.
    """
    read = partial(cleaned, blank={"", *layout.blank})
    for number, chunk in enumerate(raw_chunks(path, layout)):
        chunk.columns = chunk.columns.str.strip()
        if number == 0:
            check_header(path, tuple(chunk.columns), names)
        yield pd.DataFrame({name: distinct(chunk[name], read) for name in sorted(names)})


def raw_chunks(path: Path, layout: Layout) -> Iterator[pd.DataFrame]:
    encoding = "utf-8-sig" if layout.encoding.lower() in ("utf-8", "utf8") else layout.encoding
    try:
        with pd.read_csv(
            path, sep=layout.delimiter, encoding=encoding, dtype=object, na_filter=False, chunksize=CHUNK_ROWS_N
        ) as reader:
            for chunk in reader:
                if not isinstance(chunk.index, pd.RangeIndex):  # pandas takes surplus cells for an index
                    raise CrmError(f"{path.name}: rows have more cells than the header: check `delimiter`")
                yield chunk.reset_index(drop=True)
    except OSError as error:
        raise not_there(path, error) from None
    except UnicodeDecodeError:
        raise CrmError(f"{path.name} is not written in {layout.encoding}: name its `encoding`, e.g. cp1251") from None
    except pd.errors.EmptyDataError:
        raise CrmError(f"{path.name} is empty, without even a header: export it again") from None
    except pd.errors.ParserError as error:
        raise CrmError(f"{path.name} is no CSV with delimiter {layout.delimiter!r}: {str(error).strip()}") from None


def not_there(path: Path, error: OSError) -> MappingError:
    """What to do about a file that cannot be opened: the nearest of those that lie beside it."""
    names = sorted(other.name for other in path.parent.glob("*.csv"))
    found = nearest(path.name, names) if names else "there is no CSV in that folder"
    return MappingError(f"{path} cannot be read ({error.strerror}): {found}; correct `file`, or give its folder")


def check_header(path: Path, header: tuple[str, ...], names: set[str]) -> None:
    missing = sorted(names - set(header))
    if missing:
        lines = [f"  {name!r} is not there: {nearest(name, header)}" for name in missing]
        raise MappingError("\n".join([f"{path.name} lacks columns that the mapping reads:", *lines]))


def cleaned(texts: Texts, blank: set[str]) -> Texts:
    stripped = (text.strip() for text in texts)
    return np.array([None if text in blank else text for text in stripped], dtype=object)


def distinct(cells: pd.Series, read: Callable[[Texts], Any]) -> pd.Series:
    """`read` applied to the distinct texts of a column, and spread over its rows; blank cells stay missing.

    Exports repeat themselves: a million rows have some hundred days and a dozen sources.
    """
    codes, texts = pd.factorize(cells.to_numpy(dtype=object))
    values = read(texts)
    fill_value = None if values.dtype == object else pd.NA
    spread = take(values, codes, allow_fill=True, fill_value=fill_value)
    return pd.Series(spread, index=cells.index, dtype=values.dtype)
