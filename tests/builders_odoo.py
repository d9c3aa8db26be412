"""An Odoo to read from and write to: the fake one, or a real one where PLANERKA_TEST_ODOO_… lead to it.

What a test arranges it does over HTTP as the administrator, so that both are arranged alike.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from planerka.crm.base import Window
from planerka.crm.http import Http
from planerka.crm.mapping import AccountMapping
from planerka.crm.odoo.adapter import OdooCrm
from planerka.crm.odoo.client import DIALECT, login
from planerka.crm.pace import Pace
from planerka.model import Command, Decision, DisputeOrigin, Event, Lead
from tests.fakes.odoo.app import OdooApp
from tests.fakes.odoo.database import OdooDatabase
from tests.fakes.serving import served

SETTINGS = ("PLANERKA_TEST_ODOO_URL", "PLANERKA_TEST_ODOO_DATABASE", "PLANERKA_TEST_ODOO_KEY")
MISSING = tuple(name for name in SETTINGS if name not in os.environ)
KINDS = ("fake",) if MISSING else ("fake", "real")
"""The kinds of Odoo that there are to ask."""
PHONE_KEY = b"k" * 32
NEW, QUALIFIED, PROPOSITION, WON = 1, 2, 3, 4
"""Stages that come with the CRM module."""
CODES = {QUALIFIED: "qualified", PROPOSITION: "booking", WON: "contract"}
DEAR, NO_STOCK = 1, 3
"""Reasons that come with it too."""
NUMBERS = count(1)


class Site:
    """One Odoo. `fake` is its state where it is one."""

    def __init__(self, url: str, database: str, key: str, fake: OdooDatabase | None = None) -> None:
        self.url, self.database, self.key, self.fake = url, database, key, fake
        headers = {"X-Odoo-Database": database, "Authorization": f"bearer {key}"}
        self.client = httpx.Client(base_url=url, headers=headers, timeout=60)
        self.began_at = self.now() - timedelta(seconds=5)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.fake.clock(), UTC) if self.fake else datetime.now(UTC)

    def call(self, model: str, method: str, **arguments: Any) -> Any:
        answer = self.client.post(f"/json/2/{model}/{method}", json=arguments)
        assert answer.is_success, answer.text[:500]
        return answer.json()

    def lead(self, **values: Any) -> str:
        """The id of a new one."""
        vals = {"name": f"Lead {next(NUMBERS)}", "type": "opportunity", "user_id": 2} | values
        return str(self.call("crm.lead", "create", vals_list=[vals])[0])

    def on(self, lead_id: str, method: str, **arguments: Any) -> Any:
        return self.call("crm.lead", method, ids=[int(lead_id)], **arguments)

    def lose(self, lead_id: str, reason: int = DEAR) -> str:
        self.on(lead_id, "action_set_lost", lost_reason_id=reason)
        return lead_id

    def row(self, lead_id: str, *fields: str) -> dict[str, Any]:
        return self.on(lead_id, "read", fields=list(fields), load="")[0]

    def under(self, model: str, lead_id: str, *domain: Any) -> list[dict[str, Any]]:
        """The messages or activities of a lead."""
        about = "res_model" if model == "mail.activity" else "model"
        conditions = [[about, "=", "crm.lead"], ["res_id", "=", int(lead_id)], *domain]
        context = {"active_test": False}
        return self.call(model, "search_read", domain=conditions, order="id", load="", context=context)

    @cached_property
    def references(self) -> dict[str, dict[str, dict[str, str]]]:
        """Every stage and reason that there is has a code."""
        stages = self.call("crm.stage", "search", domain=[])
        reasons = self.call("crm.lost.reason", "search", domain=[], context={"active_test": False})
        return {
            "stage": {str(id_): {"code": CODES.get(id_, "contact")} for id_ in stages},
            "reason": {str(id_): {"code": f"reason_{id_}"} for id_ in reasons},
        }

    @cached_property
    def currency(self) -> str:
        return self.call("res.company", "search_read", domain=[], fields=["currency_id"])[0]["currency_id"][1]

    def mapping(self, **parts: Any) -> AccountMapping:
        told = {"source": "odoo", "currency": self.currency, "time_zone": "Europe/Moscow"}
        return AccountMapping.model_validate({**told, "references": self.references, **parts})

    def crm(self, *, key: str | None = None, url: str | None = None, **parts: Any) -> OdooCrm:
        """The adapter, whose tries follow each other at once."""
        keyed = login(key or self.key, self.database)
        http = Http(url or self.url, pace=Pace(10_000), login=keyed, dialect=DIALECT, pause_s=0.01)
        return OdooCrm(self.mapping(**parts), http, folder=Path(), now=self.now, phone_key=PHONE_KEY)

    def window(self) -> Window:
        """All that the test has arranged."""
        return Window(since=self.began_at, until=self.now() + timedelta(hours=1))


def read(site: Site, crm: OdooCrm | None = None) -> dict[type, pd.DataFrame]:
    """What there is in the window of a test, by noun."""
    found: dict[type, list[pd.DataFrame]] = {}
    for batch in (crm or site.crm()).read(site.window()):
        found.setdefault(batch.noun, []).append(batch.rows)
    return {noun: pd.concat(rows, ignore_index=True) for noun, rows in found.items()}


def of_lead(rows: dict[type, pd.DataFrame], lead_id: str) -> dict[str, Any]:
    """The lead, of which there is one row; what is not known is None."""
    leads = rows[Lead]
    [row] = leads[leads["id"] == lead_id].astype(object).to_dict("records")
    return {name: None if pd.isna(value) else value for name, value in row.items()}


def events_of(rows: dict[type, pd.DataFrame], lead_id: str, *names: str) -> list[tuple[Any, ...]]:
    """The events of a lead in the order of time and of their ids: their kind and these fields."""
    events = rows[Event]
    own = events[events["lead_id"] == lead_id].astype(object)
    return [tuple(None if pd.isna(v) else str(v) for v in row) for row in own[["kind", *names]].to_numpy()]


def kinds_of(rows: dict[type, pd.DataFrame], lead_id: str) -> list[str]:
    return [kind for (kind,) in events_of(rows, lead_id)]


@contextmanager
def fake_site(**more: Any) -> Iterator[Site]:
    database = OdooDatabase(clock=time.time, **more)
    with served(OdooApp(database)) as url:
        yield Site(url, database.name, "key-of-administrator", database)


def real_site() -> Site:
    """Where it is one of the `KINDS`."""
    return Site(*(os.environ[name] for name in SETTINGS))


def colleague(site: Site) -> int:
    """A user besides the administrator."""
    if site.fake:
        return site.fake.add_user("Manager")
    others = site.call("res.users", "search", domain=[["share", "=", False], ["id", ">", 2]], limit=1)
    return others[0] if others else pytest.skip("the real Odoo has no second user")


def command(lead_id: str, kind: Decision = Decision.RETURN_TO_WORK, **parts: object) -> Command:
    marker = f"planerka-{next(NUMBERS)}-{kind}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    told = {
        "marker": marker,
        "lead_id": lead_id,
        "origin": DisputeOrigin.UNLAWFUL,
        "kind": kind,
        "manager_id": None,
        "stage_id": None,
        "note": f"Returned by 3.1: <b>two</b> attempts & no more [{marker}]",
        "task": f"Call the client [{marker}]",
        "due_at": datetime(2026, 12, 1, 22, tzinfo=UTC),
    }
    return Command(**{**told, **parts})


def notes(site: Site, told: Command) -> list[str]:
    comments = site.under("mail.message", told.lead_id, ["message_type", "=", "comment"])
    return [message["body"] for message in comments if told.marker in message["body"]]


def tasks(site: Site, told: Command) -> list[tuple[str, str, int]]:
    found = site.under("mail.activity", told.lead_id)
    mine = [task for task in found if told.marker in (task["note"] or "")]
    return [(task["summary"], task["date_deadline"], task["user_id"]) for task in mine]


def state(site: Site, lead_id: str) -> dict[str, object]:
    return site.row(lead_id, "won_status", "active", "stage_id", "user_id", "lost_reason_id")


def open_on(lead_id: str, stage_id: int, user_id: int = 2) -> dict[str, object]:
    known = {"id": int(lead_id), "won_status": "pending", "active": True, "lost_reason_id": False}
    return known | {"stage_id": stage_id, "user_id": user_id}


def restored(site: Site, lead_id: str) -> int:
    """How often a lead was returned to work."""
    found = site.under("mail.message", lead_id, ["subtype_id.name", "=", "Opportunity Restored"])
    return len(found)


def lost(site: Site) -> str:
    return site.lose(site.lead())
