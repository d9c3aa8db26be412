"""What follows from another verdict: disputes fall and stand again, and measures are counted anew."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from planerka.disputes.export import COLUMNS, queue_rows
from planerka.disputes.opening import OpenReport, open_disputes
from planerka.disputes.raising import raise_by_hand
from planerka.disputes.ruling import assign, rule, undo
from planerka.errors import ChangedError, UsageError
from planerka.kpis.measuring import measure_touched_days
from planerka.model import Decision, Event, Reference
from planerka.regulation.editions import parse
from planerka.regulation.rejudging import rejudge
from planerka.regulation.signed import sign_edition
from planerka.store import commands, meeting_facts
from planerka.store.disputes import DisputeView
from planerka.store.old_leads import old_leads
from planerka.store.rejections import Asked
from planerka.store.tables import measure, touched_day
from tests.builders_disputes import docket_of
from tests.builders_regulation import FIRST_EDITION, OFFICE
from tests.builders_rejudging import (
    LATE_CALLS,
    NOW,
    REVIEW,
    WHY,
    again,
    begun,
    by_todays_source,
    called,
    judge,
    keep,
    late_calls_arrive,
    opened,
    reject,
    write_on_the_card,
)
from tests.builders_store import MOSCOW


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    return begun(engine)


def test_a_dispute_whose_rejection_is_lawful_now_falls_and_is_told(store):
    """It leaves the queue, the pack counts it, nobody can rule on it, and its view says what became known."""
    reject(store)
    judge(store)
    assert opened(store).state.is_waiting
    late_calls_arrive(store)
    assert (1, 0) == ((report := again(store)).fallen_n, report.ruled_n)
    view = opened(store)
    assert ("fallen", WHY) == (view.state, view.rejudged["why"])
    assert [] == queue_rows(store, "crm", MOSCOW, is_all=False)
    (row,) = queue_rows(store, "crm", MOSCOW, is_all=True)
    assert dict(zip(COLUMNS, row, strict=True))["rejudged"].startswith("Отказ: неправомерный → правомерный")
    with pytest.raises(UsageError, match="judged again, and is lawful now"):
        decide(store, view, Decision.RETURN_TO_WORK)


def decide(engine: sa.Engine, view: DisputeView, decision: Decision) -> None:
    rule(docket_of(engine), view.id, decision, "Соколова", "Две попытки", NOW)


def test_a_dispute_is_told_to_have_fallen_once(store):
    """Another edition for its day gives another verdict a week later, and no news of the dispute, in the pack too."""
    reject(store)
    judge(store)
    opened(store)
    late_calls_arrive(store)
    again(store)
    text = FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", "2026-11-01")
    for role in ("marketing", "sales"):
        sign_edition(store, parse(text, "test"), role, "Иванова", NOW, is_over_judged=True)
    report = rejudge(store, "crm", OFFICE, Asked(), WHY, NOW + timedelta(days=7))
    assert (1, 0) == (len(report.added), report.fallen_n)
    with store.connect() as connection:
        assert [NOW] == meeting_facts.queue(connection, "crm")["changed_at"].tolist()


def judged_otherwise(engine: sa.Engine) -> None:
    """Two late calls: four attempts, and still too few."""
    keep(engine, Event, *(called(1, *call, "2026-11-20T09:00+03:00") for call in LATE_CALLS[:2]))
    assert 1 == len(again(engine).added)


def waits(engine: sa.Engine, number: int) -> None:
    pass


def is_assigned(engine: sa.Engine, number: int) -> None:
    assign(docket_of(engine), number, "Пётр", NOW)


def waits_for_evidence(engine: sa.Engine, number: int) -> None:
    rule(docket_of(engine), number, Decision.REQUEST_EVIDENCE, "Соколова", "Где записи?", NOW)


@pytest.mark.parametrize("happens", [waits, is_assigned, waits_for_evidence])
def test_who_saw_another_verdict_cannot_rule_on_the_new_one(store, happens):
    """Nothing else of the dispute changes: neither its state and its deadline, nor the request that was made."""
    reject(store)
    judge(store)
    happens(store, opened(store).id)
    seen = opened(store)
    judged_otherwise(store)
    now = opened(store)
    assert now.findings != seen.findings
    told = ("state", "due_at", "assigned_to", "ruling_id", "decision", "author")
    assert [getattr(seen, name) for name in told] == [getattr(now, name) for name in told]
    with pytest.raises(ChangedError, match="the regulation did this last: judge_again"):
        rule(docket_of(store), now.id, Decision.UPHOLD, "Анна", "Две попытки", NOW, seen_n=seen.steps_n)
    rule(docket_of(store), now.id, Decision.UPHOLD, "Анна", "Четыре попытки", NOW, seen_n=now.steps_n)


def test_another_verdict_is_no_ruling_to_be_taken_back(store):
    """The request before it can be taken back no more either: who asked has not seen what it is about now."""
    reject(store)
    judge(store)
    number = opened(store).id
    waits_for_evidence(store, number)
    judged_otherwise(store)
    with pytest.raises(ChangedError, match="judge_again"):
        undo(docket_of(store), number, "Соколова", NOW)


def test_a_dispute_whose_rejection_is_wrong_in_another_way_is_named_so(store):
    """The original of a double was not there; then the card names none any more."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Дубль", "code": "duplicate"})
    reject(store)
    write_on_the_card(store, duplicate_of_id="L0")
    judge(store)
    assert "unlawful" == opened(store).origin
    write_on_the_card(store)
    by_todays_source(store)
    assert ("unprovable", "opened", 2) == ((view := opened(store)).origin, view.state, view.steps_n)


