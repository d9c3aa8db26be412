"""A Parquet file as blocks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from planerka.crm.blocks import Block
from planerka.crm.mapping_parts import Layout
from planerka.errors import CrmError

BLOCK_ROWS_N = 25_000
BUFFER_BYTES_N = 1_000_000
"""Of each column: without it a row group, which may be the whole file, is read at once."""


def parquet_blocks(path: Path, _layout: Layout) -> Iterator[Block]:
    """CrmError where the file is cut short, damaged or no Parquet."""
    try:
        with pq.ParquetFile(path, buffer_size=BUFFER_BYTES_N, pre_buffer=False) as file:
            header, row = file.schema_arrow.names, 1
            for batch in file.iter_batches(batch_size=BLOCK_ROWS_N):
                yield Block(header, batch.columns, np.arange(row, row + len(batch)))
                row += len(batch)
            if row == 1:
                yield Block(header, [pa.array([], field.type) for field in file.schema_arrow], np.arange(0))
    except (pa.ArrowInvalid, OSError) as error:
        raise CrmError(
            f"{path.name} is no Parquet, or is cut short or damaged ({first_line(error)}): copy or export it again"
        ) from None


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
