"""A table whose columns are added to the rows of the leads. It is held in memory: deals are few beside leads."""

import pandas as pd
from pandas.api.extensions import take

from planerka.crm.chunks import Place, chunks_of
from planerka.crm.mapping_parts import Join
from planerka.errors import CrmError, MappingError


class JoinedTable:
    """One row a key. Counts what it matched, because a join that matches nothing is a wrong mapping."""

    def __init__(self, name: str, join: Join, place: Place, columns: set[str], decimal_mark: str) -> None:
        chunks = chunks_of(place, columns | {join.key}, join, decimal_mark)
        rows = pd.concat(chunks, ignore_index=True).dropna(subset=[join.key])
        repeated = rows[join.key][rows[join.key].duplicated()]
        if len(repeated):
            raise CrmError(
                f"{join.title}: {join.key} {repeated.iat[0]!r} stands in more than one row: joins.{name} needs one row "
                "a key; a file with several rows a lead goes under `contracts` or `events`"
            )
        self.name, self.join = name, join
        self.rows = rows[sorted(columns)].add_prefix(f"{name}.")
        self.keys = pd.Index(rows[join.key], dtype=object)
        self.asked_n = self.matched_n = 0

    def added_to(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk with the columns of this file, None where it has no such key."""
        positions = self.keys.get_indexer(chunk[self.join.lead_column])
        self.asked_n += int(chunk[self.join.lead_column].count())
        self.matched_n += int((positions >= 0).sum())
        columns = {
            name: take(self.rows[name].to_numpy(), positions, allow_fill=True, fill_value=None) for name in self.rows
        }
        return chunk.assign(**columns)

    def check_matched(self) -> None:
        """MappingError where not one of the keys of the leads was found."""
        if self.asked_n and len(self.keys) and not self.matched_n:
            raise MappingError(
                f"joins.{self.name}: none of {self.asked_n} values of {self.join.lead_column!r} is a {self.join.key!r} "
                f"of {self.join.title}: correct `lead_column` or `key`"
            )
