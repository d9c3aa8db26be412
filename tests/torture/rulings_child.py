"""Rules on disputes and hands the commands over, or does the latter alone, as a process that may be killed.

It is forked from a process that has imported everything, so that it is at its work at once.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import sqlalchemy as sa

from planerka.crm.amocrm import client as amocrm
from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.base import Crm
from planerka.crm.http import Http, KeyLogin
from planerka.crm.mapping import AccountMapping
from planerka.crm.odoo import client as odoo
from planerka.crm.odoo.adapter import OdooCrm
from planerka.crm.pace import Pace
from planerka.disputes.applying import ApplyReport, apply_commands
from planerka.disputes.docket import Docket
from planerka.disputes.ruling import rule
from planerka.errors import BusyError
from planerka.model import Decision
from planerka.store.commands import pending
from planerka.store.database import connect, reading
from tests.builders_disputes import docket_of


@dataclass(frozen=True)
class Door:
    """How a CRM is entered, in what can be told to another process. `database` is Odoo's."""

    source: str
    url: str
    key: str
    mapping: str
    database: str = ""

    @contextmanager
    def opened(self) -> Iterator[Crm]:
        """The adapter, which looks at once for what was lost."""
        is_odoo = self.source == "odoo"
        login = odoo.login(self.key, self.database) if is_odoo else KeyLogin(self.key)
        dialect = odoo.DIALECT if is_odoo else amocrm.DIALECT
        http = Http(self.url, pace=Pace(10_000), login=login, dialect=dialect, pause_s=0.001)
        mapping = AccountMapping.model_validate_json(self.mapping)
        adapter = OdooCrm if is_odoo else AmoCrm
        crm = adapter(mapping, http, folder=Path(), now=lambda: datetime.now(UTC), phone_key=None)
        try:
            yield crm
        finally:
            crm.thread.run(http.__aexit__(None, None, None))


@dataclass(frozen=True)
class Ruled:
    """A ruling that was acknowledged: it is committed."""

    dispute_id: int
    ruling_id: int
    decision: Decision


def hand_over(engine: sa.Engine, crm: Crm, holder: str) -> ApplyReport | None:
    """None while a run that was killed still holds its lock: the server has not seen yet that it is gone."""
    try:
        return apply_commands(engine, crm, holder, datetime.now(UTC))
    except BusyError:
        return None


def hand_over_all(engine: sa.Engine, crm: Crm, source: str) -> None:
    """Until nothing waits; AssertionError where that takes a minute."""
    until_s = time.monotonic() + 60
    while not hand_over(engine, crm, "the last run") or left(engine, source):
        assert time.monotonic() < until_s, f"{len(left(engine, source))} commands are not handed over"


def left(engine: sa.Engine, source: str) -> Sequence[object]:
    with reading(engine) as connection:
        return pending(connection, source)


def rule_and_hand_over(door: Door, store_url: str, dispute_ids: Sequence[int], seed: int, said: Connection) -> None:
    """Decide each dispute by lot and hand over what that asks for; of what was asked for evidence decide once more."""
    engine, dice = connect(store_url), Random(seed)
    docket = docket_of(engine, door.source)
    with door.opened() as crm:
        said.send("begins")
        for dispute_id in dispute_ids:
            decision = dice.choice(list(Decision))
            said.send(ruled(docket, dispute_id, decision))
            hand_over(engine, crm, f"seed {seed}")
            if decision == Decision.REQUEST_EVIDENCE and dice.random() < 0.5:
                said.send(ruled(docket, dispute_id, Decision.RETURN_TO_WORK))
                hand_over(engine, crm, f"seed {seed}")


def ruled(docket: Docket, dispute_id: int, decision: Decision) -> Ruled:
    ruling_id = rule(docket, dispute_id, decision, "Анна", f"Ruled: {decision}", datetime.now(UTC))
    return Ruled(dispute_id, ruling_id, decision)


def keep_handing_over(door: Door, store_url: str, said: Connection) -> None:
    """Until it is killed."""
    engine = connect(store_url)
    with door.opened() as crm:
        said.send("begins")
        while True:
            hand_over(engine, crm, "keeps handing over")
