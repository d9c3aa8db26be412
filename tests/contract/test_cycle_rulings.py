"""From a ruling to the CRM and back, on both databases: once, proved by the next pull, and never against the client."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from planerka.crm.sample.story import ANALYST_ID
from planerka.disputes.applying import ApplyReport, apply_commands, confirm_seen
from planerka.disputes.ruling import rule
from planerka.errors import BusyError, CrmClosedError, CrmError, CrmLoginError, CrmMovedError, UsageError
from planerka.model import Command, Decision, DisputeOrigin, Event, Lead, Receipt
from planerka.store import commands, disputes, leads
from planerka.store.disputes import DisputeView, NewDispute
from planerka.store.locks import locked
from planerka.store.tables import lead
from tasks.company import Company
from tests.builders_cycle import AS_OF, company_after_a_cycle, on_day, rows_of, run_cycle
from tests.builders_store import frame_of

TOMORROW = AS_OF + timedelta(days=1)
NUMBERS = count(1)
FOUND = {DisputeOrigin.UNLAWFUL: "rejected", DisputeOrigin.NEGLECT: "open"}
"""The state in which a dispute of each origin finds a lead."""


@dataclass(frozen=True)
class Review:
    """A company with a queue; each test takes disputes of its own from it."""

    company: Company
    fresh: Iterator[DisputeView]

    def rule(
        self, dispute: int, decision: Decision, *, author="Ирина Соколова", comment="Одна попытка", at=AS_OF
    ) -> int:
        return rule(self.company.docket, dispute, decision, author, comment, at)

    def apply(self) -> ApplyReport:
        return self.apply_on(self.company)

    def apply_on(self, company: Company) -> ApplyReport:
        return apply_commands(company.engine, company.crm, "this test", AS_OF)

    def refusal_of(self, dispute: DisputeView) -> str:
        """Why the one command of a dispute was not handed over in a run of now."""
        marker = f"planerka-{dispute.id}-"
        (refusal,) = (refusal for refusal in self.apply().refused if refusal.startswith(marker))
        return refusal

    def tomorrow(self) -> Company:
        return on_day(self.company, TOMORROW)

    def another_dispute(self, dispute: DisputeView, number: int) -> int:
        """A further dispute over the same lead, as a later rejection of it would open."""
        return self.dispute(f"{dispute.subject_id} again {number}", dispute.lead_id)

    def dispute_over_a_new_lead(self, origin: DisputeOrigin) -> DisputeView:
        """A lead that no CRM knows, just where such a dispute finds it."""
        lead_id = f"new {next(NUMBERS)}"
        self.keep(Lead, id=lead_id, client_id=lead_id, status=FOUND[origin])
        number = self.dispute(f"subject of {lead_id}", lead_id, origin)
        with self.company.engine.begin() as connection:
            return disputes.show(connection, self.company.crm.source, number)

    def keep(self, noun: type, **values: object) -> None:
        source, zone = self.company.crm.source, self.company.settings.zone
        with self.company.engine.begin() as connection:
            leads.store_batch(connection, source, noun, frame_of(noun, values), zone)

    def dispute(self, subject_id: str, lead_id: str, origin: DisputeOrigin = DisputeOrigin.UNLAWFUL) -> int:
        new = NewDispute(origin=origin, subject_id=subject_id, lead_id=lead_id, opened_at=AS_OF, due_at=TOMORROW)
        with self.company.engine.begin() as connection:
            disputes.open_disputes(connection, self.company.crm.source, [new])
            found = disputes.listing(connection, self.company.crm.source)
        return next(view.id for view in found if view.subject_id == new.subject_id)

    def now_is(self, lead_id: str, **values: object) -> None:
        """What a later pull would say of a lead."""
        with self.company.engine.begin() as connection:
            connection.execute(lead.update().where(lead.c.id == lead_id).values(values))

    def events(self, lead_id: str) -> list[tuple[str, str | None]]:
        """Kind and actor of the events of a lead, oldest first."""
        query = sa.text("SELECT kind, actor_id FROM event WHERE lead_id = :lead ORDER BY at, id")
        return [tuple(row) for row in self.all(query, lead=lead_id)]

    def all(self, query: sa.TextClause, **values: object) -> list[sa.Row]:
        with self.company.engine.connect() as connection:
            return list(connection.execute(query, values))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def review(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    with company_after_a_cycle(request, tmp_path_factory.mktemp("review"), request.param) as company:
        with company.engine.begin() as connection:
            queue = disputes.listing(connection, company.crm.source)
        rejections = [view for view in queue if view.origin != DisputeOrigin.NEGLECT]
        yield Review(company, iter(rejections))


def test_a_returned_lead_is_reopened_once_and_seen_in_the_next_pull(review):
    """Carried out at once, a second time not at all; the next day's pull brings the proof."""
    dispute = next(review.fresh)
    review.rule(dispute.id, Decision.RETURN_TO_WORK)
    assert ApplyReport(handed_over_n=1, confirmed_n=1) == review.apply()
    assert ApplyReport() == review.apply()
    assert ("reopened", ANALYST_ID) not in review.events(dispute.lead_id)
    run_cycle(review.tomorrow())
    run_cycle(review.tomorrow())
    assert 1 == review.events(dispute.lead_id).count(("reopened", ANALYST_ID))
    status = review.all(sa.text("SELECT status FROM lead WHERE id = :lead"), lead=dispute.lead_id)
    assert [("open",)] == [tuple(row) for row in status]
    assert ApplyReport() == review.apply_on(review.tomorrow())


