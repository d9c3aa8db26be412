"""Some rows of a table, as its reader finds them: the form that all kinds of files have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Block:
    """`columns[i]`, an Arrow array or a sequence of Python's values, stands under `header[i]`; names may come twice.

    `row` is the number of each row in its file, by which people find it.
    """

    header: Sequence[str]
    columns: Sequence[Any]
    row: NDArray[np.int64]

    def parts(self, rows_n: int) -> Iterator["Block"]:
        """The same in parts of at most so many rows; one part where there are none."""
        for start in range(0, max(len(self.row), 1), rows_n):
            part = slice(start, start + rows_n)
            yield Block(self.header, [column[part] for column in self.columns], self.row[part])
