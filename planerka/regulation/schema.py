"""The JSON Schema of an edition: what an editor completes and checks while the author writes.

Made from the nouns of the rulebook and the catalogue of evidence, and never written by hand. Draft 7, the newest that
the YAML language server reads in full. What lies between two places, a number that is taken, is for `editions.check`.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from planerka.model import Consequence
from planerka.regulation.fields import FIELDS, NUMBERS, Field, FieldKind
from planerka.rulebook.edition_reader import NORMS, NUMBER, OPTIONAL_NORMS
from planerka.rulebook.entry import MOST
from planerka.rulebook.regulation import AWAITED, CHOICES, COMPARISONS, ON_EXPIRY, Norms

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "pattern": r"\S"}
CONDITION: Schema = {"$ref": "#/definitions/condition"}


def edition_schema() -> Schema:
    """The schema as plain values, ready for JSON."""
    head = {"edition": TEXT, "effective_on": {"type": "string", "format": "date"}, "ru": TEXT, "en": TEXT}
    reasons = {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/reason"}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An edition of the rejection regulation (docs/regulation.md)",
        **exactly({**head, "norms": norms(), "qualified": CONDITION, "reasons": reasons}),
        "definitions": {"reason": reason(), "clause": clause(), "condition": condition()},
    }


def exactly(properties: Schema, optional: Sequence[str] = ()) -> Schema:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def norms() -> Schema:
    positive: Schema = {"type": "integer", "minimum": 1, "maximum": MOST}
    own: Schema = {
        "first_response_min": {"anyOf": [positive, exactly({str(kind): positive for kind in AWAITED})]},
        "returns_max": {"type": "integer", "minimum": 0, "maximum": MOST},
        "on_expiry": {"enum": [str(decision) for decision in ON_EXPIRY]},
        "blind_sample_percent": {"type": "integer", "minimum": 0, "maximum": 100},
    }
    assert own.keys() == NORMS.keys()  # those that the reader reads in a way of their own
    keys: Schema = {norm.name: own.get(norm.name, positive) for norm in dataclasses.fields(Norms)}
    defaults: Schema = {norm.name: {"default": norm.default} for norm in OPTIONAL_NORMS}
    return exactly({name: key | defaults.get(name, {}) for name, key in keys.items()}, optional=[*defaults])


def reason() -> Schema:
    clauses = {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/clause"}}
    keys = {"code": TEXT, "ru": TEXT, "en": TEXT, "legal": {"type": "boolean"}, "clauses": clauses}
    return {
        **exactly(keys, optional=["clauses"]),
        "if": {"properties": {"legal": {"const": True}}},
        "then": {"required": ["clauses"]},
        "else": {"not": {"required": ["clauses"]}},
    }


def clause() -> Schema:
    keys = {
        "number": {"type": "string", "pattern": f"^{NUMBER}$"},
        "ru": TEXT,
        "en": TEXT,
        "consequence": {"enum": [str(consequence) for consequence in Consequence], "default": str(Consequence.VOID)},
        "test": CONDITION,
    }
    return exactly(keys, optional=["consequence"])


def condition() -> Schema:
    """Other tests joined, or one question to one field; the fields stand together by what may be asked of them."""
    parts = {"type": "array", "minItems": 1, "items": CONDITION}
    kinds = (FieldKind.YES_NO, FieldKind.TEXT, *NUMBERS)
    alike = [[field for field in FIELDS if field.kind == kind] for kind in kinds]
    codes = [[field] for field in FIELDS if field.kind == FieldKind.CODE]
    return {
        "anyOf": [
            exactly({"all": parts}),
            exactly({"any": parts}),
            exactly({"when": CONDITION, "then": CONDITION}),
            *(question(fields) for fields in [*alike, *codes] if fields),
        ]
    }


def question(fields: Sequence[Field]) -> Schema:
    """`field` and one operator."""
    keys: Schema = {"field": names(fields), **operators(fields), "present": {"const": True}}
    return {**exactly(keys, optional=[key for key in keys if key != "field"]), "minProperties": 2, "maxProperties": 2}


def names(fields: Sequence[Field]) -> Schema:
    """The fields, each with its title for the author who completes."""
    return {"anyOf": [{"const": field.name, "title": f"{field.ru} / {field.en}"} for field in fields]}


def operators(fields: Sequence[Field]) -> Schema:
    """What may be asked of fields of one kind, beside whether they are present."""
    if fields[0].kind == FieldKind.TEXT:
        return {}
    if fields[0].kind == FieldKind.YES_NO:
        return {"is": {"type": "boolean"}}
    if fields[0].kind == FieldKind.CODE:
        code: Schema = {"enum": list(fields[0].codes)}
        return {"is": code, **{key: {"type": "array", "minItems": 1, "items": code} for key in CHOICES}}
    number: Schema = {"type": "number"}
    other = exactly({"field": names(fields), "times": number}, optional=["times"])
    ends = {"type": "array", "minItems": 2, "maxItems": 2, "items": number}
    return {**{key: {"anyOf": [number, other]} for key in COMPARISONS}, "between": ends}
