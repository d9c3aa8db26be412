"""The state of the fake: what a test arranges, what it changes while somebody reads, what it looks at."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.fakes.odoo import seed
from tests.fakes.odoo.chatter import Activities, Messages, track
from tests.fakes.odoo.faults import Faults
from tests.fakes.odoo.fields import Field
from tests.fakes.odoo.leads import Leads
from tests.fakes.odoo.records import Records, model_method
from tests.fakes.odoo.rights import Role, role
from tests.fakes.odoo.schema import MODELS, Model
from tests.fakes.odoo.tables import Computed, Row, Session, Table

ADMINISTRATOR = 2


class Users(Records):
    @model_method
    def context_get(self) -> Row:
        user = self._session.get("res.users", self._session.user_id)
        return {"lang": user["lang"], "tz": user["tz"] or False, "uid": self._session.user_id}

    def has_group(self, group_ext_id: str) -> bool:
        """Of the groups only the one that sees all leads."""
        return role(self._session) in (Role.ADMINISTRATOR, Role.SALES_MANAGER, Role.SALES_ALL)


class Languages(Records):
    @model_method
    def get_installed(self) -> list[list[str]]:
        return [[row["code"], row["name"]] for row in self._search([], 0, None, "name")]


METHODS = {
    "crm.lead": Leads,
    "mail.activity": Activities,
    "mail.message": Messages,
    "res.lang": Languages,
    "res.users": Users,
}


class Transaction:
    """Calls of one user that end together; ids are taken when the calls are made, as PostgreSQL does."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def call(self, model: str, method: str, *, ids: Any = (), **arguments: Any) -> Any:
        """What the method returns; OdooError as the server would answer it."""
        return getattr(records(self.session, model, ids), method)(**arguments)


def records(session: Session, model: str, ids: Any) -> Records:
    return METHODS.get(model, Records)(session, model, ids)


class OdooDatabase:
    """One database of one company. `clock` gives seconds since 1970: nothing here knows another time.

    `new_type` is what a lead is when nothing is said: `lead` where the Leads step is on. `automated_probability` is
    what the scoring says of every stage but the won ones. `latency_s` passes before each answer, and the server's clock
    is `clock_error_s` ahead of the true one.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        name: str = "sales",
        currency: str = "RUB",
        computed: Mapping[str, Computed] | None = None,
    ) -> None:
        self.clock, self.name = clock, name
        self.models: dict[str, Model] = {
            model: replace(about, fields=dict(about.fields)) for model, about in MODELS.items()
        }
        self.tables = {model: Table((computed or {}).get(model)) for model in MODELS}
        self.faults = Faults()
        self.latency_s = 0.0
        self.clock_error_s = 0.0
        self.new_type = "lead"
        self.automated_probability = 50.0
        self.roles: dict[int, Role] = {1: Role.ADMINISTRATOR, ADMINISTRATOR: Role.ADMINISTRATOR}
        self.keys: dict[str, int] = {"key-of-administrator": ADMINISTRATOR}
        self.model_ids: dict[str, int] = {}
        self.field_ids: dict[tuple[str, str], int] = {}
        self.calls: list[tuple[str, Row]] = []
        """Every call that came by HTTP: model/method, and the arguments."""
        seed.install(self, currency)

    @property
    def now(self) -> datetime:
        """The time of the server, naive UTC."""
        return datetime.fromtimestamp(self.clock() + self.clock_error_s, UTC).replace(tzinfo=None)

    def add(self, model: str, /, *, at: datetime | None = None, **values: Any) -> int:
        """A row as it stands, without the rules and the history of its model: stages, reasons, sources, old leads.

        Values are as rows hold them (a naive datetime in UTC, an id, None), `at` its create_date and write_date.
        Returns its id.
        """
        session = Session(self, ADMINISTRATOR, {}, at)
        record_id = session.insert(model, values)
        session.commit()
        return record_id

    def add_user(self, name: str, role: Role = Role.SALES_ALL, *, key: str | None = None, **values: Any) -> int:
        """A user and a contact of that name; `active=False` is one who was dismissed. `key` is an API key of theirs."""
        partner_id = self.add("res.partner", name=name, partner_share=False)
        user_id = self.add("res.users", name=name, login=name, partner_id=partner_id, company_id=1, **values)
        self.roles[user_id] = role
        if key:
            self.keys[key] = user_id
        return user_id

    def add_field(self, name: str, type: str, string: str, *, model: str = "crm.lead", **more: Any) -> int:
        """A field that the company made for itself (`x_…`); rows have nothing there. The id of its description."""
        field = Field(type=type, string=string, is_manual=True, **more)
        self.models[model] = replace(self.models[model], fields=self.models[model].fields | {name: field})
        for row in self.tables[model].rows.values():
            if row is not None:
                row[name] = field.taken(model, name, None)
        return self.describe_field(model, name)

    def add_lead(self, *, at: datetime | None = None, user_id: int = ADMINISTRATOR, **values: Any) -> int:
        """A lead made by a user, with its history from that moment on. Values as JSON has them."""
        with self.transaction(user_id=user_id, at=at) as transaction:
            return transaction.call("crm.lead", "create", vals_list=[{"name": "Lead"} | values])[0]

    def call(
        self,
        model: str,
        method: str,
        ids: Any = (),
        *,
        user_id: int = ADMINISTRATOR,
        at: datetime | None = None,
        **arguments: Any,
    ) -> Any:
        """One call of a user in the CRM, past HTTP: what a manager does there while a client reads."""
        with self.transaction(user_id=user_id, at=at) as transaction:
            return transaction.call(model, method, ids=ids, **arguments)

    def done_call(self, lead_id: int, user_id: int, *, at: datetime | None = None, feedback: str = "") -> int:
        """A phone call as Odoo knows it: an activity of that type, planned and done at once. The id of its message."""
        with self.transaction(user_id=user_id, at=at) as transaction:
            kind = {"act_type_xmlid": "mail.mail_activity_data_call", "user_id": user_id}
            activity_ids = transaction.call("crm.lead", "activity_schedule", ids=[lead_id], **kind)
            return transaction.call("mail.activity", "action_feedback", ids=activity_ids, feedback=feedback)

    @contextmanager
    def transaction(
        self, *, user_id: int = ADMINISTRATOR, at: datetime | None = None, context: Row | None = None
    ) -> Iterator[Transaction]:
        """Calls that others see when the block ends, under the time at which it began; never if it fails."""
        session = Session(self, user_id, context or {}, at)
        yield Transaction(session)
        track(session)
        session.commit()

    def row(self, model: str, record_id: int) -> Row | None:
        """A row as the server keeps it, microseconds and all; None where there is none."""
        return self.tables[model].get(record_id)

    def describe_field(self, model: str, name: str) -> int:
        field = self.models[model].all_fields[name]
        about: Row = {"name": name, "model": model, "field_description": field.string, "ttype": field.type}
        about |= {"relation": field.relation, "state": "manual" if field.is_manual else "base"}
        about |= {"tracking": field.tracking, "store": not field.is_computed}
        about |= {"readonly": field.is_readonly, "required": field.is_required}
        self.field_ids[model, name] = self.add("ir.model.fields", **about)
        return self.field_ids[model, name]
