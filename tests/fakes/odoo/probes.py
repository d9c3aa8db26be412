"""Reads `tests/cases/odoo/probes.txt`: what a server of Odoo answers, each sentence with the calls that show it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[2] / "cases" / "odoo" / "probes.txt"
SALESMAN = "salesman: "


class Like:
    """Equal to every text that the pattern matches."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other, re.DOTALL) is not None

    def __repr__(self) -> str:
        return f"Like({self.pattern!r})"


class Number:
    """Equal to every number."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and not isinstance(other, bool)

    def __repr__(self) -> str:
        return "a number"


@dataclass(frozen=True)
class Call:
    path: str
    arguments: dict[str, Any]
    is_of_salesman: bool


@dataclass(frozen=True)
class Probe:
    """`answer` is what the last call is to give; of an error, its name and message."""

    sentence: str
    calls: tuple[Call, ...]
    status: int
    answer: Any


def read_probes() -> list[Probe]:
    """The probes of the table, with the calls that it has names for."""
    head, *blocks = re.split(r"^> ", TABLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    names = dict(re.findall(r"^([A-Z]+) = (.*)$", head, flags=re.MULTILINE))
    return [read_probe(block, names) for block in blocks]


def read_probe(block: str, names: dict[str, str]) -> Probe:
    sentence, *calls, answer = [line for line in block.splitlines() if line and not line.startswith("#")]
    status, _, body = answer.partition(" ")
    return Probe(sentence, tuple(read_call(call, names) for call in calls), int(status), read_answer(int(status), body))


def read_call(line: str, names: dict[str, str]) -> Call:
    written = line.removeprefix(SALESMAN)
    path, _, arguments = names.get(written, written).partition(" ")
    return Call(path, json.loads(arguments), line.startswith(SALESMAN))


def read_answer(status: int, body: str) -> Any:
    if status == 200:
        return matching(json.loads(body))
    name, _, pattern = body.partition(" ~ ")
    return {"name": name, "message": Like(pattern)}


def matching(value: Any) -> Any:
    """An answer with its marks made into what equals many."""
    if isinstance(value, dict):
        return {key: matching(item) for key, item in value.items()}
    if isinstance(value, list):
        return [matching(item) for item in value]
    if value == "@":
        return Like(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
    if value == "#":
        return Number()
    return Like(value[1:]) if isinstance(value, str) and value.startswith("~") else value


def filled(value: Any, results: list[Any]) -> Any:
    """A value with the results of earlier calls put in for "$0", "$0.1", "$0.1.name"."""
    if isinstance(value, dict):
        return {key: filled(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, results) for item in value]
    if not (isinstance(value, str) and value.startswith("$")):
        return value
    number, *path = value[1:].split(".")
    found = results[int(number)]
    for step in path:
        found = found[int(step) if step.isdigit() else step]
    return found
