"""Reads an edition from YAML: its shape, every refusal with the line, the place in the regulation and the remedy."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from planerka.model import Consequence, Decision, Enquiry
from planerka.rulebook.document import draft_of
from planerka.rulebook.entry import Entry, Problem, Read, Reader, Refusal, each, gathered, place, placed
from planerka.rulebook.regulation import (
    AWAITED,
    CHOICES,
    COMPARISONS,
    ON_EXPIRY,
    OPERATORS,
    Clause,
    Combination,
    Comparison,
    Condition,
    Edition,
    Implication,
    Multiple,
    Norms,
    Range,
    Reason,
)

NUMBER = r"[1-9]\d?\.[1-9]\d?"
"""How a clause is numbered: its reason's chapter, a dot, and its place."""

Misfits = Callable[[Comparison], Iterable[str]]
"""What makes a comparison impossible, each with the remedy: `regulation.clauses`, which knows the fields, tells."""


def read_edition(text: str, misfits: Misfits) -> Edition:
    """The edition that a YAML text holds; Refusal with every problem of it, or with where it stops to be YAML."""
    document, problems = draft_of(text)
    (edition,) = gathered([partial(EditionReader(misfits).edition, document)], [*problems, *repeats(document)])
    return edition


@dataclass(frozen=True)
class EditionReader:
    """Whatever cannot be read is refused beside all else that cannot, so that an author mends it all at once."""

    misfits: Misfits

    def edition(self, document: Entry) -> Edition:
        keys = document.block(
            {
                "edition": placed("edition", Entry.text),
                "effective_on": placed("effective_on", Entry.day),
                "ru": placed("ru", Entry.text),
                "en": placed("en", Entry.text),
                "norms": placed("norms", norms_of),
                "qualified": placed("qualified", self.condition),
                "reasons": each(self.reason),
            }
        )
        return Edition(name=keys.pop("edition"), **keys, content=canonical(document))

    def reason(self, entry: Entry) -> Reason:
        """A clause says its own place."""
        where = f"reason {entry.name('code')}"
        own, clauses = gathered([partial(placed(where, own_of), entry), partial(self.clauses, entry)])
        return Reason(**own, clauses=clauses, line=entry.line)

    def clauses(self, reason: Entry) -> tuple[Clause, ...]:
        return tuple(gathered(partial(self.clause, item) for item in list_in(reason, "clauses")))

    def clause(self, entry: Entry) -> Clause:
        with place(f"clause {entry.name('number')}"):
            keys = entry.block(
                {"number": number_of, "ru": Entry.text, "en": Entry.text, "test": self.condition},
                {"consequence": consequence_of},
            )
        return Clause(**{"consequence": Consequence.VOID, **keys}, line=entry.line)

    def condition(self, entry: Entry) -> Condition:
        keys = entry.value if isinstance(entry.value, dict) else {}
        if "when" in keys or "then" in keys:
            return Implication(**entry.block({"when": self.condition, "then": self.condition}))
        for operator in ("all", "any"):
            if operator in keys:
                return Combination(operator, entry.block({operator: each(self.condition)})[operator])
        return self.comparison(entry)

    def comparison(self, entry: Entry) -> Comparison:
        block = partial(entry.block, {"field": Entry.text}, REQUIREMENTS)
        reads: list[Read] = [block, partial(refuse_two_questions, entry)]
        keys, _ = gathered(reads)
        (operator,) = keys.keys() - {"field"}
        comparison = Comparison(keys["field"], operator, keys[operator], entry.line)
        if problems := [Problem(entry.line, said) for said in self.misfits(comparison)]:
            raise Refusal(*problems)
        return comparison


def repeats(document: Entry) -> Iterator[Problem]:
    """A code or a number that would mean two things; of what was written, so that no other mistake hides it."""
    codes: set[str] = set()
    chapters: dict[str, int] = {}
    numbers: set[str] = set()
    for reason in list_in(document, "reasons"):
        code = reason.name("code")
        if code in codes:
            yield Problem(reason.line, f"reason {code} stands here twice: give each its own code")
        codes |= {code} - {"?"}
        for number, line in numbers_in(reason):
            if number in numbers or chapters.setdefault(number.split(".")[0], reason.line) != reason.line:
                yield Problem(line, f"clause {number}: the number is taken: number on within the reason")
            numbers.add(number)


def numbers_in(reason: Entry) -> Iterator[tuple[str, int]]:
    """The numbers of its clauses that are well written, each with its line."""
    for clause in list_in(reason, "clauses"):
        number = clause.name("number")
        if re.fullmatch(NUMBER, number):
            yield number, clause.line


def list_in(entry: Entry, key: str) -> list[Entry]:
    """The entries of the list under a key; none where there is none."""
    found = entry.value.get(key) if isinstance(entry.value, dict) else None
    return found.value if found and isinstance(found.value, list) else []


