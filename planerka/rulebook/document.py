"""A YAML file of rules that remembers its lines, so that an error can point at one.

Only plain data is read. Repeated keys, which YAML lets win silently, and aliases, which hide what a reader
signs, are refused.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from math import isfinite
from typing import Any

import yaml

from planerka.errors import RulebookError

PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}

DEEPEST_N = 50


MOST = 10_000
"""The largest whole number: as days more than 27 years. Calendars end where much more is added."""


class Refusal(RulebookError):
    """Why one line cannot be a rule. A reader gathers them, so that all are mended at once."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


@dataclass(frozen=True)
class Entry:
    """A value of the file and the line on which it starts.

    `value` is a dict of entries by key, a list of entries, or a scalar; `raw` is a scalar as it was written
    (1.10 is not 1.1 where it numbers a clause).
    """

    line: int
    value: Any
    raw: str = ""

    def mapping(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, "Entry"]:
        """The entries by key; refused where one is missing or unknown."""
        if not isinstance(self.value, dict):
            raise Refusal(self.line, f"expected the keys {', '.join(required)}: write them one a line")
        for key, entry in self.value.items():
            if key not in required and key not in optional:
                raise Refusal(entry.line, f"unknown key {key!r}: {nearest(key, [*required, *optional])}")
        for key in required:
            if key not in self.value:
                raise Refusal(self.line, f"{key!r} is missing: add it")
        return self.value

    def items(self) -> list["Entry"]:
        if not isinstance(self.value, list) or not self.value:
            raise Refusal(self.line, "expected a list of one or more: begin each line with a dash")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise Refusal(self.line, f"expected a text, not {self.raw or 'nothing'}: put it in quotes")
        return " ".join(self.value.split())

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not isfinite(self.value):
            raise Refusal(self.line, f"expected a number, not {self.raw or 'nothing'}: write it as 15 or 0.2")
        return self.value

    def whole(self, at_least: int) -> int:
        number = self.number()
        if number > MOST:
            raise Refusal(self.line, f"expected a whole number up to {MOST}, not {self.raw}: correct it")
        if number != int(number) or number < at_least:
            raise Refusal(self.line, f"expected a whole number from {at_least}, not {self.raw}: correct it")
        return int(number)

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise Refusal(self.line, f"expected true or false, not {self.raw or 'nothing'}: write one of them")
        return self.value

    def day(self) -> date:
        try:
            return date.fromisoformat(self.raw)
        except ValueError:
            raise Refusal(self.line, f"{self.raw!r} is not a date: write it as 2024-01-31") from None

    def choice(self, choices: Collection[str]) -> str:
        if self.value not in choices:
            found = get_close_matches(self.raw, choices, n=1)
            remedy = f"did you mean {found[0]!r}?" if found else "write one of them"
            raise Refusal(self.line, f"{self.raw!r} is not one of {', '.join(choices)}: {remedy}")
        return str(self.value)


def nearest(word: str, choices: Collection[str]) -> str:
    """The remedy for a misspelt word."""
    found = get_close_matches(word, choices, n=1)
    return f"did you mean {found[0]!r}?" if found else f"use one of {', '.join(choices)}"


def read_document(text: str) -> Entry:
    """The whole file as one entry; Refusal where it is not YAML or more than plain data."""
    try:
        refuse_depth(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        raise Refusal(line, f"not YAML: {wrong.problem}: correct the line or the indent above it") from None
    except (yaml.YAMLError, UnicodeEncodeError) as wrong:
        raise Refusal(1, f"not YAML: {type(wrong).__name__}: save the file as UTF-8 text") from None
    if node is None:
        raise Refusal(1, "the file is empty: start from the example in rulebook/regulation")
    return entry_of(node, set())


def refuse_depth(text: str) -> None:
    """Refuse what is nested deeper than any rule: the C library composes recursively and would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_N:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise Refusal(line, f"nested deeper than {DEEPEST_N} levels: write it flatter")


def entry_of(node: yaml.Node, seen: set[int]) -> Entry:
    line = node.start_mark.line + 1
    if node.tag not in PLAIN:
        raise Refusal(line, f"the tag {node.tag} is not plain data: remove it")
    if id(node) in seen:
        raise Refusal(line, "a YAML alias hides what is signed: write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return Entry(line, dict(pairs(node, seen)))
    if isinstance(node, yaml.SequenceNode):
        return Entry(line, [entry_of(item, seen) for item in node.value])
    assert isinstance(node, yaml.ScalarNode)  # the third and last kind
    return Entry(line, scalar(node), node.value)


def pairs(node: yaml.MappingNode, seen: set[int]) -> Iterator[tuple[str, Entry]]:
    keys: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in keys:
            raise Refusal(key.start_mark.line + 1, f"the key {key.value!r} stands here twice or is no word: remove it")
        keys.add(key.value)
        yield key.value, entry_of(value, seen)


def scalar(node: yaml.ScalarNode) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (ValueError, yaml.YAMLError):
        raise Refusal(node.start_mark.line + 1, f"{node.value!r} is not a value: put it in quotes") from None
