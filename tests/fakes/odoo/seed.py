"""What is in a database of Odoo when the CRM module has just been installed."""

from typing import TYPE_CHECKING, Any

from tests.fakes.odoo.languages import WORDS
from tests.fakes.odoo.schema import MODELS

if TYPE_CHECKING:
    from tests.fakes.odoo.database import OdooDatabase

LEAD_MODEL_ID = 421
FIRST_FIELD_ID = 3872

SUBTYPES = (
    ("Discussions", None, False),
    ("Note", None, True),
    ("Activities", None, True),
    ("Invitation", "calendar.event", False),
    ("Opportunity Created", "crm.lead", False),
    ("Stage Changed", "crm.lead", False),
    ("Opportunity Won", "crm.lead", False),
    ("Opportunity Lost", "crm.lead", False),
    ("Opportunity Restored", "crm.lead", False),
)
ACTIVITY_TYPES = (
    ("Email", "default", "fa-envelope"),
    ("Call", "phonecall", "fa-phone"),
    ("Meeting", "meeting", "fa-users"),
    ("To-Do", "default", "fa-check"),
    ("Document", "upload_file", "fa-upload"),
)
STAGES = (("New", 1, False), ("Qualified", 2, False), ("Proposition", 3, False), ("Won", 70, True))
PEOPLE = (("OdooBot", "__system__", False), ("Administrator", "admin", True))


def rows(currency: str) -> dict[str, list[dict[str, Any]]]:
    """Rows by model, in the order of their numbers."""
    return {
        "res.currency": [{"name": currency, "symbol": currency, "rounding": 0.01}],
        "res.lang": [{"name": code, "code": code} for code in WORDS],
        "res.company": [{"name": "My Company", "currency_id": 1}],
        "res.partner": [{"name": "My Company"}, *({"name": name, "partner_share": False} for name, _, _ in PEOPLE)],
        "res.users": [
            {"name": name, "login": login, "active": is_active, "company_id": 1, "partner_id": number}
            for number, (name, login, is_active) in enumerate(PEOPLE, 2)
        ],
        "mail.message.subtype": [{"name": n, "res_model": m, "internal": i} for n, m, i in SUBTYPES],
        "mail.activity.type": [{"name": n, "category": c, "icon": i} for n, c, i in ACTIVITY_TYPES],
        "crm.team": [{"name": "Sales"}],
        "crm.stage": [{"name": n, "sequence": s, "is_won": w} for n, s, w in STAGES],
        "crm.lost.reason": [{"name": n} for n in ("Too expensive", "We don't have people/skills", "Not enough stock")],
        "utm.source": [{"name": n} for n in ("Search engine", "Lead Recall", "Newsletter")],
        "utm.medium": [{"name": n} for n in ("Website", "Phone", "Direct", "Email")],
    }


def install(database: "OdooDatabase", currency: str) -> None:
    for model, values in rows(currency).items():
        for row in values:
            database.add(model, **row)
    database.tables["ir.model"].last_id = LEAD_MODEL_ID - 1
    for name, about in MODELS.items():
        database.model_ids[name] = database.add("ir.model", name=about.title, model=name)
    database.tables["ir.model.fields"].last_id = FIRST_FIELD_ID - 1
    for name, about in MODELS.items():
        for field in about.all_fields:
            database.describe_field(name, field)
