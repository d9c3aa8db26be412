"""Leads of amoCRM as rows of text."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from planerka.crm.amocrm.client import Json
from planerka.crm.amocrm.directory import Directory, stage_id

KNOWN = {
    "id": "id",
    "created_at": "created_at",
    "manager_id": "responsible_user_id",
    "stage_id": "stage",
    "reason_id": "loss_reason_id",
    "url": "url",
    "phone": "phone",
}
"""Fields of a lead, and the columns that they come from unless the mapping says otherwise."""

PLAIN = ("id", "responsible_user_id", "created_by", "group_id", "loss_reason_id", "source_id", "price")
INSTANTS = ("created_at", "updated_at", "closed_at")
OWN = (*PLAIN, *INSTANTS, "stage", "url", "phone", "tags", "status", "contact")
"""The columns that every account has; the others are fields of its own, by their numbers. Names of leads and contacts
are never read: they are names of clients.
"""

READ = (*PLAIN, *INSTANTS, "pipeline_id", "status_id", "is_deleted")
"""What is read of every lead, as amoCRM names it, beside its own fields and what is embedded."""

DATES = ("date", "date_time", "birthday")
"""Types of fields that hold seconds since 1970."""


def slim(lead: Json, columns: Collection[str]) -> Json:
    """A lead without what nobody reads, its name among it: most of its room is fields that no column is of."""
    own = [field for field in lead["custom_fields_values"] or () if str(field["field_id"]) in columns]
    embedded = {name: lead["_embedded"].get(name) for name in ("tags", "contacts")}
    return {name: lead.get(name) for name in READ} | {"custom_fields_values": own, "_embedded": embedded}


def rows_of(
    leads: Iterable[Json], columns: Iterable[str], directory: Directory, url: str, phones: dict[int, str]
) -> pd.DataFrame:
    """The columns of these leads; `phones` has those of contacts, each as one text."""
    names = sorted({*columns, "status", "contact"})
    rows = [row_of(lead, names, directory, url, phones) for lead in leads]
    return pd.DataFrame([[row.get(name) for name in names] for row in rows], columns=names, dtype=object)


def row_of(
    lead: Json, names: Iterable[str], directory: Directory, url: str, phones: dict[int, str]
) -> dict[str, str | None]:
    """What every lead has, and of its own fields those of these names."""
    stage = stage_id(lead["pipeline_id"], lead["status_id"])
    contacts = contacts_of(lead)
    own = {str(field["field_id"]): field for field in lead["custom_fields_values"] or ()}
    return {
        **{name: text_of(own[name]) for name in names if name in own},
        **{name: text(lead.get(name)) for name in PLAIN},
        **{name: instant(lead.get(name)) for name in INSTANTS},
        "price": text(lead["price"] or None),  # 0 where nobody has written one
        "stage": stage,
        "status": directory.status(stage).value,
        "url": f"{url}/leads/detail/{lead['id']}",
        "tags": ", ".join(tag["name"] for tag in lead["_embedded"].get("tags") or ()) or None,
        "phone": "; ".join(phones[contact] for contact in contacts if contact in phones) or None,
        "contact": f"contact {contacts[0]}" if contacts else None,
    }


def contacts_of(lead: Json) -> list[int]:
    """The contacts of a lead, the main one first."""
    contacts = lead["_embedded"].get("contacts") or ()
    return [contact["id"] for contact in sorted(contacts, key=lambda one: not one.get("is_main"))]


def phones_of(contact: Json) -> str:
    """Every phone of a contact, as people have written them."""
    fields = contact["custom_fields_values"] or ()
    values = [value["value"] for field in fields if field.get("field_code") == "PHONE" for value in field["values"]]
    return "; ".join(str(value) for value in values if value)


def text_of(field: Json) -> str | None:
    """What stands in a field of the account's own; several choices one after another."""
    values = [value.get("value") for value in field.get("values") or ()]
    read = instant if field.get("field_type") in DATES else text
    return ", ".join(filter(None, map(read, values))) or None


def text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip() or None if value is not None else None


def instant(seconds: Any) -> str | None:
    """In the form that the reader of an export knows; what is no number of seconds, or of a year with five digits, as
    it stands.
    """
    if not isinstance(seconds, int | float):
        return text(seconds)
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
    except (ValueError, OverflowError, OSError):  # people write years as 20226 into fields
        return text(seconds)
