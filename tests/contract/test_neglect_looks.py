"""Neglect is found by what happened, whichever run looks and however many were killed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from planerka.model import Event, Lead, Outcome, Verdict
from planerka.processes.neglect import find_neglects
from planerka.regulation.signed import sign_edition
from planerka.store import leads, verdicts
from planerka.store.tables import event, neglect
from planerka.store.windows import Source, put_source
from tests.builders_regulation import EDITION, OFFICE
from tests.builders_store import MOSCOW, frame_of

SOURCE = "crm"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KINDS = ("call_out", "call_out", "message_out", "rejected", "reopened", "contract_signed")

Row = dict[str, Any]


def sign(engine: sa.Engine) -> None:
    for role in ("marketing", "sales"):
        sign_edition(engine, EDITION, role, "Head", START)


def histories(leads_n: int = 40) -> list[Row]:
    """Some touches of each lead over three months."""
    random = np.random.default_rng(1)
    rows = [(f"L{n}", "created", random.integers(20)) for n in range(leads_n)]
    rows += [(id_, KINDS[random.integers(len(KINDS))], 20 + random.integers(60)) for id_, _, _ in rows for _ in "123"]
    facts = ("lead_id", "kind", "at")
    return [
        {"id": f"E{n}", "manager_id": "m1", **dict(zip(facts, (id_, kind, at_day(day)), strict=True))}
        for n, (id_, kind, day) in enumerate(rows)
    ]


def at_day(day: float) -> datetime:
    return START + timedelta(days=float(day))


def pull(engine: sa.Engine, rows: list[Row], until: datetime) -> None:
    """Store what had happened by then; a lead is as its last event left it."""
    happened = sorted((row for row in rows if row["at"] < until), key=lambda row: row["at"])
    states = {"rejected": "rejected", "contract_signed": "won", "reopened": "open", "created": "open"}
    status = {row["lead_id"]: states[row["kind"]] for row in happened if row["kind"] in states}
    cards = [{"id": id_, "created_at": START, "status": state} for id_, state in status.items()]
    with engine.begin() as connection:
        put_source(connection, Source(source=SOURCE, lacks=frozenset(), data_until=until))
        leads.store_batch(connection, SOURCE, Lead, frame_of(Lead, *cards), MOSCOW)
        leads.store_batch(connection, SOURCE, Event, frame_of(Event, *happened), MOSCOW)


def look(engine: sa.Engine) -> set[tuple[str, datetime]]:
    """Every silence in the store after another look."""
    find_neglects(engine, SOURCE, OFFICE)
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(sa.select(neglect.c.lead_id, neglect.c.neglected_at))}


def test_one_look_at_the_end_finds_what_a_look_a_week_finds(engine: sa.Engine) -> None:
    """Leads that were rejected or have bought between two looks are looked at by the second."""
    sign(engine)
    rows = histories()
    for day in range(7, 120, 7):
        pull(engine, rows, at_day(day))
        weekly = look(engine)
    with engine.begin() as connection:
        connection.execute(neglect.delete())
        connection.execute(sa.text("UPDATE source SET neglect_until = NULL"))
    assert len(weekly) > 40
    assert weekly == look(engine)


def test_a_look_that_was_killed_is_made_up_for_by_the_next(engine: sa.Engine) -> None:
    """The rejection was judged by a run that never came to look: nothing of its silence is lost."""
    sign(engine)
    created = {"id": "E1", "lead_id": "L1", "kind": "created", "at": at_day(0), "manager_id": "m1"}
    rejected = {**created, "id": "E2", "kind": "rejected", "at": at_day(90)}
    pull(engine, [created], at_day(1))
    look(engine)
    pull(engine, [created, rejected], at_day(100))
    pull(engine, [created, rejected], at_day(130))
    assert {("L1", at_day(EDITION.norms.neglect_days))} == look(engine)


def test_a_rejection_that_came_late_is_looked_at_when_it_is_judged(engine: sa.Engine) -> None:
    """Out of quarantine, months after it happened, its lead has been closed for long."""
    sign(engine)
    created = {"id": "E1", "lead_id": "L1", "kind": "created", "at": at_day(0), "manager_id": "m1"}
    rejected = {**created, "id": "E2", "kind": "rejected", "at": at_day(30)}
    pull(engine, [], at_day(90))
    assert set() == look(engine)
    pull(engine, [created, rejected], at_day(90))
    judged = Verdict(rejection_id="E2", number=1, edition="e", outcome=Outcome.LAWFUL, findings=(), evidence={})
    with engine.begin() as connection:
        verdicts.add(connection, SOURCE, [judged], at_day(91))
    assert {("L1", at_day(EDITION.norms.neglect_days))} == look(engine)


def test_a_settled_silence_stays_when_a_late_call_denies_it(engine: sa.Engine) -> None:
    """As a verdict does: it has been disputed and counted by then."""
    sign(engine)
    created = {"id": "E1", "lead_id": "L1", "kind": "created", "at": at_day(0), "manager_id": "m1"}
    pull(engine, [created], at_day(60))
    before = look(engine)
    pull(engine, [created, {**created, "id": "E2", "kind": "call_out", "at": at_day(1)}], at_day(60))
    assert 1 == len(before)
    assert before < look(engine)


def test_only_what_was_closed_since_is_read_again(engine: sa.Engine) -> None:
    """A look costs what changed: leads closed before the last one stay unread."""
    sign(engine)
    rows = histories()
    pull(engine, rows, at_day(120))
    look(engine)
    pull(engine, rows, at_day(150))
    look(engine)
    with engine.begin() as connection:
        connection.execute(event.update().values(manager_id="m2"))
        connection.execute(neglect.delete())
        open_ids = set(leads.open_ids(connection, SOURCE))
    assert {id_ for id_, _ in look(engine)} <= open_ids


def test_a_silence_that_began_before_the_history_there_is_is_none_yet(engine):
    """What was done in it is not pulled yet; it is looked at again when it is."""
    sign(engine)
    rows = [
        {"id": f"E{n}", "lead_id": "L", "manager_id": "m1", "kind": kind, "at": at_day(day)}
        for n, (kind, day) in enumerate([("created", 0), ("call_out", 60), ("call_out", 120)])
    ]
    pull(engine, rows, at_day(150))
    put_data_from(engine, at_day(30), until=at_day(150))
    assert {("L", at_day(65)), ("L", at_day(125))} == look(engine)
    put_data_from(engine, None, until=at_day(150))
    assert {("L", at_day(5)), ("L", at_day(65)), ("L", at_day(125))} == look(engine)


def put_data_from(engine: sa.Engine, data_from: datetime | None, *, until: datetime) -> None:
    with engine.begin() as connection:
        put_source(connection, Source(source=SOURCE, lacks=frozenset(), data_from=data_from, data_until=until))
