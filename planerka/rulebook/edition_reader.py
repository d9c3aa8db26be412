"""Reads an edition from YAML: its shape, every refusal with the line, the place in the regulation and the remedy."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from planerka.model import Consequence, Enquiry
from planerka.rulebook.document import Entry, Refusal, read_document
from planerka.rulebook.regulation import (
    AWAITED,
    CHOICES,
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
        head = {name: self.kept(placed(name, read), keys[name]) for name, read in HEAD.items()}
        reasons = tuple(self.each(keys["reasons"], self.reason))
        if None in head.values():
            return None
        return Edition(name=head.pop("edition"), **head, reasons=reasons, content=canonical(document))

    def reason(self, entry: Entry) -> Reason:
        with place(f"reason {name_of(entry, 'code')}"):
            keys = entry.mapping(("code", "ru", "en", "legal"), ("clauses",))
            is_legal = keys["legal"].truth()
            if is_legal != ("clauses" in keys):
                raise Refusal(entry.line, "a legal reason has clauses and no other has: correct `legal`")
            return Reason(
                code=keys["code"].text(),
                ru=keys["ru"].text(),
                en=keys["en"].text(),
                is_legal=is_legal,
                clauses=tuple(self.each(keys["clauses"], clause_of)) if is_legal else (),
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


@contextmanager
def place(where: str) -> Iterator[None]:
    """A refusal inside says where in the regulation it stands."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.line, f"{where}: {refusal.message}") from None


def placed(where: str, read: Callable[[Entry], Any]) -> Callable[[Entry], Any]:
    """The reader of what stands at that place."""
    return place(where)(read)


def name_of(entry: Entry, key: str) -> str:
    """What an entry calls itself, as it was written, so that a refusal can name it; "?" where it does not say."""
    return entry.value[key].raw if isinstance(entry.value, dict) and key in entry.value else "?"


def norms_of(entry: Entry) -> Norms:
    keys = entry.mapping([norm.name for norm in dataclasses.fields(Norms)])
    return Norms(**{name: placed(name, NORMS.get(name, positive))(keys[name]) for name in keys})


def positive(entry: Entry) -> int:
    return entry.whole(at_least=1)


def not_negative(entry: Entry) -> int:
    return entry.whole(at_least=0)


def by_enquiry(entry: Entry) -> Mapping[Enquiry, int]:
    """A norm for each kind of enquiry, or one for all of them."""
    if not isinstance(entry.value, dict):
        return dict.fromkeys(AWAITED, positive(entry))
    keys = entry.mapping([str(kind) for kind in AWAITED])
    return {kind: placed(kind, positive)(keys[kind]) for kind in AWAITED}


def clause_of(entry: Entry) -> Clause:
    with place(f"clause {name_of(entry, 'number')}"):
        keys = entry.mapping(("number", "ru", "en", "test"), ("consequence",))
        number = keys["number"]
        if not isinstance(number.value, str) or not re.fullmatch(NUMBER, number.value):
            raise Refusal(number.line, 'number it as "1.1", in quotes')
        return Clause(
            number=number.value,
            ru=keys["ru"].text(),
            en=keys["en"].text(),
            consequence=Consequence(keys["consequence"].choice(list(Consequence)) if "consequence" in keys else "void"),
            test=condition_of(keys["test"]),
            line=entry.line,
        )


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
    if operator in CHOICES:
        return tuple(item.text() for item in entry.items())
    if operator == "between":
        return range_of(entry)
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


def range_of(entry: Entry) -> Range:
    ends = [item.number() for item in entry.items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise Refusal(entry.line, "between has two ends, the lower first: write it as [3, 12]")
    return Range(*ends)


HEAD: dict[str, Callable[[Entry], Any]] = {
    "edition": Entry.text,
    "effective_on": Entry.day,
    "ru": Entry.text,
    "en": Entry.text,
    "norms": norms_of,
    "qualified": condition_of,
}
"""What stands above the reasons, and how it is read."""

NORMS: dict[str, Callable[[Entry], Any]] = {"first_response_min": by_enquiry, "returns_max": not_negative}
"""The norms that are more, or may be less, than one number from 1."""


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
