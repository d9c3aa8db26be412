"""A YAML file of rules as entries that remember their lines, so that an error can point at one.

Only plain data is read. Repeated keys, which YAML lets win silently, and aliases, which hide what a reader
signs, are refused.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

from planerka.rulebook.entry import TOLD, Entry, Problem, Refusal

PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}

DEEPEST_N = 50


def read_document(text: str) -> Entry:
    """The whole file as one entry; Refusal where it is not YAML or more than plain data."""
    document, problems = draft_of(text)
    if problems:
        raise Refusal(*problems)
    return document


def draft_of(text: str) -> tuple[Entry, list[Problem]]:
    """As `read_document`, with TOLD for what is no plain data, and what was told of it; Refusal for what is no YAML."""
    try:
        refuse_depth(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        remedy = "correct the line or the indent above it"
        raise Refusal(Problem(line, f"not YAML: {wrong.problem}: {remedy}")) from None
    except (yaml.YAMLError, UnicodeEncodeError) as wrong:
        raise Refusal(Problem(1, f"not YAML: {type(wrong).__name__}: save the file as UTF-8 text")) from None
    if node is None:
        raise Refusal(Problem(1, "the file is empty: start from the example in rulebook/regulation"))
    draft = Draft()
    return draft.entry(node), draft.problems


def refuse_depth(text: str) -> None:
    """Refuse what is nested deeper than any rule: the C library composes recursively and would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_N:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise Refusal(Problem(line, f"nested deeper than {DEEPEST_N} levels: write it flatter"))


@dataclass
class Draft:
    """Turns the nodes of a file into entries, and remembers what of it is no plain data."""

    problems: list[Problem] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def entry(self, node: yaml.Node) -> Entry:
        if node.tag not in PLAIN:
            return self.told(node, f"the tag {node.tag} is not plain data: remove it")
        if id(node) in self.seen:
            return self.told(node, "a YAML alias hides what is signed: write the value out")
        self.seen.add(id(node))
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return Entry(line, self.pairs(node))
        if isinstance(node, yaml.SequenceNode):
            return Entry(line, [self.entry(item) for item in node.value])
        assert isinstance(node, yaml.ScalarNode)  # the third and last kind
        return Entry(line, scalar(node), node.value)

    def told(self, node: yaml.Node, message: str) -> Entry:
        line = node.start_mark.line + 1
        self.problems.append(Problem(line, message))
        return Entry(line, TOLD)

    def pairs(self, node: yaml.MappingNode) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in found:
                self.told(key, f"the key {key.value!r} stands here twice or is no word: remove it")
            else:
                found[key.value] = self.entry(value)
        return found


def scalar(node: yaml.ScalarNode) -> Any:
    """None for what only looks like a value, as 2024-02-30: whoever reads it says what stands there instead."""
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (ValueError, yaml.YAMLError):
        return None