def test_of_two_runs_at_once_one_hands_over_and_the_other_is_told_who(review):
    """Both would find no receipt, and the manager two notes on the card."""
    review.rule(next(review.fresh).id, Decision.RETURN_TO_WORK)
    engine, source = review.company.engine, review.company.crm.source
    busy = pytest.raises(BusyError, match=f"commands for {source} is held by another run")
    with locked(engine, f"commands for {source}", "another run", AS_OF), busy:
        review.apply()
    assert 1 == review.apply().handed_over_n


def test_the_command_says_which_clause_was_broken_and_why(review):
    """The manager reads it on the card: what the regulation says, what the analyst says, and by when to call."""
    dispute = next(view for view in review.fresh if view.findings)
    review.rule(dispute.id, Decision.RETURN_TO_WORK, comment="  Звонили один раз  ")
    with review.company.engine.begin() as connection:
        command = commands.pending(connection, review.company.crm.source)[-1]
    assert dispute.lead_id == command.lead_id
    assert all(f"{found['clause']} {found['ru']}" in command.note for found in dispute.findings)
    assert f"Звонили один раз [{command.marker}]" in command.note
    assert command.marker in command.task
    assert AS_OF < command.due_at < TOMORROW
    review.apply()


@pytest.mark.parametrize("decision", [Decision.UPHOLD, Decision.RETURN_TO_WORK])
def test_a_second_ruling_is_refused(review, decision):
    """Of two people the first has decided; the second is told who and what."""
    dispute = next(review.fresh)
    review.rule(dispute.id, decision)
    with pytest.raises(UsageError, match=f"Dispute {dispute.id} is closed: Ирина Соколова ruled {decision}"):
        review.rule(dispute.id, Decision.UPHOLD, author="Пётр Ильин")
    review.apply()


def test_evidence_may_be_asked_for_before_the_ruling(review):
    """A task for the manager, and the dispute stays open."""
    dispute = next(review.fresh)
    review.rule(dispute.id, Decision.REQUEST_EVIDENCE)
    assert 1 == review.apply().handed_over_n
    review.rule(dispute.id, Decision.UPHOLD)
    assert 0 == review.apply().handed_over_n


def test_upholding_sends_no_command(review):
    """The rejection stands: there is nothing to write."""
    before = rows_of(review.company.engine)
    review.rule(next(review.fresh).id, Decision.UPHOLD)
    assert ApplyReport() == review.apply()
    after = rows_of(review.company.engine)
    assert ["dispute", "dispute_step"] == [table for table, rows in after.items() if rows != before[table]]


