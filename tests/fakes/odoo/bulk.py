"""A database of a million leads and their history, of which no row exists until it is asked for.

Time goes in slots, one a lead: in slot s lead s is created, and what happens to earlier leads happens `LAGS` slots
after their own. So every row, its time and its neighbours follow from a number. One slot in `BURST_EVERY` begins a bulk
change: `BURST_N` slots that share a moment to the microsecond.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tests.fakes.odoo.database import ADMINISTRATOR, OdooDatabase
from tests.fakes.odoo.domains import Condition
from tests.fakes.odoo.schema import MODELS
from tests.fakes.odoo.seed import FIRST_FIELD_ID
from tests.fakes.odoo.tables import Row

SLOT_US = 94_345_678
BURST_EVERY, BURST_N = 10_000, 600
EVENTS = ("created", "stage", "call", "outcome")
LAGS = {"created": 0, "stage": 30, "call": 10, "outcome": 200}
CHANGING = ("created", "stage", "outcome")
"""What touches the lead itself; a call does not."""

VALUES_N = 3
"""Tracking values that a message can have; their numbers follow from the message's."""

MOMENTS = ("date", "create_date", "write_date")
FIRST_USER_ID = 3


@dataclass(frozen=True)
class Story:
    """The leads of a bulk database: how many, since when, among how many users, reasons and sources."""

    leads_n: int
    since: datetime
    users_n: int
    reasons_n: int
    sources_n: int

    def at(self, slot: int) -> datetime:
        """When a slot is: bursts stand still."""
        inside = slot % BURST_EVERY
        return self.since + timedelta(microseconds=(slot if inside >= BURST_N else slot - inside) * SLOT_US)

    def has(self, event: str, lead: int) -> bool:
        return lead + LAGS[event] <= self.leads_n

    def is_lost(self, lead: int) -> bool:
        return lead % 2 == 0 and self.has("outcome", lead)

    def is_won(self, lead: int) -> bool:
        return lead % 50 == 1 and self.has("outcome", lead)

    def user(self, lead: int) -> int:
        return FIRST_USER_ID + lead % self.users_n

    def reason(self, lead: int) -> int:
        return 1 + lead // 2 % self.reasons_n

    def written_slot(self, lead: int) -> int:
        """The slot in which the lead itself was last changed."""
        return lead + max(LAGS[event] for event in CHANGING if self.has(event, lead))


