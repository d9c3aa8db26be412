"""The methods that every model has."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from tests.fakes.odoo import rights
from tests.fakes.odoo.errors import client_mistake, is_referenced, is_required, missing_error
from tests.fakes.odoo.fields import Field
from tests.fakes.odoo.languages import TRANSLATED
from tests.fakes.odoo.search import BACKWARDS, page, related_ids, search
from tests.fakes.odoo.tables import Row, Session

Ids = list[int]
NEEDED_AT_ONCE = {
    ("crm.lead", "stage_id"),
    ("crm.lead", "user_id"),
    ("crm.lead", "team_id"),
    ("crm.lead", "partner_id"),
}
"""References that a rule of the model reads while it is written: a wrong one is missed by name."""


def model_method(method: Callable) -> Callable:
    """Marks what is called on a model and takes no ids."""
    vars(method)["is_of_model"] = True
    return method


class Records:
    """Rows of one model as one user handles them. The public methods, and nothing else, can be called from outside."""

    def __init__(self, session: Session, model: str, ids: Any) -> None:
        self._session, self._model = session, model
        self._ids: Ids = ids if isinstance(ids, list) else [ids] if isinstance(ids, int) else list(ids)

    @model_method
    def search(self, domain: Any, offset: int = 0, limit: int | None = None, order: str | None = None) -> Ids:
        return [row["id"] for row in self._search(domain, offset, limit, order)]

    @model_method
    def search_count(self, domain: Any, limit: int | None = None) -> int:
        return len(self._search(domain, 0, limit, "id"))

    @model_method
    def search_read(
        self,
        domain: Any = None,
        fields: list[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        **options: Any,
    ) -> list[Row]:
        for name in options.keys() - {"load"}:
            message = f"BaseModel._read_format() got an unexpected keyword argument '{name}'"
            raise client_mistake(message, "builtins.TypeError")
        rows = self._search([] if domain is None else domain, offset, limit, order)
        return self._shown(rows, fields, options.get("load", "_classic_read"))

    def read(self, fields: list[str] | None = None, load: str = "_classic_read") -> list[Row]:
        """Rows that are gone are left out in silence, unless only the id is asked: that misses nothing."""
        rights.demand(self._session, self._model, "read")
        if any(not isinstance(record_id, int) for record_id in self._ids):
            words = f'invalid input syntax for type integer: "{self._ids[0]}"\n'
            raise client_mistake(words, "psycopg2.errors.InvalidTextRepresentation")
        if fields == ["id"]:
            return [{"id": record_id} for record_id in self._ids]
        rows = [row for i in self._ids if (row := self._session.find(self._model, i)) is not None]
        if not all(rights.sees(self._session, self._model, row) for row in rows):
            raise rights.top_secret(self._session, self._model)
        return self._shown(rows, fields, load)

    @model_method
    def create(self, vals_list: Any) -> Ids:
        if vals_list:
            rights.demand(self._session, self._model, "create")
        return [self._create(vals) for vals in ([vals_list] if isinstance(vals_list, dict) else vals_list)]

    def write(self, vals: Row) -> bool:
        self._demand("write")
        values = self._taken(vals)
        for record_id in self._ids:
            self._write(record_id, values)
        return True

    def unlink(self) -> bool:
        self._demand("unlink")
        for record_id in self._ids:
            self._refuse_if_needed(record_id)
            self._session.delete(self._model, record_id)
        return True

    def action_archive(self) -> None:
        self._on([r for r in self._ids if self._row(r)["active"]]).write({"active": False})

    def action_unarchive(self) -> None:
        self._on([r for r in self._ids if not self._row(r)["active"]]).write({"active": True})

    @model_method
    def fields_get(self, allfields: list[str] | None = None, attributes: list[str] | None = None) -> Row:
        """An unknown name is left out in silence."""
        about = {n: f.described(n) for n, f in self._fields.items() if not allfields or n in allfields}
        for field in about.values():
            if "selection" in field:
                field["selection"] = [[key, self._session.word(title)] for key, title in field["selection"]]
        return {n: {k: v for k, v in a.items() if not attributes or k in attributes} for n, a in about.items()}

    def has_access(self, operation: str) -> bool:
        rows = [self._session.find(self._model, record_id) for record_id in self._ids]
        is_seen = all(row is None or rights.sees(self._session, self._model, row) for row in rows)
        return rights.may(self._session, self._model, operation) and is_seen

    @property
    def _fields(self) -> dict[str, Field]:
        return self._session.model(self._model).all_fields

    def _on(self, ids: Ids) -> Any:
        return type(self)(self._session, self._model, ids)

    def _row(self, record_id: int) -> Row:
        """The row, or the error of one that is not there, or not for this user."""
        row = self._session.find(self._model, record_id)
        if row is None:
            raise missing_error(self._model, record_id, self._session.user_id)
        if not rights.sees(self._session, self._model, row):
            raise rights.top_secret(self._session, self._model)
        return row

    def _demand(self, operation: str) -> None:
        """The right to do that, to rows that are all there."""
        rights.demand(self._session, self._model, operation)
        for record_id in self._ids:
            self._row(record_id)

    def _search(self, domain: Any, offset: int, limit: int | None, order: str | None) -> list[Row]:
        rights.demand(self._session, self._model, "read")
        rule = lambda row: rights.sees(self._session, self._model, row)  # noqa: E731
        return page(search(self._session, self._model, domain, order, rule), offset, limit)

    def _create(self, vals: Row) -> int:
        values = self._taken(vals)
        record_id = self._session.insert(self._model, values)
        self._check(self._session.get(self._model, record_id))
        return record_id

    def _write(self, record_id: int, values: Row) -> None:
        self._session.update(self._model, record_id, **values)
        self._check(self._row(record_id))

    def _taken(self, vals: Row) -> Row:
        """Values as rows hold them. The times and authors of a change are taken and not kept."""
        for name in vals:
            if name not in self._fields:
                raise client_mistake(f"Invalid field {name!r} in {self._model!r}")
        taken = {name: self._fields[name].taken(self._model, name, value) for name, value in vals.items()}
        for name, value in taken.items():
            self._refuse_if_nowhere(name, value)
        return {n: v for n, v in taken.items() if n not in ("create_date", "write_date", "create_uid", "write_uid")}

    def _refuse_if_nowhere(self, name: str, value: Any) -> None:
        field = self._fields[name]
        if field.type != "many2one" or value is None or self._session.find(str(field.relation), value) is not None:
            return
        if (self._model, name) in NEEDED_AT_ONCE:
            raise missing_error(str(field.relation), value, self._session.user_id)
        raise is_referenced(self._model, self._session.model(self._model).title, name, field.string)

    def _refuse_if_needed(self, record_id: int) -> None:
        """Stages and reasons that a lead has cannot go."""
        name = {"crm.stage": "stage_id", "crm.lost.reason": "lost_reason_id"}.get(self._model)
        if name and any(search(self._session, "crm.lead", [[name, "=", record_id], ["active", "in", [True, False]]])):
            lead = self._session.model("crm.lead")
            raise is_referenced("crm.lead", lead.title, name, lead.fields[name].string)

    def _check(self, row: Row) -> None:
        for name, field in self._fields.items():
            if field.is_required and row[name] is None:
                raise is_required(self._model, self._session.model(self._model).title, name, field.string)

    def _shown(self, rows: list[Row], fields: list[str] | None, load: str) -> list[Row]:
        names = [name for name in fields or self._fields if name != "id"]
        for name in names:
            if name not in self._fields:
                raise client_mistake(f"Invalid field {name!r} on {self._model!r}")
            rights.demand_field(self._session, self._model, name)
        shown: list[Row] = [{"id": row["id"]} for row in rows]
        for name in names:
            show = self._column(name, load)
            for line, row in zip(shown, rows, strict=True):
                line[name] = show(row)
        return shown

    def _column(self, name: str, load: str) -> Callable[[Row], Any]:
        """How the value of a field becomes JSON; what is at the other end of a relation is named once for a page."""
        field = self._fields[name]
        if field.is_computed:
            return lambda row: computed(self._session, self._model, row, name)
        if name == "name" and self._model in TRANSLATED:
            return lambda row: self._session.word(row[name])
        if field.type != "many2one":
            return lambda row: field.shown(row[name])
        if not load:
            return lambda row: row[name] or False
        named = cache(lambda record_id: display_name(self._session, str(field.relation), record_id))
        return lambda row: [row[name], named(row[name])] if row[name] is not None else False


def display_name(session: Session, model: str, record_id: int) -> str | bool:
    """What a row is called, whoever asks and whether or not it is archived; false where it has no name."""
    row = session.get(model, record_id)
    if model == "ir.model.fields":
        title = session.model(row["model"]).title
        return f"{session.word(row['field_description'])} ({session.word(title)})"
    called = session.model(model).called
    if session.model(model).fields[called].relation:
        return display_name(session, str(session.model(model).fields[called].relation), row[called])
    return (session.word(row[called]) if model in TRANSLATED else row[called]) or False


def computed(session: Session, model: str, row: Row, name: str) -> Any:
    """A value that no row holds, as JSON."""
    if (model, name) in BACKWARDS:
        return related_ids(session, model, name, row)
    if name == "display_name":
        return display_name(session, model, row["id"])
    if name == "company_currency":
        currency_id = session.get("res.company", row["company_id"] or 1)["currency_id"]
        return [currency_id, display_name(session, "res.currency", currency_id)]
    if name == "record_name":
        about = session.find(row["model"], row["res_id"]) if row["model"] else None
        return about["name"] if about else False
    return state(row, session.today)


def state(activity: Row, today: date) -> str:
    """Where an activity stands against its deadline."""
    if not activity["active"]:
        return "done"
    if activity["date_deadline"] == today:
        return "today"
    return "overdue" if activity["date_deadline"] < today else "planned"
