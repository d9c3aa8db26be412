"""GET: lists by page, single records, and what an account is set up with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import Any
from urllib.parse import urlencode

from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.answers import Answer, found, nothing, problem
from tests.fakes.amocrm.query import (
    Among,
    Condition,
    Selection,
    brackets,
    conditions,
    order_of,
    page_of,
)
from tests.fakes.amocrm.rows import Record, Rows
from tests.fakes.amocrm.showing import show_contact, show_event, show_lead, show_pipeline, show_plain, show_unsorted

Shower = Callable[[AmoAccount, Record, frozenset[str]], Record]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that was let through: `by` is who acts, `base` the scheme and host it was asked with."""

    base: str
    path: str
    pairs: tuple[tuple[str, str], ...]
    body: Any
    by: int

    def link(self, **changed: object) -> str:
        pairs = [pair for pair in self.pairs if pair[0] not in changed]
        query = urlencode([*pairs, *changed.items()])
        return f"{self.base}{self.path}" + (f"?{query}" if query else "")

    @cached_property
    def asked_with(self) -> frozenset[str]:
        return frozenset(word for name, value in self.pairs if name == "with" for word in value.split(","))


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of the API: `filters` says how each filter is read, `needs` which other filter `entity_id` needs."""

    name: str
    show: Shower = show_plain
    filters: dict[str, str] = field(default_factory=dict)
    default_order: str = "id"
    needs: str | None = None


LEAD_FILTERS = {"id": "number", "statuses": "status", "pipeline_id": "number", "responsible_user_id": "number"}
LEAD_FILTERS |= {"created_by": "number", "created_at": "time", "updated_at": "time", "closed_at": "time"}
NOTE_FILTERS = {"id": "number", "entity_id": "number", "note_type": "word", "updated_at": "time"}
TASK_FILTERS = {"id": "number", "entity_id": "number", "entity_type": "word", "is_completed": "number"}
TASK_FILTERS |= {"responsible_user_id": "number", "task_type_id": "number", "updated_at": "time"}
EVENT_FILTERS = {"id": "word", "type": "word", "entity": "word", "entity_id": "number", "created_at": "time"}
EVENT_FILTERS |= {"created_by": "number", "value_after": "after", "value_before": "before"}
CONTACT_FILTERS = {"id": "number", "created_at": "time", "updated_at": "time", "responsible_user_id": "number"}

LEADS = Listing(name="leads", show=show_lead, filters=LEAD_FILTERS, default_order="created_at")
CONTACTS = Listing(name="contacts", show=show_contact, filters=CONTACT_FILTERS, default_order="created_at")
NOTES = Listing(name="notes", filters=NOTE_FILTERS)
TASKS = Listing(name="tasks", filters=TASK_FILTERS, needs="entity_type")
EVENTS = Listing(name="events", show=show_event, filters=EVENT_FILTERS, default_order="created_at", needs="entity")
USERS = Listing(name="users")
LOSS_REASONS = Listing(name="loss_reasons")
FIELDS = Listing(name="custom_fields")
UNSORTED = Listing(name="unsorted", show=show_unsorted, default_order="created_at")


def list_page(account: AmoAccount, call: Call, listing: Listing, rows: Rows, *fixed: Condition, **more: Any) -> Answer:
    """One page as the table stands at this moment, so that pages shift when rows come and go between them."""
    tree = brackets(call.pairs)
    try:
        selection = select(account, tree, listing, fixed)
        number, length_n = page_of(tree, listing.name)
    except ValueError:
        return problem(400, "Request validation failed")
    records = rows.page(selection, (number - 1) * length_n, length_n + 1)
    if not records:
        return nothing()
    links = {"self": {"href": call.link(page=number)}}
    if len(records) > length_n:
        links["next"] = {"href": call.link(page=number + 1)}
    shown = [shown_with_link(account, call, listing, record) for record in records[:length_n]]
    return found({"_page": number} | more | {"_links": links, "_embedded": {listing.name: shown}})


def select(account: AmoAccount, tree: Record, listing: Listing, fixed: tuple[Condition, ...]) -> Selection:
    """Where the account has no filters, there are none: the same request answers with everything."""
    filters = tree.get("filter", {}) if account.is_api_filter_enabled else {}
    if listing.needs and listing.needs not in filters:
        filters = {name: value for name, value in filters.items() if name != "entity_id"}
    # Events have an order of their own: newest first, whatever is asked for.
    order, is_ascending = order_of({} if listing is EVENTS else tree, listing.default_order)
    wanted = fixed + conditions(filters, listing.filters)
    return Selection(conditions=wanted, order=order, is_ascending=is_ascending)


def shown_with_link(account: AmoAccount, call: Call, listing: Listing, record: Record) -> Record:
    href = f"{call.base}/api/v4/{listing.name}/{record['id']}"
    return listing.show(account, record, call.asked_with) | {"_links": {"self": {"href": href}}}


def single(account: AmoAccount, call: Call, listing: Listing, rows: Rows, key: str) -> Answer:
    record = rows.one(int(key))
    if record is not None:
        return found(shown_with_link(account, call, listing, record))
    return nothing() if account.missing_status == 204 else problem(404, "Not found")


def leads_of(account: AmoAccount, call: Call) -> Rows:
    return account.deleted_leads if "only_deleted" in call.asked_with else account.tables["leads"]


def leads(account: AmoAccount, call: Call) -> Answer:
    return list_page(account, call, LEADS, leads_of(account, call))


def lead(account: AmoAccount, call: Call, key: str) -> Answer:
    return single(account, call, LEADS, leads_of(account, call), key)


def contacts(account: AmoAccount, call: Call) -> Answer:
    return list_page(account, call, CONTACTS, account.tables["contacts"])


def contact(account: AmoAccount, call: Call, key: str) -> Answer:
    return single(account, call, CONTACTS, account.tables["contacts"], key)


def notes(account: AmoAccount, call: Call, entity: str, key: str | None = None) -> Answer:
    fixed: Iterable[Condition] = [Among("entity_id", frozenset({int(key)}))] if key else []
    return list_page(account, call, NOTES, account.tables["notes"], Among("_entity", frozenset({entity})), *fixed)


def tasks(account: AmoAccount, call: Call) -> Answer:
    return list_page(account, call, TASKS, account.tables["tasks"])


def task(account: AmoAccount, call: Call, key: str) -> Answer:
    return single(account, call, TASKS, account.tables["tasks"], key)


def events(account: AmoAccount, call: Call) -> Answer:
    return list_page(account, call, EVENTS, account.tables["events"])


def users(account: AmoAccount, call: Call) -> Answer:
    """The only list that tells how many pages there are."""
    _, length_n = page_of(brackets(call.pairs), USERS.name)
    return list_page(account, call, USERS, account.users, _page_count=ceil(len(account.users) / length_n))


def user(account: AmoAccount, call: Call, key: str) -> Answer:
    return single(account, call, USERS, account.users, key)


def loss_reasons(account: AmoAccount, call: Call) -> Answer:
    return list_page(account, call, LOSS_REASONS, account.loss_reasons)


def custom_fields(account: AmoAccount, call: Call, entity: str) -> Answer:
    return list_page(account, call, FIELDS, account.fields, Among("entity_type", frozenset({entity})))


def unsorted(account: AmoAccount, call: Call) -> Answer:
    return list_page(account, call, UNSORTED, account.unsorted)


def pipelines(account: AmoAccount, call: Call) -> Answer:
    """All of them at once, archived ones too."""
    shown = [show_pipeline(pipeline) for pipeline in account.pipelines.values()]
    return found({"_links": {"self": {"href": call.link()}}, "_embedded": {"pipelines": shown}})


def account_card(account: AmoAccount, call: Call) -> Answer:
    card = {
        "id": account.id,
        "name": "Ромашка",
        "subdomain": account.subdomain,
        "created_at": account.created_at,
        "created_by": 0,
        "updated_at": account.created_at,
        "updated_by": 0,
        "current_user_id": call.by,
        "country": "RU",
        "currency": account.currency,
        "customers_mode": "disabled",
        "is_unsorted_on": True,
        "is_loss_reason_enabled": True,
        "_links": {"self": {"href": call.link()}},
    }
    if "is_api_filter_enabled" in call.asked_with:
        card["is_api_filter_enabled"] = account.is_api_filter_enabled
    if "datetime_settings" in call.asked_with:
        card["_embedded"] = {"datetime_settings": {"timezone": account.time_zone}}
    return found(card)


def subdomain(account: AmoAccount, call: Call) -> Answer:
    """Where the account is now, for a client that knows it under an older name."""
    return found({"id": account.id, "subdomain": account.subdomain, "domain": f"{account.subdomain}.amocrm.ru"})
