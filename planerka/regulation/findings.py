"""Verdicts in words: what was asked, what was found, in both languages, from the field's title and the requirement."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.model import ClauseResult, Consequence
from planerka.regulation.clauses import compiled, is_known
from planerka.regulation.evidence import arrays_of
from planerka.regulation.fields import CATALOGUE, Field, FieldKind
from planerka.regulation.judge import (
    OUTCOMES,
    REASON_GIVEN,
    REASON_LEGAL,
    ClauseColumn,
    Judgement,
    columns_at,
    fields_read,
    not_checkable,
)
from planerka.rulebook.regulation import Combination, Comparison, Condition, Edition, Implication, Multiple, Range
from planerka.ternary import FAILS, HOLDS, UNKNOWN, Columns, Mask
from planerka.words import Words as Catalogue

GENERAL_FINDINGS = {
    REASON_GIVEN: ("Причина отказа не указана", "The rejection has no reason"),
    REASON_LEGAL: ("Регламент не допускает отказ по этой причине", "The regulation does not allow this reason"),
}
CODE_WORDS = {
    "answered_call": ("принятый звонок", "answered call"),
    "missed_call": ("пропущенный звонок", "missed call"),
    "form": ("форма на сайте", "form on the site"),
    "chat": ("чат", "chat"),
    "other": ("другое обращение", "other enquiry"),
    "enquiry": ("обращение", "enquiry"),
    "qualified": ("квалифицирован", "qualified"),
    "meeting": ("встреча", "meeting"),
    "booking": ("бронь", "booking"),
    "contract": ("договор", "contract"),
    "open": ("в работе", "open"),
    "won": ("закончился сделкой", "won"),
    "lost": ("закрыт отказом", "lost"),
    "full_price": ("полная стоимость", "full price"),
    "down_payment": ("первый взнос", "down payment"),
    "monthly_payment": ("ежемесячный платёж", "monthly payment"),
}
UNITS = {
    FieldKind.MINUTES: ("раб. мин", "working min"),
    FieldKind.SECONDS: ("с", "s"),
    FieldKind.DAYS: ("дн.", "days"),
    FieldKind.MONTHS: ("мес.", "months"),
}
REQUIREMENTS = {
    "at_least": ("нужно не менее {}", "at least {} required"),
    "at_most": ("допустимо не более {}", "at most {} allowed"),
    "more_than": ("нужно больше {}", "more than {} required"),
    "less_than": ("нужно меньше {}", "less than {} required"),
    "between": ("нужно от {} до {}", "from {} to {} required"),
    "is": ("должно быть «{}»", "should be “{}”"),
    "one_of": ("должно быть «{}»", "should be “{}”"),
    "not_one_of": ("не должно быть «{}»", "should not be “{}”"),
}
OR = ("» или «", "” or “")
NO_DATA = ("нет данных", "no data")
YES, NO = ("да", "yes"), ("нет", "no")
RU, EN = 0, 1

ORIGINAL = "duplicate_of_id"

Words = tuple[str, str]
FindingRow = dict[str, str]


def verdict_rows(
    edition: Edition | None, evidence: pd.DataFrame, judgement: Judgement, lacks: Collection[str]
) -> list[dict[str, Any]]:
    """The verdict of each row of the evidence, ready for JSON, under the names of `model.Verdict`.

    `findings` are of each clause that is broken or, though the source could hold the evidence, unprovable.
    `evidence` is what the clauses of the reason and the criteria of a qualified lead read, None where not known;
    what the source lacks is not in it. Both are empty where nothing was judged.
    """
    rows_n = len(evidence)
    columns = {
        "rejection_id": evidence["rejection_id"].tolist(),
        "edition": [edition.name if edition else None] * rows_n,
        "reason": evidence["reason"].astype(object).where(evidence["reason"].notna(), None).tolist(),
        "outcome": [OUTCOMES[code] for code in judgement.outcomes.tolist()],
        "findings": all_findings(edition, evidence, judgement, lacks) if edition else [[] for _ in range(rows_n)],
        "evidence": seen(edition, evidence, judgement, lacks) if edition else [{}] * rows_n,
        "lacks": [sorted(lacks)] * rows_n,
        "is_qualified": qualified(edition, evidence) if edition else [None] * rows_n,
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def all_findings(
    edition: Edition, evidence: pd.DataFrame, judgement: Judgement, lacks: Collection[str]
) -> list[list[FindingRow]]:
    """The findings of each row, in the order of the clauses."""
    findings: list[list[FindingRow]] = [[] for _ in range(len(evidence))]
    for number, words in GENERAL_FINDINGS.items():
        column = judgement.clauses[number]
        for row in column.positions[column.codes == FAILS].tolist():
            findings[row].append(finding(number, FAILS, column.consequence, words))
    arrays, unanswerable = arrays_of(evidence), not_checkable(edition, lacks)
    for clause in edition.clauses:
        codes = (FAILS,) if clause.number in unanswerable else (FAILS, UNKNOWN)
        for row, code, words in clause_findings(clause.test, judgement.clauses[clause.number], arrays, codes):
            findings[row].append(finding(clause.number, code, clause.consequence, words))
    return findings


def finding(number: str, code: np.int8, consequence: Consequence, words: Words) -> FindingRow:
    result = ClauseResult.BROKEN if code == FAILS else ClauseResult.UNPROVABLE
    return {"clause": number, "result": result, "consequence": consequence, "ru": words[RU], "en": words[EN]}


def clause_findings(
    test: Condition, column: ClauseColumn, arrays: dict[str, NDArray], codes: tuple[np.int8, ...]
) -> Iterator[tuple[int, np.int8, Words]]:
    """Row, answer and words for each row where the clause answered one of `codes`."""
    for code in codes:
        positions = column.positions[column.codes == code]
        if len(positions) == 0:
            continue
        said: list[list[Words]] = [[] for _ in positions]
        columns = columns_at(arrays, positions)
        for leaf, mask in blamed(test, columns, np.ones(len(positions), bool), code):
            rows = np.flatnonzero(mask)
            for row, words in zip(rows.tolist(), sentences(leaf, columns, rows, code), strict=True):
                said[row].append(words)
        for row, parts in zip(positions.tolist(), said, strict=True):
            ru, en = ("; ".join(dict.fromkeys(words[k] for words in parts)) for k in (RU, EN))
            yield row, code, (ru, en)


def blamed(test: Condition, columns: Columns, within: Mask, code: np.int8) -> Iterator[tuple[Comparison, Mask]]:
    """The comparisons that make a test fail (or stay unknown), each with the rows in which it does."""
    mask = within & (compiled(test)(columns).codes() == code)
    match test:
        case Comparison():
            yield test, mask
        case Combination(parts=parts):
            for part in parts:
                yield from blamed(part, columns, mask, code)
        case Implication(when=when, then=then):
            if code == UNKNOWN:
                yield from blamed(when, columns, mask, code)
            yield from blamed(then, columns, mask & compiled(when)(columns).is_true, code)


def sentences(leaf: Comparison, columns: Columns, rows: NDArray[np.intp], code: np.int8) -> list[Words]:
    """One sentence a row; equal figures share one."""
    if code == UNKNOWN:
        fields = [CATALOGUE[name] for name in leaf.fields]
        which = np.argmax([~is_known(columns, field)[rows] for field in fields], axis=0)
        return [not_recorded(fields[index]) for index in which.tolist()]
    values = columns(leaf.field)[rows].tolist()
    if isinstance(leaf.value, Multiple):
        needed = (columns(leaf.value.field)[rows] * leaf.value.times).tolist()
        return [sentence(leaf, value, need) for value, need in zip(values, needed, strict=True)]
    return [sentence(leaf, value, leaf.value) for value in values]


@lru_cache(maxsize=10_000)
def sentence(leaf: Comparison, value: float, needed: Any) -> Words:
    """«Попыток дозвона: 2, нужно не менее 6»; a yes or no needs no requirement beside it."""
    field = CATALOGUE[leaf.field]
    shown = in_words(field, value)
    title = (field.ru, field.en)
    if field.kind == FieldKind.YES_NO:
        return f"{title[RU]}: {shown[RU]}", f"{title[EN]}: {shown[EN]}"
    asked = requirement(leaf, needed)
    return f"{title[RU]}: {shown[RU]}, {asked[RU]}", f"{title[EN]}: {shown[EN]}, {asked[EN]}"


def requirement(leaf: Comparison, needed: Any) -> Words:
    """«нужно не менее 6»; `needed` is a number, a Range, yes/no, a code or a tuple of codes."""
    field, sayings = CATALOGUE[leaf.field], REQUIREMENTS[leaf.operator]
    if isinstance(needed, Range):
        low, high = in_words(field, needed.low), in_words(field, needed.high)
        return sayings[RU].format(low[RU], high[RU]), sayings[EN].format(low[EN], high[EN])
    asked = [in_words(field, item) for item in (needed if isinstance(needed, tuple) else (needed,))]
    ru, en = (sayings[k].format(OR[k].join(words[k] for words in asked)) for k in (RU, EN))
    return ru, en


def language_of(words: Catalogue) -> int:
    """The place of a language in what is written in both."""
    return RU if words.language == "ru" else EN


def not_recorded(field: Field) -> Words:
    return f"{field.ru}: {NO_DATA[RU]}", f"{field.en}: {NO_DATA[EN]}"


def in_words(field: Field, value: float | str) -> Words:
    """A value with its unit; money in whole units of the company's currency."""
    if isinstance(value, str):
        return CODE_WORDS[value]
    if field.kind == FieldKind.CODE:
        return CODE_WORDS[field.codes[int(value)]]
    if field.kind == FieldKind.YES_NO:
        return YES if value else NO
    if field.kind == FieldKind.MONEY:
        return f"{value / 100:,.0f}".replace(",", "\u00a0"), f"{value / 100:,.0f}"
    number = f"{value:.2f}".rstrip("0").rstrip(".") if value < 100 else f"{value:.0f}"
    units = UNITS.get(field.kind)
    return (f"{number.replace('.', ',')} {units[RU]}", f"{number} {units[EN]}") if units else (number, number)


