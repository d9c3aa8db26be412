"""A source that has no calls at all: nothing is held against its managers for that, and it is said once.

The same store shows how the CRM's mark of a qualified lead is told from the criteria, both as of the rejection.
"""

from datetime import UTC, datetime, time

import pytest
import sqlalchemy as sa

from planerka.clock import Week, WorkCalendar
from planerka.disputes.opening import OpenReport, open_disputes
from planerka.model import Event, GateReport, Lead, Reference
from planerka.pack.assemble import assemble
from planerka.pack.facts import OtherwiseMarked, QualifiedMarks, Rejections
from planerka.regulation.fields import CATALOGUE
from planerka.regulation.judge import fields_read
from planerka.regulation.judging import judge_new_rejections
from planerka.regulation.rejudging import RejudgeReport, rejudge
from planerka.regulation.signed import sign_edition
from planerka.rulebook.regulation import Clause
from planerka.settings import Settings
from planerka.store import leads
from planerka.store.rejections import Asked
from planerka.store.tables import verdict
from planerka.store.windows import Source, put_source
from tests.builders_regulation import EDITION, OFFICE
from tests.builders_store import MOSCOW, frame_of

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
REVIEW = WorkCalendar(zone=MOSCOW, opens=time(9), closes=time(18), weekdays=(1, 2, 3, 4, 5))
CALLS = frozenset({"event.call_out", "event.call_in"})


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    """Three leads that were written to and rejected for no answer, in the week before now."""
    for role in ("marketing", "sales"):
        sign_edition(engine, EDITION, role, "Иванова", NOW)
    keep(engine, Reference, {"id": "17", "title": "Недозвон", "code": "no_answer"})
    for n in (1, 2, 3):
        keep(engine, Lead, {"id": f"L{n}", "client_id": f"C{n}", "status": "rejected", "phone_is_valid": True})
        keep(
            engine,
            Event,
            {"id": f"M{n}", "lead_id": f"L{n}", "kind": "message_out", "at": "2026-11-17T09:00Z"},
            {
                "id": f"R{n}",
                "lead_id": f"L{n}",
                "kind": "rejected",
                "reason_id": "17",
                "at": f"2026-11-{17 + n}T12:00Z",
            },
        )
    return engine


def keep(engine: sa.Engine, noun: type, *rows: dict) -> None:
    with engine.begin() as connection:
        leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), MOSCOW)


def judged(engine: sa.Engine, lacks: frozenset[str]) -> list[str]:
    """The outcomes, in the order of the rejections."""
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=lacks, data_until=NOW))
    judge_new_rejections(engine, "crm", OFFICE, lambda *_: GateReport(suite="regulation", checks=()), NOW)
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(verdict.c.outcome).order_by(verdict.c.rejection_id)))


def told(engine: sa.Engine) -> Rejections:
    return assemble(engine, "crm", Week.parse("2026-W47"), Settings(), frozenset(), NOW, "test").rejections


def test_a_source_without_calls_opens_no_dispute_about_calls_and_reports_each_clause_once(store):
    """However many rejections there are: none is unprovable for want of what nobody could have recorded."""
    assert ["lawful"] * 3 == judged(store, CALLS)
    assert OpenReport() == open_disputes(store, "crm", REVIEW, NOW)
    of_no_answer = [one.clause for one in told(store).not_checkable if one.clause.startswith("1.")]
    assert [c.number for c in EDITION.reasons[0].clauses if c.number != "1.4"] == of_no_answer
    reads_calls = {c.number for c in EDITION.clauses if needs_calls(c)}
    assert sorted(reads_calls) == sorted(one.clause for one in told(store).not_checkable if CALLS & set(one.missing))


def needs_calls(clause: Clause) -> bool:
    return any(CATALOGUE[name].missing(CALLS) for name in fields_read(clause))


def test_the_same_leads_in_a_source_with_calls_are_disputed(store):
    """There the calls could have been recorded, and none was made."""
    assert ["unlawful"] * 3 == judged(store, frozenset())
    assert {"unlawful": 3} == open_disputes(store, "crm", REVIEW, NOW).by_origin


def test_telephony_that_is_connected_later_accuses_nobody_of_the_days_before(store):
    """A verdict keeps what the source lacked: a rejudge finds no calls there, and knows that there could be none."""
    judged(store, CALLS)
    judged(store, frozenset())
    assert RejudgeReport(looked_at_n=3) == again(store)


def test_telephony_that_brings_its_past_with_it_is_heard_where_that_is_asked_for(store):
    """Only who connected it knows whether it has the calls of those days."""
    judged(store, CALLS)
    call = {"kind": "call_out", "at": "2026-11-17T09:00Z", "recorded_at": "2026-11-17T09:00Z", "outcome": "no_answer"}
    keep(store, Event, call | {"id": "T1", "lead_id": "L1"})
    judged(store, frozenset())
    assert {"lawful → unlawful": 3} == again(store, is_by_todays_source=True).by_change
    with store.connect() as connection:
        newest = sa.select(verdict.c.evidence).where(verdict.c.number == 2).order_by(verdict.c.rejection_id)
        assert [1, 0, 0] == [seen["attempts_n"] for seen in connection.scalars(newest)]


def again(engine: sa.Engine, *, is_by_todays_source: bool = False) -> RejudgeReport:
    why = "Подключили телефонию"
    return rejudge(engine, "crm", OFFICE, Asked(), why, NOW, is_by_todays_source=is_by_todays_source)


def test_the_mark_of_the_crm_is_set_beside_the_criteria_both_as_of_the_rejection(store):
    """A mark without a talk of a minute is told, and a talk without a mark; a mark that came later is none."""
    before, after = "2026-11-17T10:00Z", "2026-11-22T10:00Z"
    talk = {"kind": "call_out", "at": before, "recorded_at": before, "outcome": "answered", "duration_s": 75.0}
    keep(store, Event, *({"id": f"T{n}", "lead_id": f"L{n}"} | talk for n in (1, 3)))
    marks = ((1, before), (2, before), (3, after))
    keep(store, Event, *({"id": f"Q{n}", "lead_id": f"L{n}", "kind": "qualified", "at": at} for n, at in marks))
    judged(store, frozenset())
    same = {"url": None, "manager_title": None}
    assert (
        QualifiedMarks(
            compared_n=3,
            only_marked_n=1,
            only_qualified_n=1,
            leads=(
                OtherwiseMarked(lead_id="L2", is_qualified=False, **same),
                OtherwiseMarked(lead_id="L3", is_qualified=True, **same),
            ),
        )
        == told(store).qualified
    )


def test_a_source_that_marks_nothing_has_nothing_set_beside(store):
    judged(store, frozenset({"event.qualified"}))
    assert told(store).qualified is None
