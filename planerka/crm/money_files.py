"""Spend and plan, which no CRM has: files beside the leads of an export, or beside the mapping of an account."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from planerka.crm.base import Batch
from planerka.crm.chunks import chunks_of
from planerka.crm.mapping import AccountMapping, AnyMapping, columns_in, queries_in
from planerka.crm.mapping_parts import Plans, Spending
from planerka.crm.nouns import plan_rows, spend_rows
from planerka.crm.rows import Converter, Rows
from planerka.errors import MappingError

Chunks = Callable[[Spending | Plans], Iterator[pd.DataFrame]]
"""The rows of a part of the mapping, chunk by chunk."""


def spend_and_plan(mapping: AnyMapping, convert: Converter, chunks: Chunks) -> Iterator[Rows]:
    if mapping.spend:
        yield from spend_rows(convert, mapping.spend, chunks(mapping.spend))
    if mapping.plan:
        for chunk in chunks(mapping.plan):
            yield from plan_rows(convert, mapping.plan, chunk)


class MoneyFiles:
    """The files of an account's mapping. They are small, and read whole with whatever is newest of the CRM.

    Their channels and projects are the ids that leads have: what those are called, the CRM tells.
    """

    def __init__(self, mapping: AccountMapping, folder: Path, convert: Converter) -> None:
        """MappingError for a query: an account has no database beside it."""
        if queries := queries_in((mapping.spend, mapping.plan)):
            raise MappingError(f"{sorted(queries)[0]!r}: spend and plan beside a CRM are files: give `file`")
        self.mapping, self.folder, self.convert = mapping, folder / mapping.folder, convert

    def batches(self) -> Iterator[Batch]:
        """CrmError, MappingError where a file is not as the mapping says."""
        for rows in spend_and_plan(self.mapping, self.convert, self.chunks):
            if len(rows.frame):
                yield rows.batch()

    def chunks(self, part: Spending | Plans) -> Iterator[pd.DataFrame]:
        return chunks_of(self.folder / part.file, columns_in(part), part, part.decimal_mark)
