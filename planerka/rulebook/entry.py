"""An entry of a file of rules: a value, the line it stands on, and every way it is read or refused."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

from planerka.errors import RulebookError
from planerka.unseen import legible, unseen_in

MOST = 10_000
"""The largest whole number: as days more than 27 years. Calendars end where much more is added."""

TOLD: Any = object()
"""The value of an entry that was refused when the file was read: nothing more is said of it."""


class Problem(NamedTuple):
    """What is wrong on a line, and the remedy."""

    line: int
    message: str


class Refusal(RulebookError):
    """Why an entry cannot be a rule: every problem that can be told at once; none where all were told before."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = problems

    def lines(self, file: str) -> tuple[str, ...]:
        """As `file:line: what, remedy`, from the top of the file."""
        ordered = sorted(self.problems, key=lambda problem: problem.line)
        return tuple(f"{file}:{line}: {message}" for line, message in ordered)


@dataclass(frozen=True)
class Entry:
    """A value of the file and the line on which it starts.

    `value` is a dict of entries by key, a list of entries, a scalar or TOLD; `raw` is a scalar as it was written
    (1.10 is not 1.1 where it numbers a clause).
    """

    line: int
    value: Any
    raw: str = ""

    @property
    def written(self) -> str:
        """`raw`, fit to be quoted."""
        return legible(self.raw)

    def name(self, key: str) -> str:
        """What it calls itself under a key, so that a refusal can name it; "?" where it does not say."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return (found and found.written) or "?"

    def refusal(self, message: str) -> Refusal:
        return Refusal() if self.value is TOLD else Refusal(Problem(self.line, message))

    def expected(self, what: str, remedy: str) -> Refusal:
        return self.refusal(f"expected {what}, not {self.written or 'nothing'}: {remedy}")

    def block(self, required: "Readers", optional: "Readers | None" = None) -> dict[str, Any]:
        """What stands under each key; refused with all that is wrong with the keys and under each of them."""
        if not isinstance(self.value, dict):
            raise self.refusal(f"expected the keys {', '.join(required)}: write them one a line")
        readers = {**required, **(optional or {})}
        known = [key for key in self.value if key in readers]
        values = gathered(
            (partial(readers[key], self.value[key]) for key in known), self.wrong_keys([*readers], required)
        )
        return dict(zip(known, values, strict=True))

    def wrong_keys(self, known: Collection[str], required: Collection[str]) -> Iterator[Problem]:
        """Unknown and missing keys, of which a misspelt one is told once."""
        unknown = {key: entry for key, entry in self.value.items() if key not in known}
        for key, entry in unknown.items():
            yield Problem(entry.line, f"unknown key {key!r}: {nearest(key, known)}")
        meant = {near for key in unknown for near in get_close_matches(key, known, n=1)}
        for key in required:
            if key not in self.value and key not in meant:
                yield Problem(self.line, f"{key!r} is missing: add it")

    def items(self) -> list["Entry"]:
        if not isinstance(self.value, list) or not self.value:
            raise self.refusal("expected a list of one or more: begin each line with a dash")
        return self.value

    def text(self) -> str:
        """On one line, with single spaces; refused where it holds a sign that nobody sees."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.expected("a text", "put it in quotes")
        text = " ".join(self.value.split())
        if unseen := unseen_in(text):
            raise self.refusal(f"{text!r} holds {unseen}, which nobody sees who signs it: remove it")
        return text

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not isfinite(self.value):
            raise self.expected("a number", "write it as 15 or 0.2")
        return self.value

    def whole(self, at_least: int, at_most: int = MOST) -> int:
        number = self.number()
        if number > at_most:
            raise self.expected(f"a whole number up to {at_most}", "correct it")
        if number != int(number) or number < at_least:
            raise self.expected(f"a whole number from {at_least}", "correct it")
        return int(number)

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.expected("true or false", "write one of them")
        return self.value

    def day(self) -> date:
        try:
            return date.fromisoformat(self.raw)
        except ValueError:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", self.raw):
                raise self.refusal(f"there is no day {self.raw}: look at the calendar") from None
            raise self.refusal(f"{self.raw!r} is not a date: write it as 2024-01-31") from None

    def choice(self, choices: Collection[str]) -> str:
        if self.value not in choices:
            found = get_close_matches(self.raw, choices, n=1)
            remedy = f"did you mean {found[0]!r}?" if found else "write one of them"
            raise self.refusal(f"{self.raw!r} is not one of {', '.join(choices)}: {remedy}")
        return str(self.value)


Read = Callable[[], Any]
Reader = Callable[[Entry], Any]
Readers = Mapping[str, Reader]
"""How what stands under each key is read."""


def gathered(reads: Iterable[Read], found: Iterable[Problem] = ()) -> list[Any]:
    """What all of them read; Refusal with the problems of every one that cannot, beside those found before."""
    values, problems, is_whole = [], [*found], True
    for read in reads:
        try:
            values.append(read())
        except Refusal as refusal:
            problems += refusal.problems
            is_whole = False
    if problems or not is_whole:
        raise Refusal(*problems)
    return values


def each(read: Reader) -> Reader:
    """The reader of a list of one or more such entries."""
    return lambda entry: tuple(gathered(partial(read, item) for item in entry.items()))


@contextmanager
def place(where: str) -> Iterator[None]:
    """A refusal inside says where in the rules it stands."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(*(Problem(line, f"{where}: {message}") for line, message in refusal.problems)) from None


def placed(where: str, read: Reader) -> Reader:
    """The reader of what stands at that place."""
    return place(where)(read)


def nearest(word: str, choices: Collection[str]) -> str:
    """The remedy for a misspelt word."""
    found = get_close_matches(word, choices, n=1)
    return f"did you mean {found[0]!r}?" if found else f"use one of {', '.join(choices)}"
