"""An edition of the rejection regulation: read from YAML, checked for its shape, hashed for signing.

What a test may ask is a small closed grammar without code, over the fields of `regulation.fields`:

    {field: attempts_n, at_least: 6}                      also at_most, more_than, less_than
    {field: budget_minor, less_than: {field: cheapest_price_minor, times: 0.2}}
    {field: has_met, is: false}                           yes/no, or a code
    {field: original_state, one_of: [open, won]}
    {field: competitor, present: true}                    recorded in the CRM
    {all: [ … ]}   {any: [ … ]}   {when: { … }, then: { … }}

Whether the fields exist and fit their tests is checked by `regulation.clauses`, which knows them.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from planerka.model import Consequence
from planerka.rulebook.document import Entry, Refusal, read_document

COMPARISONS = ("at_least", "at_most", "more_than", "less_than")
OPERATORS = (*COMPARISONS, "is", "one_of", "present")


@dataclass(frozen=True)
class Multiple:
    """Another field to compare with, `times` a factor."""

    field: str
    times: float


@dataclass(frozen=True)
class Comparison:
    """One field against a requirement: a number, a Multiple, yes/no, a code or a tuple of codes."""

    field: str
    operator: str
    value: float | bool | str | tuple[str, ...] | Multiple
    line: int = dataclasses.field(compare=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it reads."""
        return (self.field, self.value.field) if isinstance(self.value, Multiple) else (self.field,)

    def leaves(self) -> Iterator["Comparison"]:
        yield self


@dataclass(frozen=True)
class Combination:
    """`all` or `any` of the parts."""

    operator: Literal["all", "any"]
    parts: tuple["Condition", ...]

    def leaves(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True)
class Implication:
    """`then` must hold where `when` does; elsewhere it asks nothing."""

    when: "Condition"
    then: "Condition"

    def leaves(self) -> Iterator[Comparison]:
        yield from self.when.leaves()
        yield from self.then.leaves()


Condition = Comparison | Combination | Implication


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One numbered rule for one rejection reason, in words for people and as a test for the machine."""

    number: str
    ru: str
    en: str
    consequence: Consequence
    test: Condition
    line: int = dataclasses.field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A rejection reason that the edition knows; a rejection for one that is not `is_legal` falls."""

    code: str
    ru: str
    en: str
    is_legal: bool
    clauses: tuple[Clause, ...]
    line: int = dataclasses.field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Norms:
    """Service norms. `_min` and `review_hours` are working time, the others pass by the calendar."""

    first_response_min: int
    neglect_days: int
    settling_hours: int
    dispute_horizon_days: int
    review_hours: int
    returns_max: int


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A dated version of the regulation. `content` is its canonical form: what is signed, and enough to load it."""

    name: str
    effective_on: date
    ru: str
    en: str
    norms: Norms
    qualified: Condition
    reasons: tuple[Reason, ...]
    content: str

    @cached_property
    def sha256(self) -> str:
        """What a signature signs: of the meaning, so that a comment or an indent may change and a word may not."""
        return sha256(self.content.encode()).hexdigest()

    @property
    def clauses(self) -> tuple[Clause, ...]:
        return tuple(clause for reason in self.reasons for clause in reason.clauses)


def read_edition(text: str) -> tuple[Edition | None, tuple[Refusal, ...]]:
    """The edition that a YAML text holds, None where it cannot be read at all, and every refusal of its shape."""
    reader = EditionReader()
    try:
        edition = reader.edition(read_document(text))
    except Refusal as refusal:
        return None, (*reader.refusals, refusal)
    return edition, (*reader.refusals, *(repeats(edition) if edition else ()))


class EditionReader:
    """Reads what it can and remembers every refusal, so that an author mends all of them at once."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def edition(self, document: Entry) -> Edition | None:
        """None where more than a reason or a clause cannot be read."""
        keys = document.mapping((*HEAD, "reasons"))
        head = {name: self.kept(read, keys[name]) for name, read in HEAD.items()}
        reasons = tuple(self.each(keys["reasons"], self.reason))
        if None in head.values():
            return None
        return Edition(name=head.pop("edition"), **head, reasons=reasons, content=canonical(document))

    def reason(self, entry: Entry) -> Reason:
        keys = entry.mapping(("code", "ru", "en", "legal"), ("clauses",))
        code, is_legal = keys["code"].text(), keys["legal"].truth()
        if is_legal != ("clauses" in keys):
            raise Refusal(entry.line, f"reason {code}: a legal reason has clauses and no other has: correct `legal`")
        clauses = tuple(self.each(keys["clauses"], clause_of)) if is_legal else ()
        return Reason(
            code=code,
            ru=keys["ru"].text(),
            en=keys["en"].text(),
            is_legal=is_legal,
            clauses=clauses,
            line=entry.line,
        )

    def each(self, entry: Entry, read: Callable[[Entry], Any]) -> Iterator[Any]:
        """The items of a list that can be read."""
        return (kept for item in entry.items() if (kept := self.kept(read, item)) is not None)

    def kept(self, read: Callable[[Entry], Any], entry: Entry) -> Any:
        """What was read, or None and one more refusal."""
        try:
            return read(entry)
        except Refusal as refusal:
            self.refusals.append(refusal)
            return None


