"""Conditions of a mapping against the values that its files have: a misspelt value would silently be no row at all."""

from collections.abc import Collection, Iterator
from typing import Any

import pandas as pd
from pydantic import BaseModel

from planerka.crm.base import Sought
from planerka.crm.mapping_parts import Condition
from planerka.crm.names import difference, folded, near, nearest
from planerka.errors import MappingError
from planerka.phones import masked

MANY_N = 20
"""Of more values than these only near ones are told: the column is no list of stages."""


class Conditions:
    """The conditions of a part of the mapping (or of a tuple of parts), and what their columns turn out to hold.

    `named`: the ids that `references` name. They exist, though they may not have happened yet.
    """

    def __init__(self, part: Any, named: Collection[str]) -> None:
        self.conditions, self.named = conditions_in(part), named
        self.leaves = [leaf for condition in self.conditions for leaf in leaves_of(condition)]
        self.seen: dict[str, set[str]] = {str(leaf.column): set() for leaf in self.leaves}

    def watched(self, chunks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The chunks of the file; after the last one, MappingError where a value only looks like one in the file, and
        where a condition holds for no row, for its values are misspelt. One that has not happened yet is no error.
        """
        for chunk in chunks:
            for column, values in self.seen.items():
                values.update(chunk[column].dropna().unique())
            yield chunk
        for leaf in self.leaves:
            check_twins(leaf, self.seen[str(leaf.column)])
        for condition in self.conditions:
            if not self.may_hold(condition):
                told = "; ".join(one.told for leaf in leaves_of(condition) for one in self.sought_by(leaf) if one.told)
                raise MappingError(f"{told}: correct it, or name it under `references` if it has not happened yet")

    def may_hold(self, condition: Condition) -> bool:
        if condition.column:
            known = self.seen[condition.column]
            is_known = not known.union(self.named).isdisjoint(condition.in_)
            return is_known or all(near(value, known) is None for value in condition.in_)
        parts = map(self.may_hold, condition.all or condition.any)
        return bool(condition.present) or (all(parts) if condition.all else any(parts))

    @property
    def sought(self) -> tuple[Sought, ...]:
        """What became of each value of a column in which anything stands."""
        return tuple(dict.fromkeys(one for leaf in self.leaves for one in self.sought_by(leaf)))

    def sought_by(self, leaf: Condition) -> Iterator[Sought]:
        column = str(leaf.column)
        known = self.seen[column]
        for value in leaf.in_ if known else ():
            told = None if value in known else f"no cell of {column!r} is {value!r}{those_there(value, known)}"
            yield Sought(column=column, value=value, told=told)


def those_there(value: str, known: Collection[str]) -> str:
    is_telling = near(value, known) is not None or len(known) <= MANY_N
    return f": {masked(nearest(value, sorted(known)))}" if is_telling else ""


def check_twins(leaf: Condition, seen: set[str]) -> None:
    twins = {folded(value): value for value in seen}
    for value in leaf.in_:
        twin = twins.get(folded(value))
        if twin is not None and value not in seen:
            raise MappingError(
                f"no cell of {leaf.column!r} is {value!r}, but there is {twin!r}{difference(value, twin)}: "
                "write it in the condition as it stands in the file"
            )


def leaves_of(condition: Condition) -> list[Condition]:
    """The parts of a condition that name values of a column."""
    if condition.column:
        return [condition]
    return [leaf for part in (*condition.all, *condition.any) for leaf in leaves_of(part)]


def conditions_in(part: Any) -> list[Condition]:
    """Every whole condition in a part of the mapping, or in a tuple of parts."""
    if isinstance(part, Condition):
        return [part]
    if isinstance(part, BaseModel):
        return conditions_in(tuple(vars(part).values()))
    members = part.values() if isinstance(part, dict) else part if isinstance(part, tuple) else ()
    return [condition for member in members for condition in conditions_in(member)]
