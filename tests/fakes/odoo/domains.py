"""Domains as JSON-2 takes them, with the mistakes that the real server finds and the words it has for them."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from tests.fakes.odoo.errors import client_mistake
from tests.fakes.odoo.fields import Field

ORDERED = ("<", ">", "<=", ">=")
OPERATORS = {
    *("=", "!=", *ORDERED, "in", "not in", "any", "not any"),
    *("like", "ilike", "not like", "not ilike", "=like", "=ilike"),
}


@dataclass(frozen=True)
class Condition:
    path: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Group:
    """`operator` is &, | or !; an empty & is true."""

    operator: str
    parts: tuple["Node", ...]


Node = Condition | Group
TRUE, FALSE = Group("&", ()), Group("|", ())


def parsed(domain: Any) -> Node:
    """The tree of a domain. OdooError, status 500, for what is none."""
    if not isinstance(domain, list):
        raise client_mistake(f"Domain() invalid argument type for domain: {domain!r}", "builtins.TypeError")
    stack: list[Node] = []
    for item in reversed(domain):
        if item in ("&", "|", "!"):
            needed_n = 1 if item == "!" else 2
            if len(stack) < needed_n:
                raise client_mistake(f"Domain() malformed domain {domain!r}")
            stack.append(Group(item, tuple(stack.pop() for _ in range(needed_n))))
        else:
            stack.append(leaf(item))
    return stack[0] if len(stack) == 1 else Group("&", tuple(reversed(stack)))


def leaf(item: Any) -> Node:
    if not (isinstance(item, list) and len(item) == 3):
        raise client_mistake(f"Domain() invalid item in domain: {item!r}")
    path, operator, value = item
    if path in (0, 1) and operator == "=":
        return TRUE if path == value else FALSE
    if operator not in OPERATORS:
        raise client_mistake(f"Invalid operator in condition {tuple(item)!r}")
    return Condition(path, operator, value)


def conditions(node: Node) -> list[Condition]:
    """Every condition of a tree, however deep."""
    return [node] if isinstance(node, Condition) else [c for part in node.parts for c in conditions(part)]


def required(node: Node) -> list[Condition]:
    """The conditions that every row must meet, whatever else is asked of it."""
    if isinstance(node, Condition):
        return [node]
    return [c for part in node.parts for c in required(part)] if node.operator == "&" else []


def in_seconds(condition: Condition, zone: tzinfo) -> Condition:
    """A comparison of moments as the server rewrites it: whole seconds, or whole days where a day was given.

    `>` means from the next second on, `<=` to the end of that second, `=` the second; so no client sees the
    microseconds by which rows are nevertheless sorted.
    """
    given, is_day = moment(condition.value, zone)
    step = timedelta(days=1) if is_day else timedelta(seconds=1)
    given = given.replace(microsecond=0)
    if condition.operator == ">":
        return Condition(condition.path, ">=", given + step)
    if condition.operator == "<=":
        return Condition(condition.path, "<", given + step)
    return Condition(condition.path, condition.operator, given)


def moment(value: Any, zone: tzinfo) -> tuple[datetime, bool]:
    """A moment of a domain as naive UTC, and whether it was a day; OdooError for everything else."""
    if not isinstance(value, str):
        raise client_mistake(f"Failed to cast {value!r} into a datetime")
    if not re.match(r"\d+-", value):
        raise client_mistake(f"Invalid term {value.split()[0]!r} in expression date: {value!r}")
    try:
        if len(value) <= 10:
            start = datetime.combine(date.fromisoformat(value), datetime.min.time(), zone)
            return start.astimezone(UTC).replace(tzinfo=None), True
        read = datetime.fromisoformat(value)
    except ValueError as error:
        raise client_mistake(str(error)) from None
    if read.tzinfo is not None:
        raise client_mistake(f"expecting only datetimes with no timezone: {value!r}")
    return read, False


def comparable(field: Field, value: Any) -> Any:
    """A value of a condition as rows hold it; text that is a number counts as one, and 0 and "" as nothing there."""
    if field.type in ("integer", "many2one", "many2one_reference", "float", "monetary") and isinstance(value, str):
        return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else value
    if field.type == "date" and isinstance(value, str):
        return date.fromisoformat(value[:10])
    if field.type == "boolean":
        return bool(value)
    return value or None


def pattern(operator: str, value: Any) -> re.Pattern[str]:
    """`like` finds its text anywhere, `=like` is a whole pattern; % and _ are wild in both."""
    body = "".join({"%": ".*", "_": "."}.get(mark, re.escape(mark)) for mark in str(value))
    flags = re.DOTALL | (re.IGNORECASE if "ilike" in operator else 0)
    return re.compile(body if operator.startswith("=") else f".*{body}.*", flags)
