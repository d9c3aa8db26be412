"""A million leads and their contacts as columns: a record is computed from its number when a page shows it."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.query import status_code
from tests.fakes.amocrm.rows import Columnar, Record
from tests.fakes.amocrm.state import LOST, WON

FIRST_LEAD, FIRST_CONTACT = 20_000_000, 50_000_000

MIDDLE_EVENTS = ("outgoing_call", "lead_status_changed", "outgoing_chat_message", "entity_responsible_changed")
"""What happens between the coming of a lead and its last move, over and over."""

IMPORTED_N = 5_000
"""Leads of one import: all of them were changed in the same second. Every fifth block is one."""

Numbers = NDArray[np.int64]
Finder = Callable[[Iterable[Any]], Numbers]


def by_id(first: int, rows_n: int) -> Finder:
    """The rows of ids that are numbered from `first`; what is no id has none."""

    def find(ids: Iterable[Any]) -> Numbers:
        numbers = np.fromiter((int(i) for i in ids), np.int64) - first
        return numbers[(numbers >= 0) & (numbers < rows_n)]

    return find


class BulkLeads:
    """Where leads stand and when they came and changed; the k-th of the `events_n` events of each is `types[k]`."""

    def __init__(self, account: AmoAccount, leads_n: int, events_n: int, days: int) -> None:
        self.account = account
        self.leads_n = leads_n
        self.events_n = events_n
        self.contacts_n = max(1, leads_n * 9 // 10)
        self.types = ["lead_added", *(MIDDLE_EVENTS[k % 4] for k in range(events_n - 2)), "lead_status_changed"]
        self.types = self.types[:events_n]
        self.calls = [k for k, kind in enumerate(self.types) if kind == "outgoing_call"]
        self.phone = account.fields[account.phone_field]
        self.users = [account.user("Анна"), account.user("Борис"), account.user("Виктор")]
        self.reasons = sorted(int(key) for key in account.loss_reasons)
        self.stages = self._stages()
        self._make_leads(days * 86_400)

    def _stages(self) -> list[tuple[int, int]]:
        """Where a lead may stand, by its number: half are lost, a tenth won."""
        sales = self.account.stage("Продажи", "Новая заявка")[0]
        open_stages = [self.account.stage("Продажи", n) for n in ("Новая заявка", "Квалификация", "Встреча", "Бронь")]
        return [*open_stages, (sales, WON), *[(sales, LOST)] * 5]

    def _make_leads(self, span_s: int) -> None:
        numbers = np.arange(self.leads_n)
        until = self.account.now()
        chance = np.random.default_rng(self.leads_n)
        self.created_at: Numbers = until - span_s + numbers * span_s // self.leads_n
        lived_s = chance.integers(0, 30 * 86_400, self.leads_n)
        self.updated_at: Numbers = np.minimum(self.created_at + lived_s, until)
        block = numbers // IMPORTED_N
        last = np.minimum((block + 1) * IMPORTED_N, self.leads_n) - 1
        self.updated_at = np.where(block % 5 == 0, self.created_at[last], self.updated_at)

    def leads(self) -> Columnar:
        numbers = np.arange(self.leads_n)
        codes = np.array([status_code(*stage) for stage in self.stages])
        columns = {
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "status": codes[numbers % len(codes)],
            "pipeline_id": np.array([stage[0] for stage in self.stages])[numbers % len(codes)],
            "responsible_user_id": np.array(self.users)[numbers % 3],
        }
        return Columnar(columns, self.lead, {"id": by_id(FIRST_LEAD, self.leads_n)})

    def lead(self, number: int) -> Record:
        pipeline_id, status_id = self.stages[number % len(self.stages)]
        is_closed = status_id in (WON, LOST)
        updated_at, user = int(self.updated_at[number]), self.users[number % 3]
        return {
            "id": FIRST_LEAD + number,
            "name": f"Заявка {number}",
            "price": number % 100 * 100_000,
            "responsible_user_id": user,
            "group_id": 0,
            "status_id": status_id,
            "pipeline_id": pipeline_id,
            "loss_reason_id": self.reasons[number // 10 % len(self.reasons)] if status_id == LOST else None,
            "source_id": None,
            "created_by": 0,
            "updated_by": user,
            "created_at": int(self.created_at[number]),
            "updated_at": updated_at,
            "closed_at": updated_at if is_closed else None,
            "closest_task_at": None,
            "is_deleted": False,
            "custom_fields_values": None,
            "score": None,
            "account_id": self.account.id,
            "labor_cost": None,
            "_contacts": [FIRST_CONTACT + number % self.contacts_n],
            "_tags": [],
        }

    def contacts(self) -> Columnar:
        columns = dict.fromkeys(("created_at", "updated_at"), self.created_at[: self.contacts_n])
        return Columnar(columns, self.contact, {"id": by_id(FIRST_CONTACT, self.contacts_n)})

    def contact(self, number: int) -> Record:
        phone = {"value": f"+7900{number:07d}", "enum_id": self.phone["enums"][0]["id"], "enum_code": "WORK"}
        field = {"field_id": self.phone["id"], "field_name": "Телефон", "field_code": "PHONE"}
        at = int(self.created_at[number])
        return {
            "id": FIRST_CONTACT + number,
            "name": f"Контакт {number}",
            "responsible_user_id": self.users[0],
            "created_by": 0,
            "updated_by": 0,
            "created_at": at,
            "updated_at": at,
            "is_deleted": False,
            "custom_fields_values": [field | {"field_type": "multitext", "values": [phone]}],
            "account_id": self.account.id,
            "_leads": [FIRST_LEAD + n for n in range(number, self.leads_n, self.contacts_n)],
        }