@pytest.mark.parametrize("asked", [{"comment": " "}, {"author": ""}])
def test_a_ruling_without_a_comment_or_an_author_is_refused(review, asked):
    """And nothing is written."""
    before = rows_of(review.company.engine)
    with pytest.raises(UsageError, match="a ruling needs a comment and an author"):
        review.rule(1, Decision.UPHOLD, **asked)
    assert before == rows_of(review.company.engine)


def test_a_dispute_that_does_not_exist_is_refused(review):
    with pytest.raises(UsageError, match="There is no dispute 4711"):
        review.rule(4711, Decision.UPHOLD)


def test_a_client_who_withdrew_consent_is_never_returned(review):
    """Not even where the rejection was wrong; upholding is still possible."""
    dispute = next(review.fresh)
    review.keep(Event, id=f"withdrawn {dispute.id}", lead_id=dispute.lead_id, kind="consent_withdrawn")
    before = rows_of(review.company.engine)
    with pytest.raises(
        UsageError, match=f"{dispute.lead_id} is not returned to work: the client asked not to be called"
    ):
        review.rule(dispute.id, Decision.RETURN_TO_WORK)
    assert before == rows_of(review.company.engine)
    review.rule(dispute.id, Decision.UPHOLD)


def test_a_lead_is_returned_twice_at_most(review):
    """Whoever rejects it a third time has tried twice."""
    dispute = next(review.fresh)
    review.rule(dispute.id, Decision.RETURN_TO_WORK)
    review.rule(review.another_dispute(dispute, 2), Decision.RETURN_TO_WORK)
    third = review.another_dispute(dispute, 3)
    with pytest.raises(
        UsageError, match=f"lead {dispute.lead_id} is not returned to work: it was returned as often as"
    ):
        review.rule(third, Decision.RETURN_TO_WORK)
    review.rule(third, Decision.UPHOLD)
    assert 2 == review.apply().handed_over_n


def test_a_refused_command_stays_pending_and_stops_no_other(review):
    """The lead is not in the CRM any more: the refusal names it, and the next run tries again."""
    gone, there = review.dispute_over_a_new_lead(DisputeOrigin.UNLAWFUL), next(review.fresh)
    for number in (gone.id, there.id):
        review.rule(number, Decision.RETURN_TO_WORK)
    report = review.apply()
    assert (1, 1) == (report.handed_over_n, len(report.refused))
    assert f"the sample has no lead '{gone.lead_id}'" in report.refused[0]
    again = review.apply()
    assert (0, report.refused) == (again.handed_over_n, again.refused)


class Closing:
    """A source that carries one command out, and lets nobody in from then on."""

    def __init__(self, source: str, closes: type[CrmError]) -> None:
        self.source, self.closes = source, closes
        self.done, self.turned_away_n = [], 0

    def apply(self, command: Command) -> Receipt:
        if self.done:
            self.turned_away_n += 1
            raise self.closes("answers 403")
        self.done.append(command.marker)
        return Receipt(marker=command.marker, handed_over_at=AS_OF, confirmed_at=AS_OF)


@pytest.mark.parametrize("closes", [CrmClosedError, CrmLoginError, CrmMovedError])
def test_a_source_that_lets_nobody_in_is_asked_no_more(review, closes):
    """What was done before keeps its receipt; the others wait, and none of them is to blame."""
    ruled = [review.dispute_over_a_new_lead(DisputeOrigin.UNLAWFUL) for _ in range(3)]
    for dispute in ruled:
        review.rule(dispute.id, Decision.RETURN_TO_WORK)
    crm = Closing(review.company.crm.source, closes)
    with pytest.raises(closes):
        review.apply_on(replace(review.company, crm=crm))
    with review.company.engine.begin() as connection:
        refusals = [disputes.show(connection, crm.source, dispute.id).refusal for dispute in ruled]
        pending = {command.marker for command in commands.pending(connection, crm.source)}
    assert (1, 1, [None] * 3, False) == (len(crm.done), crm.turned_away_n, refusals, crm.done[0] in pending)