def repeats(edition: Edition) -> Iterator[Refusal]:
    """A code or a number that would mean two things."""
    codes: set[str] = set()
    chapters: dict[str, str] = {}
    numbers: set[str] = set()
    for reason in edition.reasons:
        if reason.code in codes:
            yield Refusal(reason.line, f"reason {reason.code} stands here twice: give each its own code")
        codes.add(reason.code)
        for clause in reason.clauses:
            chapter = clause.number.split(".")[0]
            if clause.number in numbers or chapters.setdefault(chapter, reason.code) != reason.code:
                yield Refusal(clause.line, f"clause {clause.number}: the number is taken: number on within the reason")
            numbers.add(clause.number)


def norms_of(entry: Entry) -> Norms:
    keys = entry.mapping([norm.name for norm in dataclasses.fields(Norms)])
    return Norms(**{name: keys[name].whole(at_least=0 if name == "returns_max" else 1) for name in keys})


def clause_of(entry: Entry) -> Clause:
    """A clause; a refusal inside it names its number."""
    keys = entry.mapping(("number", "ru", "en", "test"), ("consequence",))
    number = keys["number"].text() if isinstance(keys["number"].value, str) else None
    if number is None or not re.fullmatch(r"[1-9]\d?\.[1-9]\d?", number):
        raise Refusal(keys["number"].line, f'clause {keys["number"].raw}: number it as "1.1", in quotes')
    try:
        return Clause(
            number=number,
            ru=keys["ru"].text(),
            en=keys["en"].text(),
            consequence=Consequence(keys["consequence"].choice(list(Consequence)) if "consequence" in keys else "void"),
            test=condition_of(keys["test"]),
            line=entry.line,
        )
    except Refusal as refusal:
        raise Refusal(refusal.line, f"clause {number}: {refusal.message}") from None


def condition_of(entry: Entry) -> Condition:
    keys = entry.value if isinstance(entry.value, dict) else {}
    if "when" in keys or "then" in keys:
        entry.mapping(("when", "then"))
        return Implication(condition_of(keys["when"]), condition_of(keys["then"]))
    for operator in ("all", "any"):
        if operator in keys:
            entry.mapping((operator,))
            return Combination(operator, tuple(condition_of(item) for item in keys[operator].items()))
    return comparison_of(entry)


def comparison_of(entry: Entry) -> Comparison:
    keys = entry.mapping(("field",), OPERATORS)
    if len(keys) != 2:
        raise Refusal(entry.line, f"a test asks one thing: give `field` one of {', '.join(OPERATORS)}, join by `all`")
    (operator,) = keys.keys() - {"field"}
    return Comparison(keys["field"].text(), operator, requirement_of(operator, keys[operator]), entry.line)


def requirement_of(operator: str, entry: Entry) -> Any:
    if operator == "one_of":
        return tuple(item.text() for item in entry.items())
    if operator == "is":
        return entry.truth() if isinstance(entry.value, bool) else entry.text()
    if operator == "present":
        if not entry.truth():
            raise Refusal(entry.line, "what nobody recorded cannot be asked for: write `present: true`")
        return True
    if isinstance(entry.value, dict):
        keys = entry.mapping(("field",), ("times",))
        return Multiple(keys["field"].text(), keys["times"].number() if "times" in keys else 1)
    return entry.number()


HEAD: dict[str, Callable[[Entry], Any]] = {
    "edition": Entry.text,
    "effective_on": Entry.day,
    "ru": Entry.text,
    "en": Entry.text,
    "norms": norms_of,
    "qualified": condition_of,
}
"""What stands above the reasons, and how it is read."""


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