def own_of(reason: Entry) -> dict[str, Any]:
    """What a reason says beside its clauses."""
    block = partial(
        reason.block,
        {"code": Entry.text, "ru": Entry.text, "en": Entry.text, "legal": Entry.truth},
        {"clauses": Entry.items},
    )
    reads: list[Read] = [block, partial(refuse_clauses_that_do_not_fit, reason)]
    keys, _ = gathered(reads)
    return {"code": keys["code"], "ru": keys["ru"], "en": keys["en"], "is_legal": keys["legal"]}


def refuse_clauses_that_do_not_fit(reason: Entry) -> None:
    keys = reason.value if isinstance(reason.value, dict) else {}
    legal = keys["legal"].value if "legal" in keys else None
    if isinstance(legal, bool) and legal != ("clauses" in keys):
        raise reason.refusal("a legal reason has clauses and no other has: correct `legal`")


def refuse_two_questions(test: Entry) -> None:
    """Or none; a misspelt one is told as a key that is not known."""
    keys = set(test.value) if isinstance(test.value, dict) else set()
    if len(keys & {*OPERATORS}) > 1 or keys == {"field"}:
        raise test.refusal(f"a test asks one thing: give `field` one of {', '.join(OPERATORS)}, join by `all`")


def norms_of(entry: Entry) -> Norms:
    required, optional = (
        {norm.name: placed(norm.name, NORMS.get(norm.name, positive)) for norm in norms}
        for norms in (REQUIRED_NORMS, OPTIONAL_NORMS)
    )
    return Norms(**entry.block(required, optional))


def positive(entry: Entry) -> int:
    return entry.whole(at_least=1)


def not_negative(entry: Entry) -> int:
    return entry.whole(at_least=0)


def percent(entry: Entry) -> int:
    return entry.whole(at_least=0, at_most=100)


def on_expiry(entry: Entry) -> Decision:
    return Decision(entry.choice(ON_EXPIRY))


def by_enquiry(entry: Entry) -> Mapping[Enquiry, int]:
    """A norm for each kind of enquiry, or one for all of them."""
    if not isinstance(entry.value, dict):
        return dict.fromkeys(AWAITED, positive(entry))
    norms = entry.block({str(kind): placed(kind, positive) for kind in AWAITED})
    return {kind: norms[kind] for kind in AWAITED}


NORMS: dict[str, Reader] = {
    "first_response_min": by_enquiry,
    "returns_max": not_negative,
    "on_expiry": on_expiry,
    "blind_sample_percent": percent,
}
"""The norms that are something else than one number from 1."""

OPTIONAL_NORMS = [norm for norm in dataclasses.fields(Norms) if norm.default is not dataclasses.MISSING]
REQUIRED_NORMS = [norm for norm in dataclasses.fields(Norms) if norm.default is dataclasses.MISSING]


def number_of(entry: Entry) -> str:
    if not isinstance(entry.value, str) or not re.fullmatch(NUMBER, entry.value):
        raise entry.refusal('number it as "1.1", in quotes')
    return entry.value


def consequence_of(entry: Entry) -> Consequence:
    return Consequence(entry.choice(list(Consequence)))


def amount_of(entry: Entry) -> float | Multiple:
    """A number, or another field to compare with."""
    if isinstance(entry.value, dict):
        return Multiple(**{"times": 1, **entry.block({"field": Entry.text}, {"times": Entry.number})})
    return entry.number()


def range_of(entry: Entry) -> Range:
    ends = each(Entry.number)(entry)
    if len(ends) != 2 or ends[0] > ends[1]:
        raise entry.refusal("between has two ends, the lower first: write it as [3, 12]")
    return Range(*ends)


def answer_of(entry: Entry) -> bool | str:
    return entry.truth() if isinstance(entry.value, bool) else entry.text()


def presence_of(entry: Entry) -> bool:
    if not entry.truth():
        raise entry.refusal("what nobody recorded cannot be asked for: write `present: true`")
    return True


REQUIREMENTS: dict[str, Reader] = {
    **dict.fromkeys(COMPARISONS, amount_of),
    "between": range_of,
    "is": answer_of,
    **dict.fromkeys(CHOICES, each(Entry.text)),
    "present": presence_of,
}
"""How what a test requires is read, by its operator."""


def canonical(entry: Entry) -> str:
    """JSON with sorted keys, texts with single spaces; itself a YAML file that reads as the same edition."""
    return json.dumps(plain(entry), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plain(entry: Entry) -> Any:
    if isinstance(entry.value, dict):
        return {key: plain(item) for key, item in entry.value.items()}
    if isinstance(entry.value, list):
        return [plain(item) for item in entry.value]
    if isinstance(entry.value, date):
        return entry.raw
    return " ".join(entry.value.split()) if isinstance(entry.value, str) else entry.value