NOT_RETURNED = [
    (DisputeOrigin.UNLAWFUL, {"status": "won"}, "it is won now"),
    (DisputeOrigin.UNLAWFUL, {"status": "open"}, "it is open now"),
    (DisputeOrigin.UNLAWFUL, {"vanished_at": AS_OF}, "the source has it no more"),
    (DisputeOrigin.NEGLECT, {"status": "won"}, "it is won now"),
    (DisputeOrigin.NEGLECT, {"status": "open", "vanished_at": AS_OF}, "the source has it no more"),
]


@pytest.mark.parametrize("origin, now, why", NOT_RETURNED)
def test_a_lead_that_is_not_where_the_dispute_found_it_is_not_returned(review, origin, now, why):
    """A buyer is not called as if nobody had been; nothing is written."""
    dispute = review.dispute_over_a_new_lead(origin)
    review.now_is(dispute.lead_id, **now)
    before = rows_of(review.company.engine)
    with pytest.raises(UsageError, match=f"lead {dispute.lead_id} is not returned to work: {why}"):
        review.rule(dispute.id, Decision.RETURN_TO_WORK)
    assert before == rows_of(review.company.engine)


@pytest.mark.parametrize("origin, now, why", NOT_RETURNED)
def test_a_command_that_has_lost_its_sense_since_the_ruling_is_not_handed_over(review, origin, now, why):
    """It stays pending, and every run says why."""
    dispute = review.dispute_over_a_new_lead(origin)
    review.rule(dispute.id, Decision.RETURN_TO_WORK)
    review.now_is(dispute.lead_id, **now)
    for _ in range(2):
        assert f"lead {dispute.lead_id} is not returned to work: {why}" in review.refusal_of(dispute)


def test_a_client_who_asks_for_no_calls_after_the_ruling_is_left_in_peace(review):
    """What was ruled before they asked does not count."""
    dispute = review.dispute_over_a_new_lead(DisputeOrigin.UNLAWFUL)
    review.rule(dispute.id, Decision.RETURN_TO_WORK)
    review.keep(Event, id=f"withdrawn {dispute.id}", lead_id=dispute.lead_id, kind="consent_withdrawn")
    assert "the client asked not to be called" in review.refusal_of(dispute)


@pytest.mark.parametrize(
    "origin, decision, now, is_confirmed",
    [
        (DisputeOrigin.UNLAWFUL, Decision.RETURN_TO_WORK, {"status": "open"}, True),
        (DisputeOrigin.UNLAWFUL, Decision.RETURN_TO_WORK, {"status": "rejected"}, False),
        (DisputeOrigin.UNLAWFUL, Decision.RETURN_TO_WORK, {"status": "open", "vanished_at": AS_OF}, False),
        (DisputeOrigin.UNLAWFUL, Decision.REQUEST_EVIDENCE, {"status": "open"}, False),
        (DisputeOrigin.NEGLECT, Decision.RETURN_TO_WORK, {"status": "open"}, False),
        (DisputeOrigin.NEGLECT, Decision.REQUEST_EVIDENCE, {"status": "open"}, False),
    ],
)
def test_only_a_rejected_lead_that_is_open_again_proves_its_return(review, origin, decision, now, is_confirmed):
    """A neglected lead is open whatever was done about it, and no data show that evidence was given."""
    dispute = review.dispute_over_a_new_lead(origin)
    review.rule(dispute.id, decision)
    engine, source = review.company.engine, review.company.crm.source
    with engine.begin() as connection:
        marker = next(one.marker for one in commands.pending(connection, source) if one.lead_id == dispute.lead_id)
        handed_over = Receipt(marker=marker, handed_over_at=AS_OF - timedelta(days=3), confirmed_at=None)
        commands.put_receipt(connection, handed_over)
    review.now_is(dispute.lead_id, **now)
    assert is_confirmed == confirm_seen(engine, source)
