"""Clauses compiled, once, to vectorised three-valued tests, and checked against the catalogue of evidence."""

import operator
from collections.abc import Callable, Iterator
from functools import cache, reduce
from typing import Any

import numpy as np

from planerka.regulation.fields import CATALOGUE, NUMBERS, Field, FieldKind
from planerka.rulebook.entry import nearest
from planerka.rulebook.regulation import (
    CHOICES,
    COMPARISONS,
    Combination,
    Comparison,
    Condition,
    Implication,
    Multiple,
    Range,
)
from planerka.ternary import Columns, Mask, Ternary, Test, known

OPERATORS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "at_least": (operator.ge, operator.lt),
    "at_most": (operator.le, operator.gt),
    "more_than": (operator.gt, operator.le),
    "less_than": (operator.lt, operator.ge),
}
"""What proves a comparison and what disproves it: a NaN does neither."""

QUESTIONS = {
    FieldKind.YES_NO: "`is` or `present`",
    FieldKind.CODE: "`is`, `one_of`, `not_one_of` or `present`",
    FieldKind.TEXT: "`present`",
}
"""What may be asked of a field that is no number."""


@cache
def compiled(condition: Condition) -> Test:
    """The test that both hosts run. Its columns are those of `evidence.arrays_of`."""
    match condition:
        case Combination(operator=name, parts=parts):
            tests = [compiled(part) for part in parts]
            join = operator.and_ if name == "all" else operator.or_
            return lambda columns: reduce(join, (test(columns) for test in tests))
        case Implication(when=when, then=then):
            is_asked, is_done = compiled(when), compiled(then)
            return lambda columns: ~is_asked(columns) | is_done(columns)
        case Comparison():
            return compiled_comparison(condition)


def compiled_comparison(comparison: Comparison) -> Test:
    name, value = comparison.field, comparison.value
    if comparison.operator in OPERATORS:
        proves, disproves = OPERATORS[comparison.operator]

        def compare(columns: Columns) -> Ternary:
            other = columns(value.field) * value.times if isinstance(value, Multiple) else value
            return Ternary(proves(columns(name), other), disproves(columns(name), other))

        return compare
    if isinstance(value, Range):
        low, high = value.low, value.high
        return lambda columns: Ternary(
            (columns(name) >= low) & (columns(name) <= high), (columns(name) < low) | (columns(name) > high)
        )
    if comparison.operator == "present":
        return lambda columns: present(columns, CATALOGUE[name])
    codes, is_allowed = [stored(CATALOGUE[name], item) for item in asked(value)], comparison.operator != "not_one_of"
    return lambda columns: known(
        np.isin(columns(name), codes, invert=not is_allowed), is_known(columns, CATALOGUE[name])
    )


def is_known(columns: Columns, field: Field) -> Mask:
    column = columns(field.name)
    is_known: Mask = column >= 0 if field.kind == FieldKind.CODE else ~np.isnan(column)
    return is_known


def present(columns: Columns, field: Field) -> Ternary:
    """Recorded, or not known: what a CRM could hold and does not is unprovable, never a broken clause."""
    recorded = is_known(columns, field)
    return Ternary(recorded, np.zeros_like(recorded))


def asked(value: Any) -> tuple[bool | str, ...]:
    """The answers that `is` (one), `one_of` or `not_one_of` name."""
    return value if isinstance(value, tuple) else (value,)


def stored(field: Field, value: bool | str) -> float:
    """How a column stores yes, no or a code."""
    return float(value) if isinstance(value, bool) else field.codes.index(value)


def misfits(comparison: Comparison) -> Iterator[str]:
    """Why it asks for a field that is not there, or asks a field what it cannot answer; with the remedy."""
    unknown = [name for name in comparison.fields if name not in CATALOGUE]
    yield from (f"field {name!r} is not in the catalogue: {nearest(name, CATALOGUE)}" for name in unknown)
    if unknown:
        return
    field, *others = (CATALOGUE[name] for name in comparison.fields)
    yield from (
        f"{field.name} ({field.kind}) cannot be compared with {other.name} ({other.kind}): match the units"
        for other in others
        if other.kind != field.kind
    )
    if comparison.operator in (*COMPARISONS, "between") and field.kind not in NUMBERS:
        yield f"{field.name} is {field.kind}, not a number: ask it with {QUESTIONS[field.kind]}"
    if comparison.operator in ("is", *CHOICES):
        yield from misfit_values(field, asked(comparison.value))


def misfit_values(field: Field, values: tuple[bool | str, ...]) -> Iterator[str]:
    if field.kind not in (FieldKind.YES_NO, FieldKind.CODE):
        yield f"{field.name} is {field.kind}: ask it with {QUESTIONS.get(field.kind, '`at_least`, `at_most` …')}"
        return
    for value in values:
        if isinstance(value, bool) != (field.kind == FieldKind.YES_NO):
            choices = " or ".join(field.codes or ("true", "false"))
            yield f"{field.name} is {field.kind} and cannot be {value!r}: use {choices}"
        elif isinstance(value, str) and value not in field.codes:
            yield f"{field.name} cannot be {value!r}: {nearest(value, field.codes)}"
