"""Searching: which rows of a model a domain finds, in which order."""

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from tests.fakes.odoo.domains import (
    ORDERED,
    Condition,
    Group,
    Node,
    comparable,
    conditions,
    in_seconds,
    parsed,
    pattern,
    required,
)
from tests.fakes.odoo.errors import client_mistake, user_error
from tests.fakes.odoo.tables import Row, Session

Test = Callable[[Row], bool]

BACKWARDS = {
    ("crm.lead", "message_ids"): ("mail.message", "res_id"),
    ("crm.lead", "activity_ids"): ("mail.activity", "res_id"),
    ("mail.message", "tracking_value_ids"): ("mail.tracking.value", "mail_message_id"),
}
"""What stands at the other end of a one2many, and which of its fields points back."""


def search(
    session: Session, model: str, domain: Any, order: str | None = None, rule: Test | None = None
) -> Iterable[Row]:
    """The rows of a domain, the archived left out unless it or the context speaks of `active`; `rule` hides more."""
    tree = with_active_test(session, model, parsed(domain))
    test = compiled(session, model, tree)
    keys = sort_keys(session, model, order or session.model(model).order)
    ids = session.candidates(model, timed(session, model, required(tree)))
    rows = (row for record_id in ids if (row := session.find(model, record_id)) is not None)
    found = (row for row in rows if test(row) and (rule is None or rule(row)))
    return found if keys[0] == ("id", False) else sorted_rows(session, model, found, keys)


def with_active_test(session: Session, model: str, tree: Node) -> Node:
    is_asked = any(condition.path == "active" for condition in conditions(tree))
    if "active" not in session.model(model).fields or is_asked or not session.context.get("active_test", True):
        return tree
    return Group("&", (tree, Condition("active", "=", True)))


def timed(session: Session, model: str, found: list[Condition]) -> list[Condition]:
    """Conditions on the model itself, moments in seconds: what computed rows are narrowed by."""
    fields = session.model(model).all_fields
    own = [c for c in found if c.path in fields]
    return [in_seconds(c, session.zone) if fields[c.path].type == "datetime" and c.value else c for c in own]


def compiled(session: Session, model: str, node: Node) -> Test:
    """A test of one row. OdooError, status 500, for a field that is not there or a moment that is none."""
    if isinstance(node, Condition):
        return compiled_condition(session, model, node)
    tests = [compiled(session, model, part) for part in node.parts]
    if node.operator == "&":
        return lambda row: all(test(row) for test in tests)
    if node.operator == "|":
        return lambda row: any(test(row) for test in tests)
    return lambda row: not tests[0](row)


def compiled_condition(session: Session, model: str, condition: Condition) -> Test:
    name, _, rest = condition.path.partition(".")
    field = session.model(model).all_fields.get(name)
    if field is None:
        written = (condition.path, condition.operator, condition.value)
        raise client_mistake(f"Invalid field {model}.{name} in condition {written!r}")
    if rest:
        inner: Node = Condition(rest, condition.operator, condition.value)
        return compiled_relation(session, model, name, compiled(session, str(field.relation), inner))
    if condition.operator in ("any", "not any"):
        test = compiled_relation(session, model, name, compiled(session, str(field.relation), parsed(condition.value)))
        return test if condition.operator == "any" else lambda row: not test(row)
    if field.type == "many2one" and isinstance(condition.value, str) and not condition.value.isdigit():
        return compiled_condition(session, model, Condition(f"{name}.name", condition.operator, condition.value))
    if field.type == "datetime" and condition.value:
        return compiled_moment(session, condition)
    return compiled_value(session, model, condition)


def compiled_relation(session: Session, model: str, name: str, test: Test) -> Test:
    """Whether any row at the other end of a relation meets the test."""
    relation = str(session.model(model).all_fields[name].relation)
    if (model, name) in BACKWARDS:
        return lambda row: any(test(session.get(relation, r)) for r in related_ids(session, model, name, row))

    def is_met(row: Row) -> bool:
        ids = row[name] if isinstance(row[name], list) else [row[name]] if row[name] else []
        return any(test(other) for other in (session.find(relation, r) for r in ids) if other is not None)

    return is_met


