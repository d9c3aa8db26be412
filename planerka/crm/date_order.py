"""Formats by which one text is two different days: 01/02/2026 is the first of February, or the second of January."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations
from zoneinfo import ZoneInfo

import pandas as pd

from planerka.crm.cells import instants
from planerka.crm.chunks import distinct
from planerka.errors import MappingError

PROOFS_N = 3
"""So many rows are named that prove a format."""


def refuse_two_readings(place: str, texts: pd.Series, formats: Sequence[str], zone: ZoneInfo) -> None:
    """MappingError where two of the formats read a text as different days, with the rows that prove one of them.

    `texts`: a column, or as much of it as is read at a time, by row of its file; `place` names both.
    """
    for one, other in rivals(formats):
        by_one, by_other = (distinct(texts, partial(instants, formats=(text,), zone=zone)) for text in (one, other))
        is_open = by_one.notna() & by_other.notna() & (by_one != by_other)
        if is_open.any():
            row_n, text = texts.index[is_open][0], texts[is_open].iat[0]
            only_one, only_other = by_one.notna() & by_other.isna(), by_other.notna() & by_one.isna()
            proofs = {one: first_rows(only_one), other: first_rows(only_other)}
            said = f"{text!r} in row {row_n} is one day by {one} and another by {other}"
            raise MappingError(f"{place}: {said}; {verdict(proofs, texts.index[-1])}")


def rivals(formats: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of formats that differ only in the order of day, month and year."""
    for one, other in combinations(dict.fromkeys(formats), 2):
        if re.sub("%[dmy]", "%d", one) == re.sub("%[dmy]", "%d", other):
            yield one, other


def first_rows(mask: pd.Series) -> str:
    return ", ".join(map(str, mask.index[mask][:PROOFS_N]))


def verdict(proofs: dict[str, str], last_row_n: int) -> str:
    """What the rows up to the last one prove, and what to do. `proofs`: for each format rows that it alone reads."""
    (one, of_one), (other, of_other) = proofs.items()
    if of_one and of_other:
        return f"rows {of_one} can only be {one}, rows {of_other} only {other}: export the file again with one of them"
    if of_one or of_other:
        return f"rows {of_one or of_other} can only be {one if of_one else other}: keep that one alone in `formats`"
    return f"no row up to {last_row_n} proves which is right: keep in `formats` the one in which the file was written"