def seen(
    edition: Edition, evidence: pd.DataFrame, judgement: Judgement, lacks: Collection[str]
) -> list[dict[str, Any]]:
    """What was read of each row.

    Instead of whether an original is named its id is kept: nothing else tells what was found out about it.
    """
    arrays, originals = arrays_of(evidence), evidence["original_id"].tolist()
    snapshots: list[dict[str, Any]] = [{} for _ in range(len(evidence))]
    for names, positions in read_of(edition, judgement, len(evidence)):
        told = tuple(name for name in names if not CATALOGUE[name].missing(lacks))
        for row, snapshot in zip(positions.tolist(), snapshots_at(told, arrays, positions), strict=True):
            snapshots[row] = snapshot
            if snapshot.get(ORIGINAL):
                snapshot[ORIGINAL] = originals[row]
    return snapshots


def read_of(edition: Edition, judgement: Judgement, rows_n: int) -> Iterator[tuple[tuple[str, ...], NDArray[np.intp]]]:
    """The fields read of which rows: the criteria of a qualified lead of all of them, clauses of theirs."""
    criteria = [name for leaf in edition.qualified.leaves() for name in leaf.fields]
    yield tuple(dict.fromkeys(criteria)), np.arange(rows_n)
    for reason in edition.reasons:
        if reason.clauses:
            names = [name for clause in reason.clauses for name in fields_read(clause)]
            yield tuple(dict.fromkeys([*names, *criteria])), judgement.clauses[reason.clauses[0].number].positions


