"""What a new edition changes, in words that a head of department reads before signing: norms, reasons, clauses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from planerka.model import Consequence, Decision
from planerka.regulation.fields import CATALOGUE
from planerka.regulation.findings import CODE_WORDS, in_words, language_of, requirement
from planerka.rulebook.regulation import (
    Clause,
    Combination,
    Comparison,
    Condition,
    Edition,
    Implication,
    Multiple,
    Norms,
    Reason,
)
from planerka.words import Words, _

NORMS = {
    "first_response_min": _("first response, working minutes"),
    "neglect_days": _("days without a touch or a task until a lead is neglected"),
    "settling_hours": _("hours to wait for late calls and messages before judging"),
    "dispute_horizon_days": _("days within which a rejection may be disputed"),
    "review_hours": _("working hours to rule on a dispute"),
    "returns_max": _("times a lead may be returned to work"),
    "appeal_hours": _("working hours to appeal against a ruling"),
    "on_expiry": _("a dispute without a ruling in time"),
    "blind_sample_percent": _("per cent of lawful rejections and of rulings for a second reader"),
}
EXPIRIES = {
    Decision.UPHOLD: _("the rejection stands"),
    Decision.RETURN_TO_WORK: _("the lead returns to work"),
}
CONSEQUENCES = {
    Consequence.VOID: _("the rejection falls"),
    Consequence.FAULT: _("the rejection stands, the fault is charged"),
}
RELATIONS = {
    "at_least": _("not less than “{other}”"),
    "at_most": _("not more than “{other}”"),
    "more_than": _("more than “{other}”"),
    "less_than": _("less than “{other}”"),
}
"""To another field, whose value only each lead knows."""

JOINS = {"all": _("{first}; and {second}"), "any": _("{first}; or {second}")}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that is not as it was. `place` as «Недозвон, пункт 1.1»; `was` None: added, `now` None: gone."""

    place: str
    what: str
    was: str | None
    now: str | None


def difference(old: Edition, new: Edition, words: Words) -> tuple[Change, ...]:
    """Every change of meaning from one edition to another, in the order of the regulation; none for the same text."""
    return tuple(change for change in changes(old, new, words) if change.was != change.now)


def changes(old: Edition, new: Edition, words: Words) -> Iterator[Change]:
    """What both say in each place, the same included."""
    say = words.say
    whole = say("The edition")
    yield Change(place=whole, what=say("takes effect on"), was=f"{old.effective_on}", now=f"{new.effective_on}")
    yield Change(place=whole, what=say("title"), was=title(old, words), now=title(new, words))
    before, after = (dict(norms(edition.norms, words)) for edition in (old, new))
    for norm in dict.fromkeys((*before, *after)):
        yield Change(place=say("Norms"), what=norm, was=before.get(norm), now=after.get(norm))
    was, now = (condition_in_words(edition.qualified, words) for edition in (old, new))
    yield Change(place=say("Qualified lead"), what=say("test"), was=was, now=now)
    known, found = ({reason.code: reason for reason in edition.reasons} for edition in (old, new))
    for code in dict.fromkeys((*known, *found)):
        yield from reason_changes(known.get(code), found.get(code), words)


def norms(norms: Norms, words: Words) -> Iterator[tuple[str, str]]:
    """Each norm by name; the first response once for each kind of enquiry."""
    for name, msgid in NORMS.items():
        value = getattr(norms, name)
        if name != "first_response_min":
            yield words.say(msgid), words.say(EXPIRIES[value]) if name == "on_expiry" else words.number(value)
            continue
        for kind, minutes in value.items():
            yield f"{words.say(msgid)} ({CODE_WORDS[kind][language_of(words)]})", words.number(minutes)


def reason_changes(old: Reason | None, new: Reason | None, words: Words) -> Iterator[Change]:
    reason = new or old
    assert reason is not None  # it is in one of the two
    place = f"{title(reason, words)} ({reason.code})"
    was, now = (legality(one, words) if one else None for one in (old, new))
    yield Change(place=place, what=words.say("rejections for it"), was=was, now=now)
    if old and new:
        yield Change(place=place, what=words.say("title"), was=title(old, words), now=title(new, words))
    known, found = ({clause.number: clause for clause in one.clauses} if one else {} for one in (old, new))
    for number in dict.fromkeys((*known, *found)):
        clause_place = words.say("{reason}, clause {number}", reason=title(reason, words), number=number)
        yield from clause_changes(clause_place, known.get(number), found.get(number), words)


def clause_changes(place: str, old: Clause | None, new: Clause | None, words: Words) -> Iterator[Change]:
    before, after = (dict(said(clause, words)) if clause else {} for clause in (old, new))
    for what in before | after:
        yield Change(place=place, what=what, was=before.get(what), now=after.get(what))


def said(clause: Clause, words: Words) -> Iterator[tuple[str, str]]:
    yield words.say("wording"), title(clause, words)
    yield words.say("test"), condition_in_words(clause.test, words)
    yield words.say("if it is broken"), words.say(CONSEQUENCES[clause.consequence])


def legality(reason: Reason, words: Words) -> str:
    return words.say("allowed") if reason.is_legal else words.say("not allowed: every such rejection falls")


def title(named: Edition | Reason | Clause, words: Words) -> str:
    return named.ru if words.language == "ru" else named.en


def condition_in_words(condition: Condition, words: Words, is_inside: bool = False) -> str:
    """A test as a sentence; parts of a part in brackets."""
    match condition:
        case Combination(operator=operator, parts=parts):
            told = [condition_in_words(part, words, is_inside=True) for part in parts]
            sentence = told[0]
            for part in told[1:]:
                sentence = words.say(JOINS[operator], first=sentence, second=part)
            return f"({sentence})" if is_inside and len(told) > 1 else sentence
        case Implication(when=when, then=then):
            asked, due = (condition_in_words(part, words, is_inside=True) for part in (when, then))
            return words.say("when {asked}, then {due}", asked=asked, due=due)
        case Comparison():
            return comparison_in_words(condition, words)


def comparison_in_words(asked: Comparison, words: Words) -> str:
    """«Попыток дозвона: нужно не менее 6»."""
    k, field = language_of(words), CATALOGUE[asked.field]
    name = (field.ru, field.en)[k]
    if asked.operator == "present":
        return words.say("{field}: recorded", field=name)
    if isinstance(asked.value, bool | str):
        return f"{name}: {in_words(field, asked.value)[k]}"
    if isinstance(asked.value, Multiple):
        return f"{name}: {multiple_in_words(asked, asked.value, words)}"
    return f"{name}: {requirement(asked, asked.value)[k]}"


def multiple_in_words(asked: Comparison, needed: Multiple, words: Words) -> str:
    other = CATALOGUE[needed.field].ru if words.language == "ru" else CATALOGUE[needed.field].en
    factor = "" if needed.times == 1 else f" × {words.number(needed.times, digits_n=4)}"
    return words.say(RELATIONS[asked.operator], other=other) + factor


def lines_of(found: Iterable[Change], words: Words) -> Iterator[str]:
    """A heading a place, and below it a line a change."""
    place = None
    for change in found:
        if change.place != place:
            place = change.place
            yield place
        yield from (f"  {line}" for line in told(change, words))


def told(change: Change, words: Words) -> Iterator[str]:
    if change.was is None:
        yield words.say("added, {what}: {now}", what=change.what, now=change.now)
    elif change.now is None:
        yield words.say("removed, {what}: {was}", what=change.what, was=change.was)
    else:
        yield f"{change.what}"
        yield words.say("  was: {was}", was=change.was)
        yield words.say("  becomes: {now}", now=change.now)
