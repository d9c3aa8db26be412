"""What ids are called: the names of the mapping, then those of a CRM, then every id that the rows bring."""

from dataclasses import fields

import pandas as pd

from planerka.crm.base import Batch
from planerka.crm.mapping import AnyMapping
from planerka.crm.names import folded
from planerka.model import Reference, ReferenceKind

KINDS = {f"{kind}_id": kind for kind in ReferenceKind} | {
    "actor_id": ReferenceKind.MANAGER,
    "from_stage_id": ReferenceKind.STAGE,
    "to_stage_id": ReferenceKind.STAGE,
}


class References:
    """Remembers what was already handed out, so that each id is named once a read."""

    def __init__(self, mapping: AnyMapping) -> None:
        self.names = mapping.references
        self.titles: dict[tuple[ReferenceKind, str], str] = {}
        self.seen: set[tuple[ReferenceKind, str]] = set()
        self.first: dict[tuple[ReferenceKind, str], str] = {}

    def mapped(self) -> Batch:
        return self.batch([(kind, key) for kind, names in self.names.items() for key in names])

    def new_in(self, rows: pd.DataFrame) -> Batch:
        """The ids of a frame that were not met before: titled by the CRM or by themselves, and without a code."""
        return self.batch(self.unseen(rows))

    def unseen(self, rows: pd.DataFrame) -> list[tuple[ReferenceKind, str]]:
        columns = [(kind, rows[name]) for name, kind in KINDS.items() if name in rows]
        ids = [(kind, key) for kind, column in columns for key in column.unique() if isinstance(key, str) and key]
        return [pair for pair in dict.fromkeys(ids) if pair not in self.seen]

    def told(self, titles: dict[tuple[ReferenceKind, str], str]) -> Batch:
        """What a CRM calls these ids, and what the mapping does."""
        self.titles |= titles
        return self.batch(list(titles))

    def batch(self, pairs: list[tuple[ReferenceKind, str]]) -> Batch:
        """Before an id that looks like one handed out before that one is handed out again: seen together, they tell."""
        pairs = [*dict.fromkeys(twin for pair in pairs for twin in self.twins_of(pair))]
        rows = [(kind, key, *self.title_and_code(kind, key)) for kind, key in pairs]
        return Batch(noun=Reference, rows=pd.DataFrame(rows, columns=[f.name for f in fields(Reference)], dtype=object))

    def twins_of(self, pair: tuple[ReferenceKind, str]) -> list[tuple[ReferenceKind, str]]:
        """The pair, after the first one that is written like it."""
        kind, key = pair
        self.seen.add(pair)
        first = self.first.setdefault((kind, folded(key)), key)
        return [pair] if first == key else [(kind, first), pair]

    def title_and_code(self, kind: ReferenceKind, key: str) -> tuple[str, str | None]:
        name = self.names.get(kind, {}).get(key)
        title = (name and name.title) or self.titles.get((kind, key)) or key
        return title, name.code if name else None
