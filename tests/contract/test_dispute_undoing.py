"""Rulings that are taken back, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from planerka.disputes.answering import answer
from planerka.disputes.appeals import appeal, decide_appeal
from planerka.disputes.ruling import UNDO_TIME, assign, undo
from planerka.errors import ChangedError, UsageError
from tests.builders_disputes import NOW
from tests.builders_docket import MINUTE, REQUEST, RETURN, UPHOLD, Docketed


@pytest.fixture
def docketed(engine: sa.Engine) -> Docketed:
    return Docketed(engine)


@pytest.mark.parametrize(
    "decision, state", [(UPHOLD, "upheld"), (RETURN, "return_ruled"), (REQUEST, "evidence_requested")]
)
def test_a_ruling_is_taken_back_within_a_minute_with_its_command(docketed, decision, state):
    """What was written stays among the steps, and another ruling may follow."""
    docketed.rule(decision, undo_time=UNDO_TIME)
    assert state == docketed.view.state
    undo(docketed.docket, docketed.number, "Анна", NOW + UNDO_TIME)
    assert ("opened", None, []) == (docketed.view.state, docketed.view.decision, docketed.pending())
    assert docketed.view.assigned_to is None
    docketed.rule(UPHOLD)
    assert ["open", decision, "undo", "uphold"] == docketed.actions


@pytest.mark.parametrize("decision", [UPHOLD, RETURN])
def test_a_request_for_evidence_waits_again_when_the_ruling_over_it_is_taken_back(docketed, decision):
    """One that had not left is sent, and a manager who has it may answer."""
    docketed.rule(REQUEST)
    (request,) = docketed.pending()
    docketed.rule(decision, author="Пётр", undo_time=UNDO_TIME)
    undo(docketed.docket, docketed.number, "Пётр", NOW + MINUTE)
    assert ("evidence_requested", REQUEST, "Анна") == (
        docketed.view.state,
        docketed.view.decision,
        docketed.view.assigned_to,
    )
    assert [request] == docketed.pending()
    answer(docketed.docket, docketed.number, "Мария", "Запись есть", [], NOW + MINUTE)


def test_a_request_that_is_taken_back_leaves_the_dispute_with_whom_it_was(docketed):
    """Who asked would have had the answer; before that somebody else looked after it."""
    assign(docketed.docket, docketed.number, "Пётр", NOW)
    docketed.rule(REQUEST, undo_time=UNDO_TIME)
    assert "Анна" == docketed.view.assigned_to
    undo(docketed.docket, docketed.number, "Анна", NOW + MINUTE)
    assert ("assigned", "Пётр") == (docketed.view.state, docketed.view.assigned_to)


def test_a_request_that_is_taken_back_moves_no_deadline(docketed):
    """Nobody gains time by asking and thinking better of it."""
    before = docketed.view.due_at
    docketed.rule(REQUEST, at=before - MINUTE, undo_time=UNDO_TIME)
    undo(docketed.docket, docketed.number, "Анна", before)
    assert before == docketed.view.due_at


def test_a_command_waits_while_its_ruling_can_be_taken_back(docketed):
    docketed.rule(RETURN, undo_time=UNDO_TIME)
    assert [] == docketed.pending(NOW + UNDO_TIME - timedelta(seconds=1))
    assert 1 == len(docketed.pending(NOW + UNDO_TIME))


def test_a_ruling_is_not_taken_back_after_a_minute(docketed):
    docketed.rule(RETURN, undo_time=UNDO_TIME)
    with pytest.raises(UsageError, match="can be taken back for a minute, and that is over"):
        undo(docketed.docket, docketed.number, "Анна", NOW + UNDO_TIME + timedelta(seconds=1))
    assert 1 == len(docketed.pending())


def test_a_ruling_is_not_taken_back_once_its_command_has_left(docketed):
    """Whatever the clocks of the two machines say."""
    docketed.rule(RETURN, undo_time=UNDO_TIME)
    docketed.taken()
    with pytest.raises(UsageError, match="is written into the CRM already, or on its way there"):
        undo(docketed.docket, docketed.number, "Анна", NOW)
    assert "return_ruled" == docketed.view.state


def test_nobody_takes_back_the_ruling_of_another(docketed):
    docketed.rule(UPHOLD, undo_time=UNDO_TIME)
    with pytest.raises(ChangedError, match="Анна ruled uphold on it"):
        undo(docketed.docket, docketed.number, "Пётр", NOW)


def test_there_is_nothing_to_take_back_of_a_dispute_that_was_only_opened(docketed):
    with pytest.raises(ChangedError, match="is opened now: the regulation did this last: open"):
        undo(docketed.docket, docketed.number, "Анна", NOW)


def test_the_director_may_undo_within_the_minute(docketed):
    docketed.rule(UPHOLD)
    appeal(docketed.docket, docketed.number, "Громова", "Мало звонков", NOW)
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "Вернуть", NOW, undo_time=UNDO_TIME)
    undo(docketed.docket, docketed.number, "Ветрова", NOW + MINUTE)
    assert ("appealed", UPHOLD, []) == (docketed.view.state, docketed.view.decision, docketed.pending())
