"""Rows of one id are brought together, however far apart they stand: only side by side can they be compared."""

from collections.abc import Iterator
from itertools import chain

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from planerka.crm.chunks import Place, blocks_of, checked_header, texts_in
from planerka.crm.mapping import Layout
from planerka.crm.names import visible


def together(chunks: Iterator[pd.DataFrame], name: str, place: Place, layout: Layout) -> Iterator[pd.DataFrame]:
    """The chunks of a table, but for the rows whose text in the column `name` comes again: they are the last chunk."""
    first = next(chunks)  # read before all else: it tells best what is wrong with the file
    repeated = repeated_texts(place, name, layout)
    aside = []
    for chunk in chain([first], chunks):
        is_repeated = chunk[name].isin(repeated)
        aside.append(chunk[is_repeated])
        yield chunk[~is_repeated] if repeated else chunk
    if repeated:
        yield pd.concat(aside)


def repeated_texts(place: Place, name: str, layout: Layout) -> set[str]:
    """The texts that a column of a file has more than once. It is held in memory as Arrow packs it: a million ids of
    ten digits take 20 MB. None of a query, which is not put twice: its rows are compared within a chunk alone.
    """
    if isinstance(place, sa.URL):
        return set()
    columns = []
    for block in blocks_of(place, layout):
        position = checked_header(layout.title, block.header, [name])[name]
        columns.append(pc.utf8_trim_whitespace(texts_in(layout.title, name, block.columns[position], ".")))
    counted = pc.value_counts(pa.chunked_array(columns, pa.string()).combine_chunks())
    repeated = pc.filter(counted.field("values"), pc.greater(counted.field("counts"), 1))
    return {visible(text) for text in repeated.to_pylist() if text}
