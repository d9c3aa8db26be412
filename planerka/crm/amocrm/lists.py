"""The lists of amoCRM that planerka walks, and what may stand in them."""

from collections.abc import Callable

from planerka.crm.amocrm.client import EVENTS_N, Asked, Json, Span
from planerka.crm.amocrm.happenings import CALLS, TYPES
from planerka.crm.amocrm.owners import GIVEN

BY_ID = {"order[id]": "asc"}
"""The one order in which records do not change places when they are changed."""

CARD = {"with": "contacts,source_id"}
"""What a lead does not show unless it is asked for."""

IDS_OF_EVENTS_N = 10
"""Leads whose events may be asked for at once."""

ALL_LEADS = Asked("/leads", "leads", BY_ID)
ALL_CONTACTS = Asked("/contacts", "contacts", BY_ID)
OLDEST_LEAD = Asked("/leads", "leads", {"order[created_at]": "asc"})


def leads_of(span: Span) -> Asked:
    return changed("/leads", "leads", span, CARD)


def calls_of(entity: str, span: Span) -> Asked:
    """`entity`: leads or contacts; telephony often knows only the contact."""
    asked = {"filter[note_type][]": list(CALLS)}
    return changed(f"/{entity}/notes", "notes", span, asked, lambda note: note["note_type"] in CALLS)


def tasks_of(span: Span) -> Asked:
    asked = {"filter[entity_type]": "leads"}
    return changed("/tasks", "tasks", span, asked, lambda task: task["entity_type"] == "leads")


def changed(
    path: str, name: str, span: Span, params: Json, fits: Callable[[Json], bool] = lambda record: True
) -> Asked:
    asked = BY_ID | span.filter("updated_at") | params
    return Asked(path, name, asked, fits=lambda record: record["updated_at"] in span and fits(record))


def events_of(span: Span) -> Asked:
    """Events have no order but their own, from the newest to the oldest; they never change."""
    asked = {"filter[type][]": list(TYPES), "filter[entity][]": ["lead", "contact"], **span.filter("created_at")}
    return Asked("/events", "events", asked, EVENTS_N, lambda e: e["created_at"] in span and e["type"] in TYPES)


def given_in(span: Span) -> Asked:
    """Every change of owner of a lead."""
    asked = {"filter[type]": GIVEN, "filter[entity]": "lead", **span.filter("created_at")}
    return Asked("/events", "events", asked, EVENTS_N, lambda e: e["created_at"] in span and e["type"] == GIVEN)


def events_of_leads(kind: str, lead_ids: list[int]) -> Asked:
    """Every change of stage (MOVED) or of owner (GIVEN) of up to IDS_OF_EVENTS_N leads."""
    asked = {"filter[type]": kind, "filter[entity]": "lead", "filter[entity_id][]": lead_ids}
    return Asked("/events", "events", asked, EVENTS_N, lambda e: e["type"] == kind and e["entity_id"] in lead_ids)
