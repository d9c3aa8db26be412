"""What people and deadlines do about a dispute, on both databases: undoing, appeals, expiry, raising by hand."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from planerka.dispute_states import DisputeAction
from planerka.disputes.appeals import appeal, decide_appeal
from planerka.disputes.docket import Docket
from planerka.disputes.expiry import ExpiryReport, expire_overdue
from planerka.disputes.opening import open_disputes
from planerka.disputes.raising import raise_by_hand
from planerka.disputes.ruling import assign, rule
from planerka.errors import ChangedError, UsageError
from planerka.model import Event, Lead
from planerka.store import disputes
from planerka.store.dispute_steps import steps
from tests.builders_disputes import NOW, docket_of
from tests.builders_docket import MINUTE, REQUEST, RETURN, UPHOLD, Docketed
from tests.builders_regulation import FIRST_EDITION
from tests.builders_rejudging import REVIEW, begun, judge, keep, reject, sign


@pytest.fixture
def docketed(engine: sa.Engine) -> Docketed:
    return Docketed(engine)


def test_an_assigned_dispute_says_who_looks_after_it(docketed):
    assign(docketed.docket, docketed.number, "Пётр", NOW, seen_n=1)
    assert ("assigned", "Пётр") == (docketed.view.state, docketed.view.assigned_to)
    with pytest.raises(ChangedError, match="Пётр did this last: assign"):
        assign(docketed.docket, docketed.number, "Анна", NOW, seen_n=1)


def test_a_request_for_evidence_gives_time_to_answer_and_to_read(docketed):
    """The manager has half a working day, and the analyst as much after that; who asked looks after it."""
    before = docketed.view.due_at
    docketed.rule(REQUEST, at=before - MINUTE)
    (command,) = docketed.pending()
    assert before < command.due_at < docketed.view.due_at
    assert "Анна" == docketed.view.assigned_to


APPEALS = [
    (UPHOLD, UPHOLD, "final_upheld", 0),
    (UPHOLD, RETURN, "final_return", 1),
    (RETURN, UPHOLD, "final_upheld", 0),
    (RETURN, RETURN, "final_return", 1),
]


@pytest.mark.parametrize("ruled, decided, state, commands_n", APPEALS)
def test_the_director_decides_an_appeal_for_good(docketed, ruled, decided, state, commands_n):
    """A return that has not left waits for the director; only what was decided last leaves."""
    docketed.rule(ruled)
    appeal(docketed.docket, docketed.number, "Громова", "Клиент ждал звонка", NOW + MINUTE)
    assert ("appealed", []) == (docketed.view.state, docketed.pending())
    with pytest.raises(UsageError, match="was appealed: the commercial director decides"):
        docketed.rule(ruled)
    decide_appeal(docketed.docket, docketed.number, decided, "Ветрова", "Согласна", NOW + 2 * MINUTE)
    assert (state, "Ветрова", commands_n) == (docketed.view.state, docketed.view.author, len(docketed.pending()))
    with pytest.raises(ChangedError, match="Ветрова ruled"):
        appeal(docketed.docket, docketed.number, "Лапин", "Ещё раз", NOW + 3 * MINUTE)


def test_an_appeal_after_its_window_is_refused(docketed):
    """Sixteen working hours: Tuesday's ruling may be appealed until Thursday morning."""
    docketed.rule(UPHOLD)
    with pytest.raises(UsageError, match="could be appealed until 2026-11-25 13:00 UTC: it is final"):
        appeal(docketed.docket, docketed.number, "Громова", "Поздно", NOW + timedelta(days=3))


def test_what_waits_cannot_be_appealed(docketed):
    with pytest.raises(ChangedError, match="is opened now"):
        appeal(docketed.docket, docketed.number, "Громова", "Рано", NOW)


@pytest.mark.parametrize("decided, report, commands_n", [(UPHOLD, (1, 1, 0), 0), (RETURN, (1, 0, 1), 1)])
def test_what_nobody_rules_on_in_time_is_decided_as_the_edition_says(engine, decided, report, commands_n):
    """By nobody's name, with the edition named; and once."""
    late = Docketed(engine)
    text = FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", "2026-11-24")
    sign(engine, text.replace("on_expiry: uphold", f"on_expiry: {decided}"))
    after = late.view.due_at + MINUTE
    assert ExpiryReport() == expire_overdue(late.docket, late.view.due_at)
    assert report == expire_overdue(late.docket, after).counts
    assert ["open", "expire", str(decided)] == late.actions
    assert (decided, None) == (late.view.decision, late.view.author)
    assert "Решения в срок не было: решено по редакции 2026-11-24" == late.view.comment
    assert commands_n == len(late.pending())
    assert ExpiryReport() == expire_overdue(late.docket, after)