def qualified(edition: Edition, evidence: pd.DataFrame) -> list[bool | None]:
    """Whether each lead was qualified by the edition's criteria at that moment; None where they cannot tell."""
    answers = {int(HOLDS): True, int(FAILS): False, int(UNKNOWN): None}
    return [answers[code] for code in compiled(edition.qualified)(arrays_of(evidence).__getitem__).codes().tolist()]


def snapshots_at(
    names: tuple[str, ...], arrays: dict[str, NDArray], positions: NDArray[np.intp]
) -> Iterator[dict[str, Any]]:
    """The named fields of some rows as plain values."""
    columns = [plain_values(CATALOGUE[name], arrays[name][positions]) for name in names]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def plain_values(field: Field, column: NDArray) -> list[Any]:
    """Whole numbers as int, minutes and days to a tenth, yes/no as bool, a code by name; None is not known."""
    if field.kind == FieldKind.CODE:
        return [None if code < 0 else str(field.codes[code]) for code in column.tolist()]
    if field.kind in (FieldKind.MINUTES, FieldKind.DAYS):
        return [None if value != value else round(value, 1) for value in column.tolist()]
    kind = bool if field.kind in (FieldKind.YES_NO, FieldKind.TEXT) else int
    return [None if value != value else kind(value) for value in column.tolist()]
