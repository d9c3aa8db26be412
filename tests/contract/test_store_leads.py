"""Storing what a source supplies, and remembering which days that touches."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.errors import CrmError
from planerka.model import Contract, Event, Lead, Outcome, Plan, Reference, Rejection, Spend, Stock, Verdict
from planerka.store import leads, neglect, verdicts
from planerka.store.references import references
from planerka.store.rejections import unjudged_rejections
from planerka.store.tables import TABLE_OF, event, touched_day
from planerka.store.tables import lead as lead_table
from tests.builders_store import MOSCOW, frame_of, instant

NOW = instant("2026-11-23T08:00")


def store(connection: sa.Connection, noun: type, *rows: dict[str, Any]) -> int:
    return leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), MOSCOW)


def take_days(connection: sa.Connection) -> list[str]:
    """The days touched since the last call."""
    days = connection.scalars(sa.select(touched_day.c.day_on).order_by(touched_day.c.day_on)).all()
    connection.execute(touched_day.delete())
    return [day.isoformat() for day in days]


def test_local_days_are_kept_with_the_rows(connection: sa.Connection) -> None:
    """22:30 in UTC is the next day in Moscow; a lead without a time has no day."""
    store(connection, Event, {"at": "2026-11-02T22:30Z"})
    store(connection, Lead, {"id": "L1", "created_at": None})
    assert "2026-11-03" == str(connection.scalar(sa.select(event.c.happened_on)))
    assert connection.scalar(sa.select(lead_table.c.created_on)) is None
    assert ["2026-11-03"] == take_days(connection)


TOUCHES = {
    "a new lead touches its day": (Lead, {"id": "L2", "created_at": "2026-11-20T09:00Z"}, ["2026-11-20"]),
    "a lead that moves on touches its day": (Lead, {"status": "won"}, ["2026-11-02"]),
    "a lead that changes its channel touches all its days": (
        Lead,
        {"channel_id": "site"},
        ["2026-11-02", "2026-11-04", "2026-11-05", "2026-11-12"],
    ),
    "a lead that was created on another day touches both": (
        Lead,
        {"created_at": "2026-11-01T09:00Z"},
        ["2026-11-01", "2026-11-02", "2026-11-04", "2026-11-05", "2026-11-12"],
    ),
    "a new event touches its day, its cohort's and the return's": (
        Event,
        {"id": "E9", "at": "2026-11-17T09:00Z"},
        ["2026-11-02", "2026-11-05", "2026-11-17"],
    ),
    "an event that moves touches both days": (
        Event,
        {"id": "E1", "at": "2026-11-18T09:00Z"},
        ["2026-11-02", "2026-11-04", "2026-11-05", "2026-11-18"],
    ),
    "a terminated contract touches both its days": (
        Contract,
        {"signed_at": "2026-11-12T09:00Z", "terminated_at": "2026-11-21T09:00Z"},
        ["2026-11-02", "2026-11-05", "2026-11-12", "2026-11-21"],
    ),
    "spend touches its day": (Spend, {"spent_on": "2026-11-07"}, ["2026-11-07"]),
    "a plan touches its first day": (Plan, {"from_on": "2026-12-01"}, ["2026-12-01"]),
    "stock touches nothing": (Stock, {}, []),
    "a card touches nothing": (Rejection, {}, []),
    "a title touches nothing": (Reference, {}, []),
}


@pytest.mark.parametrize("noun, row, days", TOUCHES.values(), ids=TOUCHES.keys())
def test_what_a_change_touches(connection: sa.Connection, noun: type, row: dict[str, Any], days: list[str]) -> None:
    """A lead of 2 November, called on the 4th, returned to work on the 5th, with a contract of the 12th."""
    store(connection, Lead, {})
    store(connection, Event, {"at": "2026-11-04T09:00Z"}, {"id": "E2", "kind": "reopened", "at": "2026-11-05T09:00Z"})
    store(connection, Contract, {"signed_at": "2026-11-12T09:00Z"})
    take_days(connection)
    assert 1 == store(connection, noun, row)
    assert days == take_days(connection)
    assert 0 == store(connection, noun, row)
    assert [] == take_days(connection)


FIRST_BATCHES: list[tuple[type, list[dict[str, Any]]]] = [
    (Reference, [{}]),
    (Lead, [{}, {"id": "L2", "created_at": None, "channel_id": "site"}, {"id": "L2", "channel_id": "fair"}]),
    (Event, [{"at": "2026-11-04T09:00Z"}, {"id": "E2", "kind": "reopened", "at": "2026-11-05T22:30Z"}]),
    (Event, [{"at": "2026-11-06T09:00Z", "actor_id": "m1"}]),
    (
        Event,
        [{"at": "2026-11-06T09:00Z", "actor_id": None}, {"id": "E2", "kind": "reopened", "at": "2026-11-05T22:30Z"}],
    ),
    (Rejection, [{"comment": "a\0b"}, {"id": "R2", "comment": None}]),
    (Contract, [{"signed_at": "2026-11-12T09:00Z", "terminated_at": "2026-11-21T09:00Z"}]),
    (Spend, [{"spent_on": "2026-11-07"}]),
    (Plan, [{"from_on": "2026-12-01"}]),
    (Stock, [{}]),
]
"""A batch with one key twice, a key that comes again with another day and with a blank, rows that come again alike."""


def stored(connection: sa.Connection, put: Callable[..., int]) -> tuple[list[int], list[str], dict[str, list[Any]]]:
    """What `put` returned for each of the first batches, the touched days, and the rows, all of them taken away."""
    counts = [put(connection, "crm", noun, frame_of(noun, *rows), MOSCOW) for noun, rows in FIRST_BATCHES]
    days, found = take_days(connection), {}
    for table in dict.fromkeys(TABLE_OF[noun] for noun, _ in FIRST_BATCHES):
        found[table.name] = sorted(map(repr, connection.execute(sa.select(table)).all()))
        connection.execute(table.delete())
    return counts, days, found


def test_a_first_load_ends_as_row_by_row_comparison_does(connection: sa.Connection) -> None:
    """It never looks at what it replaces, and comes to the same rows, days and counts."""
    assert stored(connection, leads.store_batch) == stored(connection, leads.load_batch)


def test_a_lead_that_comes_after_its_events_moves_their_days(connection: sa.Connection) -> None:
    """Released from quarantine, for example: until then its events counted for no channel."""
    store(connection, Event, {"at": "2026-11-09T09:00Z"})
    take_days(connection)
    store(connection, Lead, {"channel_id": "site"})
    assert ["2026-11-02", "2026-11-09"] == take_days(connection)


def test_the_sweep_marks_what_the_source_no_longer_has(connection: sa.Connection) -> None:
    """All the days of a vanished lead are touched, once; a lead that is seen again has not vanished."""
    store(connection, Lead, {"id": "L1"}, {"id": "L2", "created_at": "2026-11-03T09:00Z"})
    store(connection, Event, {"lead_id": "L2", "at": "2026-11-08T09:00Z"})
    take_days(connection)
    assert 1 == leads.sweep(connection, "crm", ["L1", "unknown"], NOW)
    assert ["2026-11-03", "2026-11-08"] == take_days(connection)
    assert 0 == leads.sweep(connection, "crm", ["L1"], NOW)
    assert ["L1"] == leads.open_ids(connection, "crm").tolist()
    assert 1 == store(connection, Lead, {"id": "L2", "created_at": "2026-11-03T09:00Z"})
    assert ["L1", "L2"] == sorted(leads.open_ids(connection, "crm"))
    assert ["2026-11-03", "2026-11-08"] == take_days(connection)


def test_a_source_that_lists_nothing_makes_nothing_vanish(connection: sa.Connection) -> None:
    store(connection, Lead, {})
    with pytest.raises(CrmError, match="crm lists no lead at all"):
        leads.sweep(connection, "crm", [], NOW)
    assert ["L1"] == leads.open_ids(connection, "crm").tolist()


def test_leads_and_events_are_found_by_lead_ids(connection: sa.Connection) -> None:
    """Ids asked twice, unknown ids and missing ones do no harm."""
    store(connection, Lead, {"id": "L1"}, {"id": "L2"}, {"id": "L3"})
    store(connection, Event, {"id": "E1"}, {"id": "E2", "lead_id": "L2"}, {"id": "E3", "lead_id": "L2"})
    asked = pd.Series(["L2", "L2", None, "nobody"], dtype="str")
    assert ["L2"] == leads.leads_of(connection, "crm", asked)["id"].tolist()
    assert ["E2", "E3"] == sorted(leads.events_of(connection, "crm", asked, ["id"])["id"])
    assert [] == leads.events_of(connection, "crm", asked.iloc[:0], ["id"])["id"].tolist()


def test_a_rejection_waits_for_its_verdict_with_its_card_and_code(connection: sa.Connection) -> None:
    """Before `until` only, judged once, unknown where there is no card, no reason, or no code in the mapping."""
    store(connection, Reference, {"id": "17", "code": "no_answer"}, {"id": "18", "code": None})
    same = {"kind": "rejected", "manager_id": "m1"}
    store(
        connection,
        Event,
        {**same, "id": "E1", "reason_id": "17", "at": "2026-11-03T09:00Z"},
        {**same, "id": "E2", "reason_id": "18", "at": "2026-11-04T09:00Z"},
        {**same, "id": "E3", "reason_id": None, "at": "2026-11-05T09:00Z"},
        {**same, "id": "E4", "reason_id": "17", "at": "2026-11-06T09:00Z"},
        {"id": "E5", "kind": "call_out"},
    )
    store(connection, Rejection, {"id": "E2", "budget_minor": 5_000_000_00})
    waiting = unjudged_rejections(connection, "crm", instant("2026-11-06T09:00"))
    assert ["E1", "E2", "E3"] == waiting["id"].tolist()
    assert ["no_answer", None, None] == waiting["reason_code"].astype(object).where(
        waiting["reason_code"].notna(), None
    ).tolist()
    assert [False, True, False] == waiting["budget_minor"].notna().tolist()
    judged = Verdict(rejection_id="E1", number=1, edition="e", outcome=Outcome.LAWFUL, findings=(), evidence={})
    assert [judged.rejection_id] == verdicts.add(connection, "crm", [judged], NOW)
    assert ["E2", "E3"] == unjudged_rejections(connection, "crm", instant("2026-11-06T09:00"))["id"].tolist()


def test_a_rejection_waits_until_the_whole_past_of_its_lead_is_there(connection: sa.Connection) -> None:
    """What was done about an older lead, or an older original, is not pulled yet, and would pass for not done."""
    store(connection, Lead, *({"id": id_, "created_at": f"2026-11-{day}T09:00Z"} for id_, day in (("A", 1), ("B", 3))))
    rejected = [("E1", "A", None), ("E2", "B", None), ("E3", "B", "A"), ("E4", "B", "B"), ("E5", "B", "unknown")]
    for id_, lead_id, original in rejected:
        store(connection, Event, {"id": id_, "kind": "rejected", "lead_id": lead_id, "at": "2026-11-04T09:00Z"})
        store(connection, Rejection, {"id": id_, "lead_id": lead_id, "duplicate_of_id": original})
    until, data_from = instant("2026-11-06T09:00"), instant("2026-11-02T09:00")
    assert ["E2", "E4"] == unjudged_rejections(connection, "crm", until, data_from=data_from)["id"].tolist()
    assert ["E1", "E2", "E3", "E4", "E5"] == unjudged_rejections(connection, "crm", until)["id"].tolist()


def test_references_are_found_by_kind_and_id(connection: sa.Connection) -> None:
    store(connection, Reference, {"id": "17"}, {"kind": "stage", "id": "17", "title": "Бронь", "code": None})
    known = references(connection, "crm")
    assert "Недозвон" == known["reason"]["17"].title
    assert None is known["stage"]["17"].code
    assert {} == known["manager"]


def test_a_silence_is_kept_once_and_touches_its_day(connection: sa.Connection) -> None:
    """Found again it changes nothing; charged to somebody else it touches the day again."""
    columns = {"lead_id": ["L1"], "manager_id": ["m1"]}
    at = {"last_touch_at": [instant("2026-11-01T09:00")], "neglected_at": [instant("2026-11-06T22:00")]}
    silences = pd.DataFrame({**columns, **at}).astype(dict.fromkeys(at, "datetime64[us, UTC]"))
    found = [len(neglect.store(connection, "crm", silences, MOSCOW)) for _ in range(2)]
    assert ([1, 0], ["2026-11-07"]) == (found, take_days(connection))
    assert 1 == len(neglect.store(connection, "crm", silences.assign(manager_id="m2"), MOSCOW))
    assert ["2026-11-07"] == take_days(connection)
