"""Fields of a model: what they take, how they answer, how they describe themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.fakes.odoo.errors import client_mistake

SECONDS = "%Y-%m-%d %H:%M:%S"
NUMBERS: dict[str, Callable[[Any], Any]] = {"integer": int, "float": float, "monetary": float}


@dataclass(frozen=True, kw_only=True)
class Field:
    """`tracking` is the rank among the tracked fields of a message, 0 for a field that leaves no history."""

    type: str
    string: str
    relation: str | None = None
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = False
    is_readonly: bool = False
    is_computed: bool = False
    is_manual: bool = False
    tracking: int = 0
    default: Any = None

    def taken(self, model: str, name: str, value: Any) -> Any:
        """A value of JSON as the server keeps it; None is empty. OdooError for what the field cannot be."""
        if self.type == "boolean":
            return bool(value)
        if self.type in NUMBERS:
            return self.number(value)
        if value is None or value is False:
            return None
        if self.type == "many2one":
            return self.record_id(value)
        if self.type == "selection" and value not in dict(self.choices):
            raise client_mistake(f"Wrong value for {model}.{name}: {value!r}")
        if self.type in {"datetime", "date"}:
            return self.moment(value)
        return value

    def number(self, value: Any) -> Any:
        try:
            return NUMBERS[self.type](value or 0)
        except ValueError as error:
            raise client_mistake(str(error)) from None

    def record_id(self, value: Any) -> int:
        if isinstance(value, int):
            return value
        parts = ", ".join(map(repr, value))
        raise client_mistake(f"Expected singleton: {self.relation}({parts})")

    def moment(self, value: Any) -> date | datetime:
        """Written values know one format only; those of a domain know more."""
        if isinstance(value, date):
            return value
        try:
            if self.type == "date":
                return datetime.strptime(value[:10], "%Y-%m-%d").date()
            return datetime.strptime(value, SECONDS)
        except ValueError as error:
            raise client_mistake(str(error)) from None

    def shown(self, value: Any) -> Any:
        """A kept value as JSON: empty is false, and a moment loses what is below a second."""
        if value is None:
            return NUMBERS[self.type](0) if self.type in NUMBERS else False
        if isinstance(value, datetime):
            return value.isoformat(" ", "seconds")
        return value.isoformat() if isinstance(value, date) else value

    def described(self, name: str) -> dict[str, Any]:
        """What `fields_get` says."""
        about: dict[str, Any] = {
            "change_default": False,
            "company_dependent": False,
            "default_export_compatible": False,
            "depends": [],
            "exportable": True,
            "groupable": not self.is_computed,
            "manual": self.is_manual,
            "name": name,
            "readonly": self.is_readonly,
            "required": self.is_required,
            "searchable": True,
            "sortable": not self.is_computed,
            "store": not self.is_computed,
            "string": self.string,
            "type": self.type,
        }
        if self.relation:
            about |= {"relation": self.relation, "context": {}, "domain": []}
        if self.type == "selection":
            about["selection"] = [list(choice) for choice in self.choices]
        if self.type == "monetary":
            about["currency_field"] = "company_currency"
        return about
