"""Rows of one id are brought together, however far apart they stand: only side by side can they be compared."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray

from planerka.crm.chunks import Place, chunks_of
from planerka.crm.mapping_parts import Layout

Hashes = NDArray[np.uint64]


def together(
    chunks: Iterator[pd.DataFrame], name: str, place: Place, layout: Layout, decimal_mark: str
) -> Iterator[pd.DataFrame]:
    """The chunks of a table, but for the rows whose text in the column `name` comes again: they are the last chunk."""
    first = next(chunks)  # read before all else: it tells best what is wrong with the file
    repeated = repeated_hashes(place, name, layout, decimal_mark)
    if not len(repeated):
        yield from chain([first], chunks)
        return
    aside = []
    for chunk in chain([first], chunks):
        is_repeated = np.isin(hashes_of(chunk[name]), repeated) & chunk[name].notna()
        aside.append(chunk[is_repeated])
        yield chunk[~is_repeated]
    yield pd.concat(aside)


def repeated_hashes(place: Place, name: str, layout: Layout, decimal_mark: str) -> Hashes:
    """The hashes of the texts that a column of a file has more than once: eight bytes a row are held in memory, and
    two texts of one hash are only compared in vain. None of a query, which is not put twice: its rows are compared
    within a chunk alone.
    """
    if isinstance(place, sa.URL):
        return np.array([], dtype=np.uint64)
    ids = (chunk[name].dropna() for chunk in chunks_of(place, {name}, layout, decimal_mark))
    hashes = np.concatenate([hashes_of(texts) for texts in ids])
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def hashes_of(texts: pd.Series) -> Hashes:
    return pd.util.hash_array(texts.to_numpy(dtype=object), categorize=False)
