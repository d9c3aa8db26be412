"""The query string as amoCRM reads it: PHP's brackets, filters it knows and filters it drops, one order, pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ORDERS = ("created_at", "updated_at", "id")
DEFAULT_LENGTH_N = 50
LONGEST_N = {"events": 100, "custom_fields": 50}


@dataclass(frozen=True)
class Between:
    """Both ends included."""

    column: str
    low: int
    high: int


@dataclass(frozen=True)
class Among:
    column: str
    values: frozenset[int | str]


Condition = Between | Among


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which rows and in what order. Rows that are equal in `order` follow each other by falling id."""

    conditions: tuple[Condition, ...]
    order: str
    is_ascending: bool


def brackets(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][]=1&a[b][]=2` as {"a": {"b": {"0": "1", "1": "2"}}}."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        *path, last = name.replace("]", "").split("[")
        branch = tree
        for key in path:
            branch = branch.setdefault(key, {}) if isinstance(branch, dict) else {}
        branch[last or str(len(branch))] = value
    return tree


def words(value: Any) -> frozenset[str]:
    """`filter[id]=1,2`, `filter[id][]=1&filter[id][]=2` and `filter[id]=1` alike."""
    texts = value.values() if isinstance(value, dict) else str(value).split(",")
    return frozenset(str(text).strip() for text in texts)


def numbers(value: Any) -> frozenset[int]:
    return frozenset(int(word) for word in words(value) if word.lstrip("-").isdigit())


def status_code(pipeline_id: int | str, status_id: int | str) -> int:
    """A stage as one number: 142 and 143 stand in every pipeline."""
    return int(pipeline_id) * 10**9 + int(status_id)


def between(column: str, value: Any) -> Between:
    """`[from]` and `[to]`; a bare number is equality, which matches next to nothing."""
    if not isinstance(value, dict):
        return Between(column, int(value), int(value))
    return Between(column, int(value.get("from", 0)), int(value.get("to", 2**62)))


def among_statuses(column: str, value: Any) -> list[Condition]:
    """Stages that have both keys; the others are dropped, and with the last of them the whole filter."""
    entries = value.values() if isinstance(value, dict) else ()
    whole = [e for e in entries if isinstance(e, dict) and {"pipeline_id", "status_id"} <= e.keys()]
    codes = frozenset(status_code(e["pipeline_id"], e["status_id"]) for e in whole)
    return [Among(column, codes)] if codes else []


def conditions(filters: Mapping[str, Any], kinds: Mapping[str, str]) -> tuple[Condition, ...]:
    """The filters that a list knows; what it does not know is dropped without a word.

    `kinds` says of each name how it is read: `time`, `number`, `word`, `status`, `after` or `before`.
    """
    made: list[Condition] = []
    for name, value in filters.items():
        kind = kinds.get(name)
        if kind == "time":
            made.append(between(name, value))
        elif kind == "number":
            made.append(Among(name, numbers(value)))
        elif kind == "word":
            made.append(Among(name, words(value)))
        elif kind == "status":
            made += among_statuses("status", value)
        elif kind in ("after", "before"):
            made += values_of_event(f"status_{kind}", value)
    return tuple(made)


def values_of_event(column: str, value: Any) -> list[Condition]:
    return among_statuses(column, value.get("leads_statuses")) if isinstance(value, dict) else []


def order_of(tree: Mapping[str, Any], default: str) -> tuple[str, bool]:
    """The first order that is asked for, True for ascending; newest first where none is.

    ValueError where that field is none to order by.
    """
    asked = tree.get("order")
    if not isinstance(asked, dict) or not asked:
        return default, False
    name, direction = next(iter(asked.items()))
    if name not in ORDERS:
        raise ValueError(name)
    return name, str(direction).lower() == "asc"


def page_of(tree: Mapping[str, Any], name: str) -> tuple[int, int]:
    """The number of the page from 1, and its length: too long a page of events is one of 50, any other one the longest
    that its list has.
    """
    asked_n = int(tree.get("limit", DEFAULT_LENGTH_N))
    longest_n = LONGEST_N.get(name, 500)
    too_long_n = DEFAULT_LENGTH_N if name == "events" else longest_n
    return max(int(tree.get("page", 1)), 1), max(asked_n if asked_n <= longest_n else too_long_n, 1)