def test_a_dispute_raised_by_hand_stays_raised_and_tells_of_the_new_verdict(store):
    """Lawful before and after, or not: the verdict is what was doubted."""
    reject(store)
    keep(store, Event, *(called(1, *late, f"{late[0]}T{late[1]}+03:00") for late in LATE_CALLS))
    judge(store)
    raise_by_hand(docket_of(store), "L1", "Громова", "Сомневаюсь", NOW)
    keep(store, Event, {"id": "M1", "lead_id": "L2", "kind": "message_out"})
    assert {"lawful → unlawful": 1} == again(store).by_change
    assert ("raised", "opened", 2) == ((view := opened(store)).origin, view.state, view.steps_n)


def test_a_ruling_stands_whatever_a_later_verdict_says(store):
    """What a person decided is never undone, nor is the command that follows from it; it is only told."""
    reject(store)
    judge(store)
    decide(store, opened(store), Decision.RETURN_TO_WORK)
    late_calls_arrive(store)
    assert (0, 1) == ((report := again(store)).fallen_n, report.ruled_n)
    view = opened(store)
    assert ("return_ruled", "return_to_work", "lawful") == (view.state, view.decision, view.outcome)


def test_a_request_for_evidence_is_answered_by_a_lawful_verdict(store):
    """It was no end, and there is nothing left to ask."""
    reject(store)
    judge(store)
    decide(store, opened(store), Decision.REQUEST_EVIDENCE)
    late_calls_arrive(store)
    assert 1 == again(store).fallen_n
    assert "fallen" == opened(store).state
    with store.connect() as connection:
        assert [] == commands.pending(connection, "crm")  # the manager is asked for nothing


def test_a_dispute_that_has_fallen_stands_again_when_the_calls_turn_out_another_clients(store):
    """What is told of a dispute is told by the newest verdict, with nothing to be put back."""
    reject(store)
    judge(store)
    opened(store)
    late_calls_arrive(store)
    again(store)
    keep(
        store, Event, *(call | {"lead_id": "L2"} for call in (called(1, *late, NOW.isoformat()) for late in LATE_CALLS))
    )
    assert {"lawful → unlawful": 1} == again(store).by_change
    assert opened(store).state.is_waiting


def test_a_dispute_that_has_fallen_keeps_no_lead_from_being_forgotten(store):
    """One that waits does, however old the lead."""
    reject(store)
    judge(store)
    opened(store)
    assert [] == forgettable(store)
    late_calls_arrive(store)
    again(store)
    assert ["L1"] == forgettable(store)


def forgettable(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(old_leads("crm", date(2026, 12, 1))))


def test_a_lawful_rejection_that_is_unlawful_now_is_disputed_within_the_horizon(store):
    """As any other, by the next run that opens disputes."""
    reject(store)
    late_calls_arrive(store)
    keep(store, Event, *(called(1, *late, f"{late[0]}T{late[1]}+03:00") for late in LATE_CALLS))
    judge(store)
    assert OpenReport() == open_disputes(store, "crm", REVIEW, NOW)
    keep(store, Event, {"id": "M1", "lead_id": "L2", "kind": "message_out"})
    again(store)
    assert 1 == open_disputes(store, "crm", REVIEW, NOW).opened_n


def test_the_measures_of_the_day_are_counted_anew(store):
    """The day of the rejection is touched by the new verdict, and by nothing else."""
    reject(store)
    judge(store)
    measure_touched_days(store, "crm", OFFICE, ())
    assert {"judged_n": 1, "unlawful_n": 1} == measured(store)
    late_calls_arrive(store)
    measure_touched_days(store, "crm", OFFICE, ())
    assert {"judged_n": 1, "unlawful_n": 1} == measured(store)
    again(store)
    with store.connect() as connection:
        assert [date(2026, 11, 5)] == connection.scalars(sa.select(touched_day.c.day_on)).all()
    measure_touched_days(store, "crm", OFFICE, ())
    assert {"judged_n": 1, "lawful_n": 1} == measured(store)


def measured(engine: sa.Engine) -> dict[str, int]:
    names = ("judged_n", "lawful_n", "unlawful_n")
    query = sa.select(measure.c.measure, measure.c.value).where(measure.c.measure.in_(names))
    with engine.connect() as connection:
        return dict(connection.execute(query).tuples().all())
