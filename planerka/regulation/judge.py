"""Judging: an edition over evidence. Pure, and the same for the verdicts and for Great Expectations."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.model import Consequence, Outcome
from planerka.regulation.clauses import compiled
from planerka.regulation.evidence import arrays_of
from planerka.regulation.fields import CATALOGUE
from planerka.rulebook.regulation import Clause, Edition
from planerka.ternary import FAILS, HOLDS, UNKNOWN, Columns

REASON_GIVEN, REASON_LEGAL = "0.1", "0.2"
GENERAL_WORDS = {
    REASON_GIVEN: ("Причина отказа указана", "The rejection has a reason"),
    REASON_LEGAL: ("Регламент допускает отказ по этой причине", "The regulation allows this reason"),
}
"""Two clauses that every edition has without writing them: both void."""

OUTCOMES = (Outcome.LAWFUL, Outcome.UNPROVABLE, Outcome.UNLAWFUL, Outcome.NOT_JUDGED)
"""Outcome of an int8 code; of two that fit a rejection the higher stands."""


@dataclass(frozen=True)
class ClauseColumn:
    """The clause's answer for the rows it concerns: positions in the evidence, HOLDS, FAILS or UNKNOWN for each."""

    consequence: Consequence
    positions: NDArray[np.intp]
    codes: NDArray[np.int8]


@dataclass(frozen=True)
class Judgement:
    """One outcome code (of OUTCOMES) a row of the evidence, and what each clause said, by number."""

    outcomes: NDArray[np.int8]
    clauses: dict[str, ClauseColumn]

    def counts(self) -> dict[Outcome, int]:
        return dict(zip(OUTCOMES, np.bincount(self.outcomes, minlength=len(OUTCOMES)).tolist(), strict=True))


def judge(edition: Edition | None, evidence: pd.DataFrame, lacks: Collection[str]) -> Judgement:
    """The outcome of every rejection under one edition; all not judged without one.

    A clause that the source as a whole cannot answer (`lacks`, see `Crm.lacks`) makes nothing unprovable.
    """
    if edition is None:
        return Judgement(np.full(len(evidence), OUTCOMES.index(Outcome.NOT_JUDGED), np.int8), {})
    clauses = clause_results(edition, evidence)
    unanswerable = not_checkable(edition, lacks)
    outcomes = np.zeros(len(evidence), np.int8)
    for number, column in clauses.items():
        if column.consequence == Consequence.FAULT:
            continue
        outcome_of = np.zeros(3, np.int8)
        outcome_of[FAILS] = OUTCOMES.index(Outcome.UNLAWFUL)
        outcome_of[UNKNOWN] = OUTCOMES.index(Outcome.LAWFUL if number in unanswerable else Outcome.UNPROVABLE)
        outcomes[column.positions] = np.maximum(outcomes[column.positions], outcome_of[column.codes])
    outcomes[~evidence["reason_is_known"].to_numpy(bool)] = OUTCOMES.index(Outcome.NOT_JUDGED)
    return Judgement(outcomes, clauses)


def clause_results(edition: Edition, evidence: pd.DataFrame) -> dict[str, ClauseColumn]:
    """What each clause of the edition, and the two general ones, says of the rejections it concerns."""
    positions_of = positions_by_reason(evidence["reason"])
    results = dict(general_results(edition, evidence, positions_of))
    arrays = arrays_of(evidence)
    for reason in edition.reasons:
        positions = positions_of.get(reason.code, np.zeros(0, np.intp))
        columns = columns_at(arrays, positions)
        for clause in reason.clauses:
            codes = compiled(clause.test)(columns).codes()
            results[clause.number] = ClauseColumn(clause.consequence, positions, codes)
    return results


def general_results(
    edition: Edition, evidence: pd.DataFrame, positions_of: dict[str, NDArray[np.intp]]
) -> Iterator[tuple[str, ClauseColumn]]:
    is_known = evidence["reason_is_known"].to_numpy(bool)
    has_reason = evidence["reason"].notna().to_numpy()
    given = np.flatnonzero(is_known)
    yield REASON_GIVEN, ClauseColumn(Consequence.VOID, given, np.where(has_reason[given], HOLDS, FAILS))
    is_legal = np.zeros(len(evidence), bool)
    for reason in edition.reasons:
        is_legal[positions_of.get(reason.code, [])] = reason.is_legal
    named = np.flatnonzero(has_reason)
    yield REASON_LEGAL, ClauseColumn(Consequence.VOID, named, np.where(is_legal[named], HOLDS, FAILS))


def positions_by_reason(reasons: pd.Series) -> dict[str, NDArray[np.intp]]:
    """Row positions by reason code: a clause then touches only the rows of its reason."""
    codes = reasons.cat.codes.to_numpy()
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(reasons.cat.categories) + 1))
    return {code: order[bounds[i] : bounds[i + 1]] for i, code in enumerate(reasons.cat.categories)}


def columns_at(arrays: dict[str, NDArray], positions: NDArray[np.intp]) -> Columns:
    """The columns at some rows, each gathered once however many clauses read it."""
    gathered: dict[str, NDArray] = {}

    def column(name: str) -> NDArray:
        if name not in gathered:
            gathered[name] = arrays[name][positions]
        return gathered[name]

    return column


def not_checkable(edition: Edition, lacks: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The clauses that ask for what the source as a whole does not have: number → what is missing. Report once."""
    missing = {clause.number: missing_for(clause, lacks) for clause in edition.clauses}
    return {number: names for number, names in missing.items() if names}


def missing_for(clause: Clause, lacks: Collection[str]) -> tuple[str, ...]:
    names = [need for field in fields_read(clause) for need in CATALOGUE[field].missing(lacks)]
    return tuple(dict.fromkeys(names))


def fields_read(clause: Clause) -> tuple[str, ...]:
    """The evidence a clause reads, each field once, in the order of its test."""
    return tuple(dict.fromkeys(name for leaf in clause.test.leaves() for name in leaf.fields))


def words_of(edition: Edition) -> dict[str, tuple[str, str]]:
    """Every clause in words, Russian and English, by number; the general ones included."""
    return GENERAL_WORDS | {clause.number: (clause.ru, clause.en) for clause in edition.clauses}
