"""Conditions of a mapping against the values that its files have: a misspelt value would silently be no row at all."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from pydantic import BaseModel

from planerka.crm.mapping_parts import Condition
from planerka.crm.names import difference, folded
from planerka.errors import MappingError


def checked(chunks: Iterator[pd.DataFrame], part: Any) -> Iterator[pd.DataFrame]:
    """The chunks of a file; after the last one, MappingError where a condition of the part names a value that is not
    in its column, while one that only looks the same is. A value that has not happened yet is no error.
    """
    conditions = [condition for condition in conditions_in(part) if condition.column]
    seen: dict[str, set[str]] = {str(condition.column): set() for condition in conditions}
    for chunk in chunks:
        for column, values in seen.items():
            values.update(chunk[column].dropna().unique())
        yield chunk
    for condition in conditions:
        check_values(condition, seen[str(condition.column)])


def check_values(condition: Condition, seen: set[str]) -> None:
    twins = {folded(value): value for value in seen}
    for value in condition.in_:
        twin = twins.get(folded(value))
        if twin is not None and value not in seen:
            raise MappingError(
                f"no cell of {condition.column!r} is {value!r}, but there is {twin!r}{difference(value, twin)}: "
                "write it in the condition as it stands in the file"
            )


def conditions_in(part: Any) -> list[Condition]:
    """Every condition in a part of the mapping, or in a tuple of parts."""
    if isinstance(part, BaseModel):
        own = [part] if isinstance(part, Condition) else []
        return own + conditions_in(tuple(vars(part).values()))
    members = part.values() if isinstance(part, dict) else part if isinstance(part, tuple) else ()
    return [condition for member in members for condition in conditions_in(member)]