def test_what_cannot_be_returned_stays_rejected_when_nobody_rules(engine):
    late = Docketed(engine)
    text = FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", "2026-11-24")
    sign(engine, text.replace("on_expiry: uphold", "on_expiry: return_to_work"))
    keep(engine, Event, {"id": "W1", "lead_id": "L1", "kind": "consent_withdrawn"})
    assert (1, 1, 0) == expire_overdue(late.docket, late.view.due_at + MINUTE).counts
    assert "Решения в срок не было, а вернуть лид в работу нельзя" == late.view.comment


def test_marketing_raises_a_dispute_over_a_lawful_rejection(engine):
    """A later verdict, lawful as well, does not make it fall: the verdict is what was doubted."""
    docket = docket_of(begun(engine))
    reject(engine)
    judge(engine)
    number = raise_by_hand(docket, "L1", "Громова", "  Клиент +7 916 123-45-67 перезванивал ", NOW)
    with engine.connect() as connection:
        view, (opening,) = disputes.show(connection, "crm", number), steps(connection, number)
    assert ("raised", "R1", "opened") == (view.origin, view.subject_id, view.state)
    assert ("Громова", "Клиент *** перезванивал") == (opening.author, opening.comment)


def in_work(engine: sa.Engine) -> None:
    keep(engine, Lead, {"id": "L1", "client_id": "C1", "status": "open"})


def left_in_peace(engine: sa.Engine) -> None:
    keep(engine, Event, {"id": "W1", "lead_id": "L1", "kind": "consent_withdrawn"})


def disputed(engine: sa.Engine) -> None:
    open_disputes(engine, "crm", REVIEW, NOW)


NOT_RAISED = [
    (in_work, "L1", "it is not rejected now"),
    (left_in_peace, "L1", "its client asked not to be called"),
    (disputed, "L1", r"its last rejection is disputed already: see dispute \d+"),
    (disputed, "no such", "it is not rejected now, or not known"),
]


@pytest.mark.parametrize("happens, lead_id, why", NOT_RAISED)
def test_what_is_not_to_be_disputed_is_not_raised(engine, happens, lead_id, why):
    docket = docket_of(begun(engine))
    reject(engine)
    judge(engine)
    happens(engine)
    with pytest.raises(UsageError, match=f"lead {lead_id}: {why}"):
        raise_by_hand(docket, lead_id, "Громова", "Сомневаюсь", NOW)


BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def wait_for_blocked(engine: sa.Engine) -> None:
    """Until somebody waits for another transaction to end; of SQLite, which has one writer, nobody can tell."""
    until = time.monotonic() + 30
    while engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            if connection.scalar(sa.text(BLOCKED)):
                return
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_the_machine_disputes_at_the_same_time_is_not_raised_and_its_author_is_told_so(engine):
    """The one waits for the other: both had seen that there was no dispute."""
    docket = docket_of(begun(engine))
    reject(engine)
    judge(engine)
    raised = []

    def raise_it(_connection: sa.Connection) -> None:
        raised.append(pool.submit(raise_by_hand, docket, "L1", "Громова", "Сомневаюсь", NOW))
        wait_for_blocked(engine)

    with ThreadPoolExecutor(1) as pool:
        sa.event.listen(engine, "commit", raise_it, once=True)
        assert 1 == open_disputes(engine, "crm", REVIEW, NOW).opened_n
        with pytest.raises(UsageError, match="lead L1: its last rejection is disputed already"):
            raised[0].result(60)


def test_each_step_has_its_witness_in_the_same_transaction(docketed):
    """Without the witness's row there is no ruling, and the other way round."""

    def fails(_connection: sa.Connection, _action: DisputeAction, _number: int) -> None:
        raise OSError("no space for the journal")

    blind = Docket(**{**vars(docketed.docket), "witness": fails})
    with pytest.raises(OSError, match="no space"):
        rule(blind, docketed.number, UPHOLD, "Анна", "Верно", NOW)
    assert ["open"] == docketed.actions
