"""An account of a million leads that holds none: what a page shows is computed when it is asked for."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.bulk_leads import FIRST_LEAD, MIDDLE_EVENTS, BulkLeads, Finder, Numbers, by_id
from tests.fakes.amocrm.query import status_code
from tests.fakes.amocrm.rows import Columnar, Record
from tests.fakes.amocrm.ulids import number_of, ulid

FIRST_NOTE, FIRST_TASK = 100_000_000, 300_000_000

TYPES = ("lead_added", *MIDDLE_EVENTS)


def bulk_account(leads_n: int = 1_000_000, events_per_lead: int = 5, *, days: int = 730, **settings: Any) -> AmoAccount:
    """A furnished account whose leads, contacts, notes, tasks and events are computed; those cannot be changed.

    Leads came evenly over the last `days`. The same arguments at the same second give the same account.
    """
    account = AmoAccount.furnished(**settings)
    Bulk(account, leads_n, events_per_lead, days).put_in()
    return account


class Bulk(BulkLeads):
    """The leads, and their events, calls and tasks: a lead comes, is worked on, and moves for the last time."""

    def put_in(self) -> None:
        tables = self.account.tables
        tables["leads"] = self.leads()
        tables["contacts"] = self.contacts()
        tables["events"] = self._events()
        tables["notes"] = self._notes()
        tables["tasks"] = self._tasks()

    def at(self, leads: Any, k: int) -> Any:
        """When the k-th event of leads was: evenly from their coming to their last change."""
        created_at = self.created_at[leads]
        return created_at + (self.updated_at[leads] - created_at) * k // max(self.events_n - 1, 1)

    def _events(self) -> Columnar:
        times = np.empty((self.leads_n, self.events_n), np.int64)
        for k in range(self.events_n):
            times[:, k] = self.at(slice(None), k)
        kinds = np.array([TYPES.index(kind) for kind in self.types], np.int64)
        events_n = self.leads_n * self.events_n
        columns = {
            "created_at": times.ravel(),
            "type": np.broadcast_to(kinds, times.shape).ravel(),
            "entity": np.broadcast_to(np.int64(0), events_n),
            "status_after": self._statuses_after().ravel(),
        }
        codes = {"type": {kind: n for n, kind in enumerate(TYPES)}, "entity": {"lead": 0}}
        find: dict[str, Finder] = {"id": self._events_by_id, "entity_id": self._events_of_leads}
        return Columnar(columns, self.event, find, codes)

    def _statuses_after(self) -> Numbers:
        """The stage each event moved its lead to, 0 for one that moved nothing."""
        leads = np.arange(self.leads_n)
        last = np.array([status_code(*stage) for stage in self.stages])[leads % len(self.stages)]
        after = np.zeros((self.leads_n, self.events_n), np.int64)
        for k, kind in enumerate(self.types):
            if kind == "lead_status_changed":
                after[:, k] = last if k == self.events_n - 1 else status_code(*self.stages[1])
        return after

    def _events_by_id(self, ids: Iterable[Any]) -> Numbers:
        return by_id(0, self.leads_n * self.events_n)(number_of(str(i)) for i in ids)

    def _events_of_leads(self, ids: Iterable[Any]) -> Numbers:
        leads = by_id(FIRST_LEAD, self.leads_n)(ids)
        return (leads[:, None] * self.events_n + np.arange(self.events_n)).ravel()

    def event(self, number: int) -> Record:
        lead, k = divmod(number, self.events_n)
        at, kind = int(self.at(lead, k)), self.types[k]
        after, before = self._values(lead, k, kind)
        return {
            "id": ulid(at, number),
            "type": kind,
            "entity_id": FIRST_LEAD + lead,
            "entity_type": "lead",
            "created_by": self.users[lead % 3] if k else 0,
            "created_at": at,
            "value_after": after,
            "value_before": before,
            "account_id": self.account.id,
        }

    def _values(self, lead: int, k: int, kind: str) -> tuple[list[Record], list[Record]]:
        """What an event tells of after and before; moves go from the first stage to the second, then to the last."""
        if kind == "lead_status_changed":
            is_last = k == self.events_n - 1
            stage = self.stages[lead % len(self.stages)] if is_last else self.stages[1]
            before = self.stages[1] if "lead_status_changed" in self.types[:k] else self.stages[0]
            return [in_stage(stage)], [in_stage(before)]
        if kind == "outgoing_call":
            return [{"note": {"id": FIRST_NOTE + lead * len(self.calls) + self.calls.index(k)}}], []
        if kind == "entity_responsible_changed":
            return [{"responsible_user": {"id": self.users[lead % 3]}}], [
                {"responsible_user": {"id": self.account.admin}}
            ]
        return ([{"message": {"id": str(lead), "talk_id": lead, "origin": "telegram"}}], []) if k else ([], [])

    def _notes(self) -> Columnar:
        calls_n = len(self.calls)
        times = np.empty((self.leads_n, calls_n), np.int64)
        for n, k in enumerate(self.calls):
            times[:, n] = self.at(slice(None), k)
        same = np.broadcast_to(np.int64(0), times.size)
        columns = {"updated_at": times.ravel(), "created_at": times.ravel(), "note_type": same, "_entity": same}

        def of_leads(ids: Iterable[Any]) -> Numbers:
            return (by_id(FIRST_LEAD, self.leads_n)(ids)[:, None] * calls_n + np.arange(calls_n)).ravel()

        find = {"id": by_id(FIRST_NOTE, times.size), "entity_id": of_leads}
        return Columnar(columns, self.note, find, {"note_type": {"call_out": 0}, "_entity": {"leads": 0}})

    def note(self, number: int) -> Record:
        lead, n = divmod(number, len(self.calls))
        at, user = int(self.at(lead, self.calls[n])), self.users[lead % 3]
        return {
            "id": FIRST_NOTE + number,
            "entity_id": FIRST_LEAD + lead,
            "created_by": user,
            "updated_by": user,
            "created_at": at,
            "updated_at": at,
            "responsible_user_id": user,
            "note_type": "call_out",
            "params": {"uniq": f"call-{number}", "duration": number % 200, "call_status": 4 if number % 3 else 6},
            "account_id": self.account.id,
        }

    def _tasks(self) -> Columnar:
        numbers = np.arange(self.leads_n)
        columns = {
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "is_completed": numbers % 2,
            "entity_type": np.broadcast_to(np.int64(0), self.leads_n),
        }
        find = {"id": by_id(FIRST_TASK, self.leads_n), "entity_id": by_id(FIRST_LEAD, self.leads_n)}
        return Columnar(columns, self.task, find, {"entity_type": {"leads": 0}})

    def task(self, number: int) -> Record:
        at, user = int(self.created_at[number]), self.users[number % 3]
        return {
            "id": FIRST_TASK + number,
            "created_by": user,
            "updated_by": user,
            "created_at": at,
            "updated_at": at,
            "responsible_user_id": user,
            "entity_id": FIRST_LEAD + number,
            "entity_type": "leads",
            "duration": 0,
            "is_completed": bool(number % 2),
            "task_type_id": 1,
            "text": "Перезвонить",
            "result": {"text": "Дозвонился"} if number % 2 else [],
            "complete_till": at + 86_400,
            "account_id": self.account.id,
        }


def in_stage(stage: tuple[int, int]) -> Record:
    return {"lead_status": {"id": stage[1], "pipeline_id": stage[0]}}
