"""From a ruling to the CRM and back, on both databases: once, proved by the next pull, and never against the client."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from planerka.crm.sample.story import ANALYST_ID
from planerka.disputes.applying import ApplyReport, apply_commands
from planerka.disputes.ruling import rule
from planerka.errors import UsageError
from planerka.model import Decision, DisputeOrigin, Event
from planerka.store import commands, disputes, leads
from planerka.store.disputes import DisputeView, NewDispute
from planerka.words import words_for
from tasks.company import Company
from tests.builders_cycle import AS_OF, company_on, on_day, rows_of, run_cycle
from tests.builders_store import frame_of

TOMORROW = AS_OF + timedelta(days=1)


@dataclass(frozen=True)
class Review:
    """A company with a queue; each test takes disputes of its own from it."""

    company: Company
    fresh: Iterator[DisputeView]

    def rule(
        self, dispute: int, decision: Decision, *, author="Ирина Соколова", comment="Одна попытка", at=AS_OF
    ) -> int:
        source, office, words = self.company.crm.source, self.company.office, words_for("ru")
        return rule(self.company.engine, source, dispute, decision, author, comment, office, words, at)

    def apply(self) -> ApplyReport:
        return apply_commands(self.company.engine, self.company.crm)

    def tomorrow(self) -> Company:
        return on_day(self.company, TOMORROW)

    def another_dispute(self, dispute: DisputeView, number: int) -> int:
        """A further dispute over the same lead, as a later rejection of it would open."""
        new = NewDispute(
            origin=DisputeOrigin.UNLAWFUL,
            subject_id=f"{dispute.subject_id} again {number}",
            lead_id=dispute.lead_id,
            opened_at=AS_OF,
            due_at=dispute.due_at,
        )
        with self.company.engine.begin() as connection:
            disputes.open_disputes(connection, self.company.crm.source, [new])
            found = disputes.listing(connection, self.company.crm.source)
        return next(view.id for view in found if view.subject_id == new.subject_id)

    def events(self, lead_id: str) -> list[tuple[str, str | None]]:
        """Kind and actor of the events of a lead, oldest first."""
        query = sa.text("SELECT kind, actor_id FROM event WHERE lead_id = :lead ORDER BY at, id")
        return [tuple(row) for row in self.all(query, lead=lead_id)]

    def all(self, query: sa.TextClause, **values: object) -> list[sa.Row]:
        with self.company.engine.connect() as connection:
            return list(connection.execute(query, values))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def review(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    with company_on(request, tmp_path_factory.mktemp("review")) as company:
        run_cycle(company)
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
    assert ApplyReport() == apply_commands(review.company.engine, review.tomorrow().crm)


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
    assert ["ruling"] == [table for table, rows in after.items() if rows != before[table]]


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
    values = {"id": f"withdrawn {dispute.id}", "lead_id": dispute.lead_id, "kind": "consent_withdrawn"}
    source, zone = review.company.crm.source, review.company.settings.zone
    with review.company.engine.begin() as connection:
        leads.store_batch(connection, source, Event, frame_of(Event, values), zone)
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
    with pytest.raises(UsageError, match=f"lead {dispute.lead_id} was returned 2 times, the most that .* allows"):
        review.rule(third, Decision.RETURN_TO_WORK)
    review.rule(third, Decision.UPHOLD)
    assert 2 == review.apply().handed_over_n


def test_a_refused_command_stays_pending_and_stops_no_other(review):
    """The lead is not in the CRM any more: the refusal names it, and the next run tries again."""
    gone, there = next(review.fresh), next(review.fresh)
    vanished = review.another_dispute(replace(gone, lead_id="L9999999"), 1)
    for number in (vanished, there.id):
        review.rule(number, Decision.RETURN_TO_WORK)
    report = review.apply()
    assert (1, 1) == (report.handed_over_n, len(report.refused))
    assert "the sample has no lead 'L9999999'" in report.refused[0]
    again = review.apply()
    assert (0, report.refused) == (again.handed_over_n, again.refused)