def related_ids(session: Session, model: str, name: str, row: Row) -> list[int]:
    """The ids of a one2many, in the order of its model."""
    relation, field = BACKWARDS[model, name]
    domain = [[field, "=", row["id"]]]
    if model == "crm.lead":
        domain.append(["model" if relation == "mail.message" else "res_model", "=", model])
    return [found["id"] for found in search(session, relation, domain)]


def compiled_moment(session: Session, condition: Condition) -> Test:
    if condition.operator in ("in", "not in", "!="):
        values = condition.value if isinstance(condition.value, list) else [condition.value]
        tests = [compiled_moment(session, Condition(condition.path, "=", value)) for value in values]
        return lambda row: any(test(row) for test in tests) == (condition.operator == "in")
    asked = in_seconds(condition, session.zone)
    if asked.operator == "=":
        return lambda row: row[asked.path] is not None and row[asked.path].replace(microsecond=0) == asked.value
    return ordered(asked.path, asked.operator, asked.value)


def ordered(path: str, operator: str, value: Any) -> Test:
    """A comparison; a row that has nothing there meets none."""
    if value is None:
        return lambda row: False
    if operator == "<":
        return lambda row: row[path] is not None and row[path] < value
    if operator == "<=":
        return lambda row: row[path] is not None and row[path] <= value
    if operator == ">":
        return lambda row: row[path] is not None and row[path] > value
    return lambda row: row[path] is not None and row[path] >= value


def compiled_value(session: Session, model: str, condition: Condition) -> Test:
    path, operator, value = condition.path, condition.operator, condition.value
    field = session.model(model).all_fields[path]
    if operator in ORDERED:
        return ordered(path, operator, value if field.type in ("integer", "float") else comparable(field, value))
    if "like" in operator:
        found = pattern(operator.removeprefix("not "), value)
        return lambda row: bool(found.fullmatch(str(row[path] or ""))) != operator.startswith("not ")
    if operator in ("in", "not in"):
        values = {comparable(field, v) for v in value} if isinstance(value, list) else set()
        return lambda row: (kept(row[path]) in values) == (operator == "in")
    wanted = comparable(field, value)
    return lambda row: (kept(row[path]) == wanted) == (operator == "=")


def kept(value: Any) -> Any:
    """Nothing, an empty text and a zero are the same to a comparison for equality; False is not."""
    return value if value or value is False else None


def sort_keys(session: Session, model: str, order: str) -> list[tuple[str, bool]]:
    """The fields of an order, and whether each is read backwards."""
    if not re.fullmatch(r"\s*(\w+(\.\w+)*(\s+(asc|desc))?\s*(,\s*|$))+", order, re.IGNORECASE):
        raise user_error(
            f'Invalid "order" specified ({order}). A valid "order" specification is a comma-separated list of '
            "valid field names (optionally followed by asc/desc for the direction)"
        )
    keys = [(part.split()[0], part.lower().endswith(" desc")) for part in (p.strip() for p in order.split(","))]
    for name, _ in keys:
        if name not in session.model(model).all_fields:
            raise client_mistake(f"Invalid field {name!r} on model {model!r}")
    return keys


def sorted_rows(session: Session, model: str, rows: Iterable[Row], keys: list[tuple[str, bool]]) -> Iterable[Row]:
    """Sorted as PostgreSQL does: what is empty comes last, or first backwards. A relation sorts as its model does."""
    if keys[0] == ("id", True):
        return reversed(list(rows))
    found = list(rows)
    for name, is_backwards in reversed(keys):
        found.sort(key=sort_value(session, model, name), reverse=is_backwards)
    return found


def sort_value(session: Session, model: str, name: str) -> Callable[[Row], tuple]:
    field = session.model(model).all_fields[name]
    if field.type != "many2one":
        return lambda row: (row[name] is None, row[name])
    relation = str(field.relation)
    inner = [key for key, _ in sort_keys(session, relation, session.model(relation).order)]
    return lambda row: (
        (row[name] is None, *(str(session.get(relation, row[name])[k]).rjust(20) for k in inner))
        if row[name]
        else (True,)
    )


def page(rows: Iterable[Row], offset: int, limit: int | None) -> list[Row]:
    """A limit of 0 is none."""
    if limit is not None and limit < 0:
        raise client_mistake("LIMIT must not be negative\n", "psycopg2.errors.InvalidRowCountInLimitClause")
    return list(islice(rows, offset, offset + limit if limit else None))
