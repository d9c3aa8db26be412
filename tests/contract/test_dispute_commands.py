"""What leaves for the source of rulings, requests and appeals, on both databases, and what does not."""

import pytest
import sqlalchemy as sa

from planerka.dispute_states import DisputeAction
from planerka.disputes.appeals import appeal, decide_appeal
from planerka.disputes.applying import ApplyReport, apply_commands
from planerka.disputes.ruling import UNDO_TIME, undo
from planerka.errors import CrmError, CrmLostAnswerError, CrmRefusalError, UsageError
from planerka.model import Command, Decision, Lead, Receipt
from planerka.store import disputes, erasure
from planerka.store.dispute_steps import Act, take_step
from planerka.store.tables import command
from tests.builders_disputes import NOW
from tests.builders_docket import MINUTE, REQUEST, RETURN, UPHOLD, Docketed
from tests.builders_rejudging import keep

LOST, REFUSED = CrmLostAnswerError("whether it was done is not known"), CrmRefusalError("no such manager")


class Source:
    """A source that fails with these one after another, and then carries out what it gets."""

    source = "crm"

    def __init__(self, *failures: CrmError) -> None:
        self.failures, self.markers = list(failures), []

    def apply(self, asked: Command) -> Receipt:
        self.markers.append(asked.marker)
        if self.failures:
            raise self.failures.pop(0)
        return Receipt(marker=asked.marker, handed_over_at=NOW, confirmed_at=NOW)


def run(docketed: Docketed, source: Source) -> ApplyReport:
    return apply_commands(docketed.docket.engine, source, "this test", NOW + UNDO_TIME)


def appealed(docketed: Docketed) -> None:
    appeal(docketed.docket, docketed.number, "Лапин", "Звонили шесть раз", NOW + UNDO_TIME)


def returned_by_the_director(docketed: Docketed) -> None:
    at = NOW + 2 * UNDO_TIME
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "Возврат верен", at, undo_time=UNDO_TIME)


def lead_is(docketed: Docketed, status: str) -> None:
    keep(docketed.docket.engine, Lead, {"id": "L1", "client_id": "C1", "status": status})


@pytest.fixture
def docketed(engine: sa.Engine) -> Docketed:
    return Docketed(engine)


def test_a_return_that_has_been_tried_is_carried_through_an_appeal(docketed):
    """Its answer was lost, and the lead may be back in work: the next run reads it back."""
    docketed.rule(RETURN)
    docketed.taken()
    appeal(docketed.docket, docketed.number, "Лапин", "Звонили шесть раз", NOW + MINUTE)
    assert 1 == len(docketed.pending())
    docketed.handed_over()
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "Возврат верен", NOW + 2 * MINUTE)
    assert [] == docketed.pending()


def test_a_request_that_was_ruled_over_is_not_sent(docketed):
    docketed.rule(REQUEST)
    docketed.rule(UPHOLD)
    assert [] == docketed.pending()


def test_a_lead_that_is_back_already_is_not_returned_by_the_director_again(docketed):
    docketed.rule(RETURN)
    docketed.handed_over()
    appeal(docketed.docket, docketed.number, "Лапин", "Звонили шесть раз", NOW + MINUTE)
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "Возврат верен", NOW + MINUTE)
    assert ("final_return", []) == (docketed.view.state, docketed.pending())


def test_a_return_whose_answer_was_lost_goes_on_under_its_marker_when_the_director_returns_too(docketed):
    """By another marker nobody would find what the first try has written, and it would be written twice."""
    source = Source(LOST)
    docketed.rule(RETURN)
    run(docketed, source)
    appealed(docketed)
    returned_by_the_director(docketed)
    with pytest.raises(UsageError, match="written into the CRM already"):
        undo(docketed.docket, docketed.number, "Ветрова", NOW + 2 * UNDO_TIME)
    assert 1 == run(docketed, source).handed_over_n
    first, second = source.markers
    assert (first, NOW) == (second, docketed.view.handed_over_at)


