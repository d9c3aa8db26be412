"""The blind sample, on both databases: who is drawn, what the second reader sees, and that a reading is kept once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.dispute_states import DisputeAction
from planerka.disputes.agreement import agreement
from planerka.disputes.expiry import expire_overdue
from planerka.disputes.opening import open_disputes
from planerka.disputes.ruling import UNDO_TIME, undo
from planerka.disputes.sampling import SampleReport, draw_sample, drawn_of
from planerka.disputes.second_reading import read, reading_view, unread
from planerka.errors import UsageError
from planerka.model import Decision, Event, Outcome, ReadingSubject
from planerka.phones import MASK
from planerka.privacy.erasing import erase_client
from planerka.settings import Settings
from planerka.store import commands, disputes, readings
from planerka.store.dispute_steps import Act, take_step
from planerka.store.readings import ReadingView
from planerka.store.samples import Candidate
from tests.builders_disputes import NOW, REVIEW, docket_of
from tests.builders_readings import (
    ANALYST,
    HORIZON_DAYS,
    READER,
    RULED_AT,
    SECRET,
    begun,
    drawn,
    judge,
    keep,
    reject,
    rule_on,
)
from tests.builders_store import MOSCOW


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    """All are drawn: chance has tests of its own."""
    return begun(engine, percent=100)


DRAWN = [
    ("lawful", {}, 1),
    ("unlawful", {}, 0),
    ("unprovable", {}, 0),
    ("not_judged", {}, 0),
    ("lawful", {"days_ago": HORIZON_DAYS}, 1),
    ("lawful", {"days_ago": HORIZON_DAYS + 0.01}, 0),
]


@pytest.mark.parametrize("outcome, rejection, verdicts_n", DRAWN)
def test_a_lawful_verdict_within_the_horizon_is_drawn_once(store, outcome, rejection, verdicts_n):
    """Whoever draws again, after a kill for one, finds it drawn."""
    reject(store, Outcome(outcome), **rejection)
    assert SampleReport(verdicts_n=verdicts_n) == drawn(store)
    assert SampleReport() == drawn(store)


def test_two_draws_at_once_draw_what_one_would(store):
    for number in range(1, 9):
        reject(store, number=number)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: drawn(store), range(2)))
    assert 8 == sum(report.verdicts_n for report in reports) == len(unread(store, "crm", READER))


@pytest.mark.parametrize("decision", [Decision.UPHOLD, Decision.RETURN_TO_WORK])
def test_a_ruling_is_drawn_once(store, decision):
    reject(store, Outcome.UNLAWFUL)
    rule_on(store, decision)
    assert SampleReport(rulings_n=1) == drawn(store)
    assert SampleReport() == drawn(store)


def test_a_request_for_evidence_is_no_ruling_to_read_again(store):
    reject(store, Outcome.UNPROVABLE)
    rule_on(store, Decision.REQUEST_EVIDENCE)
    assert SampleReport() == drawn(store)


def test_a_ruling_that_can_still_be_taken_back_waits_for_the_next_draw(store):
    """And one that was taken back is none; what is ruled in its place is."""
    reject(store, Outcome.UNLAWFUL)
    id_ = rule_on(store, Decision.UPHOLD, at=NOW - UNDO_TIME / 2)
    assert SampleReport() == drawn(store)
    undo(docket_of(store), id_, ANALYST, NOW - UNDO_TIME / 4)
    assert SampleReport() == draw_sample(store, "crm", REVIEW, NOW + UNDO_TIME)
    rule_on(store, Decision.RETURN_TO_WORK, at=NOW)
    assert SampleReport(rulings_n=1) == draw_sample(store, "crm", REVIEW, NOW + 2 * UNDO_TIME)
    (line,) = unread(store, "crm", READER)
    read(store, "crm", line.id, Decision.UPHOLD, READER, "Согласен", NOW)
    assert [Decision.RETURN_TO_WORK] == [one.first for one in done_of(store)]


def test_what_the_edition_decided_is_no_ruling_of_a_person(store):
    """Nobody ruled in time: there is nobody to agree with."""
    reject(store, Outcome.UNLAWFUL)
    open_disputes(store, "crm", REVIEW, NOW - timedelta(days=20))
    assert 1 == expire_overdue(docket_of(store), NOW - timedelta(hours=1)).upheld_n
    assert SampleReport() == drawn(store)


def test_of_an_appealed_dispute_the_ruling_of_the_analyst_is_read_and_not_that_of_the_director(store):
    reject(store, Outcome.UNLAWFUL)
    id_ = rule_on(store, Decision.UPHOLD)
    for action, author in ((DisputeAction.APPEAL, "head@x"), (DisputeAction.RETURN_TO_WORK, "director@x")):
        with store.begin() as connection:
            take_step(connection, "crm", id_, Act(action=action, author=author, comment="Спорно", at=RULED_AT))
    assert SampleReport(rulings_n=1) == drawn(store)
    assert ([], []) == (unread(store, "crm", "head@x"), unread(store, "crm", "director@x"))
    (line,) = unread(store, "crm", READER)
    read(store, "crm", line.id, Decision.UPHOLD, READER, "Согласен", NOW)
    assert [Decision.UPHOLD] == [one.first for one in done_of(store)]


def test_the_second_reader_sees_what_was_answered_before_the_ruling(store):
    """The analyst decided by it too."""
    reject(store, Outcome.UNPROVABLE)
    id_ = rule_on(store, Decision.REQUEST_EVIDENCE)
    with store.begin() as connection:
        answer = Act(action=DisputeAction.ANSWER, author="M1", comment="Запись звонка в карточке", at=RULED_AT)
        take_step(connection, "crm", id_, answer)
    rule_on(store, Decision.UPHOLD)
    drawn(store)
    (line,) = unread(store, "crm", READER)
    assert ("Запись звонка в карточке",) == reading_view(store, "crm", line.id, READER).answers


def test_nothing_is_drawn_without_an_edition_in_force(engine):
    assert SampleReport() == drawn(engine)


def test_a_verdict_that_is_no_longer_the_newest_is_not_drawn(store):
    """Judged again it is unlawful, and disputed."""
    reject(store)
    judge(store, Outcome.UNLAWFUL, number=2)
    assert SampleReport() == drawn(store)


def candidates(n: int) -> list[Candidate]:
    usual = {"subject": ReadingSubject.VERDICT, "lead_id": "L", "verdict_number": 1, "step_id": None}
    times = (NOW + timedelta(microseconds=number) for number in range(n))
    return [Candidate(**usual, subject_id=f"E{number}", decided_at=at) for number, at in enumerate(times)]


@pytest.mark.parametrize(
    "percent, least_n, most_n", [(0, 0, 0), (5, 430, 570), (50, 4850, 5150), (100, 10_000, 10_000)]
)
def test_the_share_of_the_edition_is_drawn(percent, least_n, most_n):
    """Within three standard errors of 10,000."""
    assert least_n <= len(drawn_of("crm", candidates(10_000), percent)) <= most_n


def test_the_lot_hangs_on_the_microsecond_of_the_decision():
    """So nobody knows beforehand which of the decisions to be careful with."""
    (one,) = candidates(1)
    later = [Candidate(**{**vars(one), "decided_at": NOW + timedelta(microseconds=n)}) for n in range(1000)]
    assert 10 < len(drawn_of("crm", later, 5)) < 100


BETRAYING = {"outcome", "findings", "decision", "author", "reader", "status", "url", "subject", "rejudged", "comment"}


def test_the_second_reader_cannot_see_what_was_decided():
    """Not hidden by a page: there is no such field to show."""
    assert set() == BETRAYING & {field.name for field in fields(ReadingView)}


def test_the_second_reader_sees_evidence_card_and_what_had_happened_until_the_rejection(store):
    """The lead that was reopened an hour later tells how the ruling went, and is not among the events."""
    keep(store, Event, {"id": "E0", "kind": "call_out", "at": (NOW - timedelta(days=2)).isoformat()})
    reject(store, Outcome.UNLAWFUL)
    rule_on(store, Decision.RETURN_TO_WORK)
    drawn(store)
    keep(store, Event, {"id": "E9", "kind": "reopened", "at": NOW.isoformat()})
    (line,) = unread(store, "crm", READER)
    view = reading_view(store, "crm", line.id, READER)
    assert ({"attempts_n": 6}, "не отвечает", ["E0", "E1"]) == (
        view.evidence,
        view.card["comment"],
        [event.id for event in view.timeline],
    )
    assert ("2024-01-01", "no_answer", "17", "M1") == (view.edition, view.reason, view.reason_id, view.manager_id)
    assert datetime(2026, 11, 25, 13, tzinfo=UTC) == view.due_at


def test_a_reading_shows_the_evidence_of_the_verdict_that_was_drawn(store):
    """Judged again meanwhile, it is still that verdict which the second reader tries."""
    reject(store)
    drawn(store)
    judge(store, Outcome.UNLAWFUL, number=2)
    (line,) = unread(store, "crm", READER)
    read(store, "crm", line.id, Decision.UPHOLD, READER, "Всё сделано", NOW)
    (done,) = done_of(store)
    assert (Decision.UPHOLD, Decision.UPHOLD, ()) == (done.first, done.second, done.clauses)


def done_of(store: sa.Engine) -> list[readings.Done]:
    with store.begin() as connection:
        return readings.done(connection, "crm", NOW, NOW + timedelta(days=1))


def test_a_reading_sends_no_command_and_rules_on_nothing(store):
    reject(store)
    drawn(store)
    (line,) = unread(store, "crm", READER)
    read(store, "crm", line.id, Decision.RETURN_TO_WORK, READER, "Клиент просил перезвонить", NOW)
    with store.begin() as connection:
        assert ([], []) == (
            commands.pending(connection, "crm", NOW + timedelta(days=1)),
            disputes.listing(connection, "crm"),
        )
    assert [] == unread(store, "crm", READER)


def test_of_two_readings_at_once_the_first_stands_and_the_second_is_told(store):
    reject(store)
    drawn(store)
    (line,) = unread(store, "crm", READER)

    def attempt(reader: str) -> str | None:
        try:
            read(store, "crm", line.id, Decision.UPHOLD, reader, "Согласен", NOW)
        except UsageError as told:
            return str(told)

    with ThreadPoolExecutor(2) as pool:
        told = set(pool.map(attempt, (READER, "vera@company.example")))
    assert {None, f"reading {line.id} has been read already: the first one stands"} == told
    assert 1 == len(done_of(store))


def test_nobody_reads_again_what_they_ruled(store):
    """It is not in their queue, and by its number it is refused."""
    reject(store, Outcome.UNLAWFUL)
    rule_on(store, Decision.UPHOLD)
    drawn(store)
    (line,) = unread(store, "crm", READER)
    assert [] == unread(store, "crm", ANALYST)
    with pytest.raises(UsageError, match="in which this reader had a part"):
        read(store, "crm", line.id, Decision.UPHOLD, ANALYST, "Согласна", NOW)
    with pytest.raises(UsageError, match="in which this reader had a part"):
        reading_view(store, "crm", line.id, ANALYST)


WRONG = [
    (Decision.REQUEST_EVIDENCE, READER, "Нужны звонки", "not request_evidence"),
    (Decision.UPHOLD, READER, "  ", "needs a comment"),
    (Decision.UPHOLD, " ", "Согласен", "needs a comment and a reader"),
]


@pytest.mark.parametrize("decision, reader, comment, told", WRONG)
def test_a_reading_is_a_decision_with_a_comment_and_a_name(store, decision, reader, comment, told):
    reject(store)
    drawn(store)
    (line,) = unread(store, "crm", READER)
    with pytest.raises(UsageError, match=told):
        read(store, "crm", line.id, decision, reader, comment, NOW)


def test_agreement_is_counted_over_the_readings_of_a_stretch(store):
    """A lawful verdict that was upheld, one that was not, and a ruling that was read otherwise."""
    for number, outcome in ((1, Outcome.LAWFUL), (2, Outcome.LAWFUL), (3, Outcome.UNLAWFUL)):
        reject(store, outcome, number)
    rule_on(store, Decision.UPHOLD)
    drawn(store)
    for line in unread(store, "crm", READER):
        decision = Decision.UPHOLD if line.lead_id == "L1" else Decision.RETURN_TO_WORK
        read(store, "crm", line.id, decision, READER, "Смотрел сам", NOW)
    found = agreement(store, "crm", MOSCOW, NOW, NOW + timedelta(days=1))
    assert [(2, 0.5), (1, 0.0)] == [(of.whole.raw.n, of.whole.raw.value) for of in found.subjects]
    assert [(None, [(None, "L2", "Смотрел сам")]), ("1.1", [(1, "L3", "Смотрел сам")])] == [
        (one.clause, [(apart.dispute_id, apart.lead_id, apart.comment) for apart in one.apart])
        for one in found.proposals
    ]
    assert () == agreement(store, "crm", MOSCOW, NOW - timedelta(days=1), NOW).proposals


def test_a_number_that_is_no_reading_is_told(store):
    with pytest.raises(UsageError, match="There is no reading 7"):
        read(store, "crm", 7, Decision.UPHOLD, READER, "Согласен", NOW)


def comment_of(store: sa.Engine) -> str | None:
    with store.begin() as connection:
        return connection.scalar(sa.select(readings.reading.c.comment))


def test_a_comment_is_masked(store):
    reject(store)
    drawn(store)
    (line,) = unread(store, "crm", READER)
    read(store, "crm", line.id, Decision.UPHOLD, READER, "Звонил на +7 916 123-45-67", NOW)
    assert f"Звонил на {MASK}" == comment_of(store)


def test_an_erased_client_takes_the_readings_along(store, tmp_path: Path):
    """What was written is blanked and counted, what waits is read by nobody, and nothing more is drawn."""
    settings = Settings(out=tmp_path / "out")
    reject(store, number=1)
    drawn(store)
    (line,) = unread(store, "crm", READER)
    read(store, "crm", line.id, Decision.UPHOLD, READER, SECRET, NOW)
    assert 1 == erase_client(store, "crm", "C1", settings, NOW).rulings_n
    assert MASK == comment_of(store)
    reject(store, number=2)
    reject(store, number=3)
    erase_client(store, "crm", "C2", settings, NOW)
    assert SampleReport(verdicts_n=1) == drawn(store)
    erase_client(store, "crm", "C3", settings, NOW)
    assert [] == unread(store, "crm", READER)


def test_a_reading_of_a_client_who_was_erased_meanwhile_keeps_no_words(store, tmp_path: Path):
    """The page stood open."""
    reject(store)
    drawn(store)
    (line,) = unread(store, "crm", READER)
    erase_client(store, "crm", "C1", Settings(out=tmp_path / "out"), NOW)
    read(store, "crm", line.id, Decision.UPHOLD, READER, SECRET, NOW)
    assert MASK == comment_of(store)
