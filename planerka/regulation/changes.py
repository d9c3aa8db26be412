"""What a second judgement of a rejection changed, in words."""

from collections.abc import Iterator

from planerka.model import ClauseResult, Outcome, Verdict
from planerka.regulation.fields import FIELDS, Field, FieldKind
from planerka.regulation.findings import EN, NO, NO_DATA, RU, YES, Words, in_words
from planerka.rulebook.regulation import Edition

OUTCOME_WORDS = {
    Outcome.LAWFUL: ("правомерный", "lawful"),
    Outcome.UNLAWFUL: ("неправомерный", "unlawful"),
    Outcome.UNPROVABLE: ("недоказуемый", "unprovable"),
}
RESULT_WORDS = {
    ClauseResult.BROKEN: ("нарушен", "broken"),
    ClauseResult.UNPROVABLE: ("нечем доказать", "unprovable"),
    None: ("без замечаний", "no finding"),
}
RECORDED = ("указано", "given")

Change = tuple[Words, Words, Words]
"""Of what, what it was, and what it is."""


def what_changed(before: Verdict, after: Verdict, edition: Edition) -> Words | None:
    """«Отказ: неправомерный → правомерный; Попыток дозвона: 2 → 7; пункт 1.1: нарушен → без замечаний».

    None where a new verdict would say the same: the outcome, the findings and whether the lead was qualified stand, and
    so do the reason and the edition (`edition` is the second verdict's). Facts that nothing of it tells of are no
    change, nor are findings that another version of planerka only puts in other words.
    """
    if said_by(before) == said_by(after):
        return None
    said = list(changes(before, after, edition))
    if not said:
        return None
    ru, en = ("; ".join(f"{of[k]}: {was[k]} → {now[k]}" for of, was, now in said) for k in (RU, EN))
    return ru, en


def said_by(verdict: Verdict) -> tuple[object, ...]:
    return verdict.outcome, verdict.findings, verdict.edition, verdict.reason, verdict.is_qualified


def changes(before: Verdict, after: Verdict, edition: Edition) -> Iterator[Change]:
    """The outcome, the edition, the reason, whether the lead was qualified, the facts that were read, the clauses."""
    if before.outcome != after.outcome:
        yield ("Отказ", "Rejection"), OUTCOME_WORDS[before.outcome], OUTCOME_WORDS[after.outcome]
    if before.edition != after.edition:
        yield ("редакция", "edition"), (f"{before.edition}",) * 2, (f"{after.edition}",) * 2
    if before.reason != after.reason:
        yield ("причина", "reason"), title(before.reason, edition), title(after.reason, edition)
    if before.is_qualified != after.is_qualified:
        yield ("лид квалифицирован", "the lead was qualified"), told(before.is_qualified), told(after.is_qualified)
    common = before.evidence.keys() & after.evidence.keys()
    for field in FIELDS:
        if field.name in common and before.evidence[field.name] != after.evidence[field.name]:
            yield (field.ru, field.en), fact(field, before), fact(field, after)
    was, now = ({found.clause: ClauseResult(found.result) for found in v.findings} for v in (before, after))
    for clause in dict.fromkeys([*was, *now]):
        if was.get(clause) != now.get(clause):
            yield (
                (f"пункт {clause}", f"clause {clause}"),
                RESULT_WORDS[was.get(clause)],
                RESULT_WORDS[now.get(clause)],
            )


def title(code: str | None, edition: Edition) -> Words:
    """A reason as the edition calls it; one that it does not have by its code."""
    titles = {reason.code: (reason.ru, reason.en) for reason in edition.reasons}
    return ("не указана", "none given") if code is None else titles.get(code, (code, code))


def told(is_so: bool | None) -> Words:
    return NO_DATA if is_so is None else YES if is_so else NO


def fact(field: Field, verdict: Verdict) -> Words:
    """A value as the verdict saw it; of a text only whether there was one."""
    value = verdict.evidence[field.name]
    if value is None:
        return NO_DATA
    return RECORDED if field.kind == FieldKind.TEXT else in_words(field, value)