@pytest.mark.parametrize("does_appeal", [False, True])
def test_a_lead_that_a_lost_answer_has_opened_is_looked_for_in_the_source(docketed, does_appeal):
    """The next pull sees it open, and that is no reason to ask no more: only the marker tells who opened it."""
    source = Source(LOST)
    docketed.rule(RETURN)
    run(docketed, source)
    lead_is(docketed, "open")
    if does_appeal:
        appealed(docketed)
        returned_by_the_director(docketed)
    assert 1 == run(docketed, source).handed_over_n
    assert ([source.markers[0]] * 2, NOW) == (source.markers, docketed.view.handed_over_at)


def test_what_goes_on_under_another_ruling_is_erased_like_any_other(docketed):
    """Its note quotes the first ruling, here the end of what the director wrote too."""
    docketed.rule(RETURN)
    run(docketed, Source(LOST))
    appealed(docketed)
    at = NOW + 2 * UNDO_TIME
    decide_appeal(docketed.docket, docketed.number, RETURN, "Ветрова", "попытки", at)
    with docketed.docket.engine.begin() as connection:
        erasure.mark(connection, "crm", sa.select(sa.literal("L1")), NOW, is_by_request=True)
        erasure.blank(connection, "crm")
        (content,) = connection.scalars(sa.select(command.c.content))
    assert content["note"].endswith(f"*** [{content['marker']}]")
    assert "Две" not in content["note"]


def refused_by_planerka(docketed: Docketed) -> None:
    lead_is(docketed, "open")
    run(docketed, Source())
    lead_is(docketed, "rejected")


def refused_by_the_source(docketed: Docketed) -> None:
    run(docketed, Source(REFUSED))


def refused_after_a_lost_answer(docketed: Docketed) -> None:
    run(docketed, Source(LOST))
    run(docketed, Source(REFUSED))


def lost_after_a_refusal(docketed: Docketed) -> None:
    run(docketed, Source(REFUSED))
    run(docketed, Source(LOST))


TRIES = [
    (refused_by_planerka, 0),
    (refused_by_the_source, 0),
    (refused_after_a_lost_answer, 1),
    (lost_after_a_refusal, 1),
]


@pytest.mark.parametrize("happens, pending_n", TRIES)
def test_only_a_return_that_may_have_been_done_is_carried_through_an_appeal(docketed, happens, pending_n):
    """What is known to have done nothing waits for the director."""
    docketed.rule(RETURN)
    happens(docketed)
    assert 1 == len(docketed.pending())
    appealed(docketed)
    assert pending_n == len(docketed.pending())


@pytest.mark.parametrize("happens", [refused_by_planerka, refused_by_the_source])
def test_a_ruling_whose_command_has_done_nothing_can_be_taken_back(docketed, happens):
    docketed.rule(RETURN, undo_time=UNDO_TIME)
    happens(docketed)
    undo(docketed.docket, docketed.number, "Анна", NOW + UNDO_TIME)
    assert ("opened", []) == (docketed.view.state, docketed.pending())


A = DisputeAction
RETURNED = [
    ([A.RETURN_TO_WORK], False, 1),
    ([A.RETURN_TO_WORK, A.APPEAL], False, 1),
    ([A.RETURN_TO_WORK, A.APPEAL, A.RETURN_TO_WORK], False, 1),
    ([A.RETURN_TO_WORK, A.APPEAL, A.UPHOLD], False, 0),
    ([A.RETURN_TO_WORK, A.APPEAL, A.UPHOLD], True, 1),
    ([A.RETURN_TO_WORK, A.UNDO], False, 0),
    ([A.UPHOLD, A.APPEAL], False, 0),
    ([A.UPHOLD, A.APPEAL, A.RETURN_TO_WORK], False, 1),
    ([A.REQUEST_EVIDENCE], True, 0),
]


@pytest.mark.parametrize("way, is_handed_over, n", RETURNED)
def test_a_lead_counts_as_returned_by_what_stands_and_by_what_was_done(docketed, way, is_handed_over, n):
    """An appeal makes no room for a third return, nor does upholding after the lead was back."""
    first, *later = way
    docketed.rule(Decision(first))
    if is_handed_over:
        docketed.handed_over()
    with docketed.docket.engine.begin() as connection:
        for action in later:
            take_step(connection, "crm", docketed.number, Act(action=action, at=NOW, author="Анна", comment="да"))
        assert n == disputes.returned_n(connection, "crm", "L1")
        assert 0 == disputes.returned_n(connection, "crm", "L1", besides=docketed.number)
