"""What people and deadlines do about a dispute, on both databases: undoing, appeals, expiry, raising by hand."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from planerka.dispute_states import DisputeAction
from planerka.disputes.answering import answer
from planerka.disputes.appeals import appeal, decide_appeal
from planerka.disputes.docket import Docket
from planerka.disputes.expiry import ExpiryReport, expire_overdue
from planerka.disputes.opening import open_disputes
from planerka.disputes.raising import raise_by_hand
from planerka.disputes.ruling import UNDO_TIME, assign, rule, undo
from planerka.errors import ChangedError, UsageError
from planerka.model import Command, Decision, Event, Lead, Receipt
from planerka.store import commands, disputes
from planerka.store.dispute_steps import steps
from planerka.store.disputes import DisputeView
from tests.builders_disputes import NOW, docket_of
from tests.builders_regulation import FIRST_EDITION
from tests.builders_rejudging import REVIEW, begun, judge, keep, opened, reject, sign

MINUTE = timedelta(minutes=1)
UPHOLD, RETURN, REQUEST = Decision.UPHOLD, Decision.RETURN_TO_WORK, Decision.REQUEST_EVIDENCE


class Docketed:
    """A store with one waiting dispute over a rejection that breaks the regulation."""

    def __init__(self, engine: sa.Engine) -> None:
        self.docket: Docket = docket_of(begun(engine))
        reject(engine)
        judge(engine)
        self.number = opened(engine).id

    @property
    def view(self) -> DisputeView:
        with self.docket.engine.connect() as connection:
            return disputes.show(connection, "crm", self.number)

    @property
    def actions(self) -> list[str]:
        with self.docket.engine.connect() as connection:
            return [str(step.action) for step in steps(connection, self.number)]

    def rule(self, decision: Decision, at=NOW, author="Анна", **more) -> None:
        rule(self.docket, self.number, decision, author, "Две попытки", at, **more)

    def pending(self, at=None) -> list[Command]:
        with self.docket.engine.connect() as connection:
            return commands.pending(connection, "crm", at)

    def taken(self) -> None:
        """The command of the ruling leaves for the source now."""
        (command,) = self.pending()
        with self.docket.engine.begin() as connection:
            assert commands.take(connection, command.marker, NOW)

    def handed_over(self) -> None:
        (command,) = self.pending()
        with self.docket.engine.begin() as connection:
            commands.put_receipt(connection, Receipt(marker=command.marker, handed_over_at=NOW, confirmed_at=None))


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


def test_a_return_that_has_been_tried_is_carried_through_an_appeal(docketed):
    """Its answer was lost, and the lead may be back in work: the next run reads it back."""
    docketed.rule(RETURN)
    docketed.taken()
    appeal(docketed.docket, docketed.number, "Лапин", "Звонили шесть раз", NOW + MINUTE)
    assert 1 == len(docketed.pending())
    docketed.handed_over()
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "Возврат верен", NOW + 2 * MINUTE)
    assert [] == docketed.pending()


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
    with pytest.raises(UsageError, match="that is over"):
        undo(docketed.docket, docketed.number, "Анна", NOW)
    assert "return_ruled" == docketed.view.state


def test_nobody_takes_back_the_ruling_of_another(docketed):
    docketed.rule(UPHOLD, undo_time=UNDO_TIME)
    with pytest.raises(ChangedError, match="Анна ruled uphold on it"):
        undo(docketed.docket, docketed.number, "Пётр", NOW)


def test_there_is_nothing_to_take_back_of_a_dispute_that_was_only_opened(docketed):
    with pytest.raises(ChangedError, match="is opened now: the regulation did this last: open"):
        undo(docketed.docket, docketed.number, "Анна", NOW)


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


def test_a_request_that_was_ruled_over_is_not_sent(docketed):
    docketed.rule(REQUEST)
    docketed.rule(UPHOLD)
    assert [] == docketed.pending()


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


def test_a_lead_that_is_back_already_is_not_returned_by_the_director_again(docketed):
    docketed.rule(RETURN)
    docketed.handed_over()
    appeal(docketed.docket, docketed.number, "Лапин", "Звонили шесть раз", NOW + MINUTE)
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "Возврат верен", NOW + MINUTE)
    assert ("final_return", []) == (docketed.view.state, docketed.pending())


def test_the_director_may_undo_within_the_minute(docketed):
    docketed.rule(UPHOLD)
    appeal(docketed.docket, docketed.number, "Громова", "Мало звонков", NOW)
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "Вернуть", NOW, undo_time=UNDO_TIME)
    undo(docketed.docket, docketed.number, "Ветрова", NOW + MINUTE)
    assert ("appealed", UPHOLD, []) == (docketed.view.state, docketed.view.decision, docketed.pending())


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
    (disputed, "L1", "its last rejection is disputed already"),
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


def test_each_step_has_its_witness_in_the_same_transaction(docketed):
    """Without the witness's row there is no ruling, and the other way round."""

    def fails(_connection: sa.Connection, _action: DisputeAction, _number: int) -> None:
        raise OSError("no space for the journal")

    blind = Docket(**{**vars(docketed.docket), "witness": fails})
    with pytest.raises(OSError, match="no space"):
        rule(blind, docketed.number, UPHOLD, "Анна", "Верно", NOW)
    assert ["open"] == docketed.actions
