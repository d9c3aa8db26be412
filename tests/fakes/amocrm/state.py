"""What an account consists of: tables, its clock, and the events that every change leaves."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum, auto
from itertools import count
from typing import Any

from tests.fakes.amocrm.auth import OAuth
from tests.fakes.amocrm.faults import Fault, Faults
from tests.fakes.amocrm.limits import Limiter
from tests.fakes.amocrm.query import status_code
from tests.fakes.amocrm.rows import Record, Records, Rows
from tests.fakes.amocrm.ulids import ulid

WON, LOST = 142, 143
"""The two last stages of every pipeline."""

ROBOT = 0
"""Who did it, where nobody did."""

Stage = tuple[int, int]
"""Pipeline and status."""


class Refusal(StrEnum):
    """Why an account answers nobody. Being blocked for asking too often is the limiter's `is_blocked`."""

    UNPAID = auto()
    ADDRESS = auto()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as it came, and what it got; `at` is by the true clock."""

    at: float
    line: str
    status: int | Fault


def status_in(values: list[Record]) -> int | None:
    """The stage an event tells of."""
    for value in values:
        if "lead_status" in value:
            return status_code(value["lead_status"]["pipeline_id"], value["lead_status"]["id"])
    return None


class State:
    """`clock` gives true Unix seconds: limits and lives of tokens go by it, records by it and `clock_skew_s`."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        subdomain: str = "romashka",
        time_zone: str = "Europe/Moscow",
        currency: str = "RUB",
        created_at: int = 1_577_836_800,
        is_api_filter_enabled: bool = True,
    ) -> None:
        self.clock = clock
        self.id = 28805383
        self.subdomain = subdomain
        self.time_zone = time_zone
        self.currency = currency
        self.created_at = created_at
        self.is_api_filter_enabled = is_api_filter_enabled
        self.missing_status = 204
        """What is said of a single record that is not there: 204 or 404."""
        self.clock_skew_s = 0
        self.latency_s = 0.0
        self.refusal: Refusal | None = None
        self.oauth = OAuth(clock)
        self.limiter = Limiter(clock=clock)
        self.faults = Faults()
        self.seen: list[Seen] = []
        self._moment: int | None = None
        self._ids = count(1_000_001)
        self._make_tables()

    def _make_tables(self) -> None:
        self.leads = Records({"status": lambda r: status_code(r["pipeline_id"], r["status_id"])})
        self.deleted_leads = Records()
        self.contacts, self.notes, self.tasks = Records(), Records(), Records()
        self.events = Records(
            {
                "entity": lambda r: r["entity_type"],
                "status_after": lambda r: status_in(r["value_after"]),
                "status_before": lambda r: status_in(r["value_before"]),
            }
        )
        self.users, self.loss_reasons, self.fields = Records(), Records(), Records()
        self.pipelines, self.unsorted = Records(), Records()
        self.tables: dict[str, Rows] = {
            "leads": self.leads,
            "contacts": self.contacts,
            "notes": self.notes,
            "tasks": self.tasks,
            "events": self.events,
        }

    def now(self) -> int:
        """The time that records get, in Unix seconds."""
        return int(self.clock()) + self.clock_skew_s if self._moment is None else self._moment

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """What is done in the block was done then: history is arranged by this."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before

    def write_event(
        self,
        kind: str,
        entity_id: int,
        by: int,
        after: list[Record],
        before: list[Record] | None = None,
        entity: str = "lead",
    ) -> str:
        event_id = ulid(self.now(), next(self._ids))
        self.events[event_id] = {
            "id": event_id,
            "type": kind,
            "entity_id": entity_id,
            "entity_type": entity,
            "created_by": by,
            "created_at": self.now(),
            "value_after": after,
            "value_before": before or [],
            "account_id": self.id,
        }
        return event_id

    def _new(self, table: Records, by: int, **content: Any) -> int:
        """Put a record into its table, with the fields that records of every kind have."""
        record_id, now = next(self._ids), self.now()
        common = {"id": record_id, "created_by": by, "updated_by": by, "created_at": now, "updated_at": now}
        table[record_id] = common | {"account_id": self.id} | content
        return record_id