def moments_us(slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Microseconds from the beginning to each slot: `Story.at` for an array."""
    inside = slots % BURST_EVERY
    return np.where(inside < BURST_N, slots - inside, slots) * SLOT_US


def itself(number: int) -> list[int]:
    return [number]


class Numbered:
    """Computed rows of one model, `per_slot` of them a slot; `make` gives the row of a number, or None.

    `of` gives the numbers that belong to the value of a field. A moment of a row is that of its slot, unless `late` has
    other slots for it, one a number.
    """

    def __init__(
        self,
        story: Story,
        make: Callable[[int], Row | None],
        *,
        per_slot: int = 1,
        of: dict[str, Callable[[int], list[int]]] | None = None,
        late: dict[str, NDArray[np.int64]] | None = None,
    ) -> None:
        self.make, self.per_slot, self.of, self.since = make, per_slot, of or {}, story.since
        self.last_id = story.leads_n * per_slot
        self.steady_us = moments_us(np.arange(1, story.leads_n + 1))
        late_us = {name: moments_us(slots) for name, slots in (late or {}).items()}
        self.orders = {name: np.argsort(us, kind="stable") for name, us in late_us.items()}
        self.sorted_us = {name: us[self.orders[name]] for name, us in late_us.items()}
        self.window = lru_cache(8)(self._window)

    def get(self, record_id: int) -> Row | None:
        row = self.make(record_id) if 1 <= record_id <= self.last_id else None
        return row and row | {"id": record_id}

    def candidates(self, conditions: list[Condition]) -> Iterable[int]:
        """Narrowed by what is asked of the id, of an owner and of a moment; the rest is for a test of each row."""
        low, high = self.id_range(conditions)
        for condition in conditions:
            if condition.operator in ("in", "=") and condition.path in ("id", *self.of):
                values = condition.value if isinstance(condition.value, list) else [condition.value]
                of = self.of.get(condition.path, itself)
                return sorted({n for value in values if value for n in of(value) if low <= n <= high})
        name = next((c.path for c in conditions if c.path in MOMENTS), None)
        if name is None:
            return range(low, high + 1)
        if name not in self.orders:
            first, end = np.searchsorted(self.steady_us, self.time_range(name, conditions))
            return range(max(low, int(first) * self.per_slot + 1), min(high, int(end) * self.per_slot) + 1)
        ids = self.window(name, *self.time_range(name, conditions))
        return ids[np.searchsorted(ids, low) : np.searchsorted(ids, high, side="right")]

    def id_range(self, conditions: list[Condition]) -> tuple[int, int]:
        """The first and the last number that may be meant."""
        low, high = 1, self.last_id
        for condition in conditions:
            if condition.path == "id" and condition.operator in (">", ">="):
                low = max(low, int(condition.value) + (condition.operator == ">"))
            if condition.path == "id" and condition.operator in ("<", "<="):
                high = min(high, int(condition.value) - (condition.operator == "<"))
        return low, high

    def time_range(self, name: str, conditions: list[Condition]) -> tuple[int, int]:
        """Microseconds from the beginning, closed and open."""
        low, high = 0, int(self.steady_us[-1]) + 1
        for condition in conditions:
            if condition.path == name and condition.operator in (">=", "<") and condition.value:
                asked = (condition.value - self.since) // timedelta(microseconds=1)
                low, high = (max(low, asked), high) if condition.operator == ">=" else (low, min(high, asked))
        return low, high

    def _window(self, name: str, low: int, high: int) -> NDArray[np.int64]:
        first, end = np.searchsorted(self.sorted_us[name], [low, high])
        return np.sort(self.orders[name][first:end]) + 1


def bulk(
    leads_n: int = 1_000_000,
    *,
    clock: Callable[[], float],
    users_n: int = 40,
    reasons_n: int = 12,
    sources_n: int = 15,
    name: str = "sales",
) -> OdooDatabase:
    """A database whose last slot is an hour before now. Changes of single rows are kept over what is computed."""
    length = timedelta(microseconds=leads_n * SLOT_US)
    since = datetime.fromtimestamp(clock(), UTC).replace(tzinfo=None, microsecond=0) - length - timedelta(hours=1)
    story = Story(leads_n, since, users_n, reasons_n, sources_n)
    computed = {"crm.lead": leads(story), "mail.message": messages(story), "mail.tracking.value": values(story)}
    database = OdooDatabase(clock=clock, name=name, computed=computed)
    for number in range(users_n):
        database.add_user(f"Manager {number}", active=number % 10 != 9)
    for number in range(3, reasons_n):
        database.add("crm.lost.reason", name=f"Reason {number}")
    for number in range(3, sources_n):
        database.add("utm.source", name=f"Source {number}")
    return database


def leads(story: Story) -> Numbered:
    numbers = np.arange(1, story.leads_n + 1)
    written = numbers.copy()
    for event in CHANGING:
        happened = numbers + LAGS[event] <= story.leads_n
        written[happened] = numbers[happened] + LAGS[event]
    return Numbered(story, lambda n: lead_row(story, n), late={"write_date": written})


def lead_row(story: Story, lead: int) -> Row:
    is_lost, is_won = story.is_lost(lead), story.is_won(lead)
    moved = story.at(lead + LAGS["stage"]) if story.has("stage", lead) else story.at(lead)
    closed = story.at(lead + LAGS["outcome"]) if is_lost or is_won else None
    chance = 100.0 if is_won else 0.0 if is_lost else 50.0
    return EMPTY_LEAD | {
        "name": f"Lead {lead}",
        "user_id": story.user(lead),
        "active": not is_lost,
        "stage_id": 4 if is_won else 2 if story.has("stage", lead) else 1,
        "expected_revenue": 5_000_000.0 + lead % 997 * 10_000,
        "date_closed": closed,
        "date_open": story.at(lead),
        "date_last_stage_update": closed if is_won else moved,
        "phone": f"+7916{lead % 10_000_000:07d}",
        "phone_sanitized": f"+7916{lead % 10_000_000:07d}",
        "probability": chance,
        "automated_probability": chance,
        "won_status": "won" if is_won else "lost" if is_lost else "pending",
        "lost_reason_id": story.reason(lead) if is_lost else None,
        "source_id": 1 + lead % story.sources_n,
        "create_date": story.at(lead),
        "write_date": story.at(story.written_slot(lead)),
    }


def messages(story: Story) -> Numbered:
    """Message 4 · (slot - 1) + n + 1 is the n-th event of its slot, of a lead that many slots back."""
    of_lead = {"res_id": lambda lead: [message_number(lead, event) for event in EVENTS]}
    return Numbered(story, lambda n: message_row(story, n), per_slot=len(EVENTS), of=of_lead)


def message_number(lead: int, event: str) -> int:
    return len(EVENTS) * (lead + LAGS[event] - 1) + EVENTS.index(event) + 1


def event_of(number: int) -> tuple[int, str, int]:
    """Slot, event and lead of a message."""
    slot, place = divmod(number - 1, len(EVENTS))
    return slot + 1, EVENTS[place], slot + 1 - LAGS[EVENTS[place]]


def message_row(story: Story, number: int) -> Row | None:
    slot, event, lead = event_of(number)
    if lead < 1:
        return None
    subtype = {"created": 5, "stage": 6, "call": 3}.get(event) or (
        8 if story.is_lost(lead) else 7 if story.is_won(lead) else 2
    )
    at = story.at(slot)
    return EMPTY_MESSAGE | {
        "date": at,
        "body": "<p>Call done</p>" if event == "call" else "",
        "model": "crm.lead",
        "res_id": lead,
        "subtype_id": subtype,
        "mail_activity_type_id": 2 if event == "call" else None,
        "author_id": 1 + story.user(lead),
        "create_uid": story.user(lead),
        "create_date": at,
        "write_date": at,
    }


def values(story: Story) -> Numbered:
    of_message = {"mail_message_id": lambda message: [VALUES_N * (message - 1) + n for n in (1, 2, 3)]}
    return Numbered(story, lambda n: value_row(story, n), per_slot=len(EVENTS) * VALUES_N, of=of_message)


def value_row(story: Story, number: int) -> Row | None:
    message, place = divmod(number - 1, VALUES_N)
    slot, event, lead = event_of(message + 1)
    changes = changes_of(story, event, lead) if lead >= 1 else []
    if place >= len(changes):
        return None
    field, change = changes[place]
    signed = {"create_uid": story.user(lead), "create_date": story.at(slot), "write_date": story.at(slot)}
    return EMPTY_VALUE | {"field_id": FIELD_IDS[field], "mail_message_id": message + 1} | change | signed


def changes_of(story: Story, event: str, lead: int) -> list[tuple[str, Row]]:
    """The tracked fields of an event, each with its values before and after."""
    if event == "stage":
        return [("stage_id", integers(1, "New", 2, "Qualified"))]
    if event == "outcome" and story.is_lost(lead):
        reason = story.reason(lead)
        names = {1: "Too expensive", 2: "We don't have people/skills", 3: "Not enough stock"}
        return [
            ("active", {"old_value_integer": 1, "new_value_integer": 0}),
            ("lost_reason_id", integers(0, "", reason, names.get(reason, f"Reason {reason - 1}"))),
            ("won_status", {"old_value_char": "Pending", "new_value_char": "Lost"}),
        ]
    if event == "outcome" and story.is_won(lead):
        won = {"old_value_char": "Pending", "new_value_char": "Won"}
        return [("stage_id", integers(2, "Qualified", 4, "Won")), ("won_status", won)]
    return []


def integers(old: int, old_name: str, new: int, new_name: str) -> Row:
    names = {"old_value_char": old_name, "new_value_char": new_name}
    return {"old_value_integer": old, "new_value_integer": new} | names


def empty_row(model: str) -> Row:
    fields = MODELS[model].all_fields
    signed = {"create_uid": ADMINISTRATOR, "write_uid": ADMINISTRATOR}
    return {name: field.taken(model, name, field.default) for name, field in fields.items()} | signed


EMPTY_LEAD = empty_row("crm.lead") | {"type": "lead", "company_id": 1, "team_id": 1}
EMPTY_MESSAGE = empty_row("mail.message") | {"message_type": "notification"}
EMPTY_VALUE = empty_row("mail.tracking.value")
FIELD_NAMES = [(model, field) for model, about in MODELS.items() for field in about.all_fields]
FIELD_IDS = {field: FIRST_FIELD_ID + n for n, (model, field) in enumerate(FIELD_NAMES) if model == "crm.lead"}
