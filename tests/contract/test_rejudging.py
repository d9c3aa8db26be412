"""A verdict holds until somebody asks for another look, and then it says what became known."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time

import pytest
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.disputes.export import COLUMNS, queue_rows
from planerka.disputes.opening import OpenReport, open_disputes
from planerka.disputes.ruling import rule
from planerka.errors import RulebookError, UsageError
from planerka.kpis.measuring import measure_touched_days
from planerka.model import Decision, Event, GateReport, Lead, Reference, Rejection
from planerka.regulation import rejudging
from planerka.regulation.editions import parse
from planerka.regulation.judging import judge_new_rejections
from planerka.regulation.rejudging import RejudgeReport, rejudge
from planerka.regulation.signed import sign_edition
from planerka.store import commands, disputes, leads
from planerka.store.disputes import DisputeView
from planerka.store.erasure import blank
from planerka.store.old_leads import old_leads
from planerka.store.rejections import Asked
from planerka.store.tables import edition, erased_lead, measure, touched_day, verdict
from planerka.store.verdicts import judged_by_others
from planerka.store.windows import Source, put_source
from planerka.words import words_for
from tests.builders_regulation import FIRST_EDITION, OFFICE
from tests.builders_store import MOSCOW, frame_of

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
REVIEW = WorkCalendar(zone=MOSCOW, opens=time(9), closes=time(18), weekdays=(1, 2, 3, 4, 5))
WHY = "Телефония отдала звонки с опозданием"
LATE_CALLS = [("2026-11-03", "11:30"), ("2026-11-04", "09:00"), ("2026-11-05", "12:00"), ("2026-11-05", "15:00")]
"""Local days and hours of calls that were made in time, and that nobody knew of before the 20th."""


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    """A source complete up to now, an edition signed by both, and the reason «недозвон»."""
    sign(engine, FIRST_EDITION.read_text(encoding="utf-8"))
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
    keep(engine, Reference, {"kind": "reason", "id": "17", "title": "Недозвон", "code": "no_answer"})
    return engine


def sign(engine: sa.Engine, text: str) -> None:
    for role in ("marketing", "sales"):
        sign_edition(engine, parse(text, "test"), role, "Иванова", NOW)


def keep(engine: sa.Engine, noun: type, *rows: dict) -> None:
    with engine.begin() as connection:
        leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), MOSCOW)


def reject(engine: sa.Engine, number: int = 1, day: str = "2026-11-05") -> str:
    """A lead that was called twice on the 3rd, written to, and rejected in the evening of `day`; the rejection's id."""
    lead_id, same = f"L{number}", {"lead_id": f"L{number}", "manager_id": "M1"}
    created = {"created_at": "2026-11-03T09:00+03:00", "status": "rejected", "manager_id": "M1"}
    keep(engine, Lead, {"id": lead_id, "client_id": f"C{number}", "url": f"https://crm.example/{number}"} | created)
    keep(
        engine,
        Event,
        *(called(number, "2026-11-03", hour, f"2026-11-03T{hour}+03:00") for hour in ("09:05", "10:00")),
        same | {"id": f"M{number}", "kind": "message_out", "at": "2026-11-03T10:05+03:00"},
        same
        | {"id": f"R{number}", "kind": "rejected", "reason_id": "17"}
        | {"at": f"{day}T20:00+03:00", "recorded_at": f"{day}T20:00+03:00"},
    )
    return f"R{number}"


def called(number: int, day: str, hour: str, recorded_at: str) -> dict:
    at = f"{day}T{hour}+03:00"
    return {"id": f"C{number} {at}", "lead_id": f"L{number}", "manager_id": "M1", "at": at, "recorded_at": recorded_at}


def late_calls_arrive(engine: sa.Engine, *numbers: int) -> None:
    keep(engine, Event, *(called(n, *call, "2026-11-20T09:00+03:00") for n in numbers or (1,) for call in LATE_CALLS))


def judge(engine: sa.Engine) -> int:
    open_gate = GateReport(suite="regulation", checks=())
    return judge_new_rejections(engine, "crm", OFFICE, lambda *_: open_gate, NOW).judged_n


def again(engine: sa.Engine, why: str = WHY, **asked: object) -> RejudgeReport:
    return rejudge(engine, "crm", OFFICE, Asked(**asked), why, NOW)


def verdicts_of(engine: sa.Engine, *names: str) -> list[tuple]:
    """Rejection, number and outcome of every verdict, and what else is named."""
    columns = [verdict.c[name] for name in ("rejection_id", "number", "outcome", *names)]
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns[:2]))]


def opened(engine: sa.Engine) -> DisputeView:
    """The one dispute, opened now unless it was before."""
    open_disputes(engine, "crm", REVIEW, NOW)
    with engine.connect() as connection:
        (view,) = disputes.listing(connection, "crm")
    return view


def test_a_rejection_made_under_the_old_edition_keeps_its_verdict_after_the_new_one_takes_effect(store):
    """Nor does judging again move it: both are judged by the edition of their own day."""
    reject(store, 1, "2026-11-05")
    judge(store)
    before = verdicts_of(store, "edition")
    text = FIRST_EDITION.read_text(encoding="utf-8")
    sign(store, text.replace("2024-01-01", "2026-11-10").replace("attempts_n, at_least: 6", "attempts_n, at_least: 2"))
    reject(store, 2, "2026-11-12")
    judge(store)
    assert [("R1", 1, "unlawful", "2024-01-01")] == before
    assert [*before, ("R2", 1, "unlawful", "2026-11-10")] == verdicts_of(store, "edition")
    assert RejudgeReport(looked_at_n=2) == again(store)
    broken = {row[0]: [found["clause"] for found in row[3]] for row in verdicts_of(store, "findings")}
    assert {"R1": ["1.1", "1.2"], "R2": ["1.2"]} == broken


def test_facts_that_arrive_after_settling_change_nothing_by_themselves(store):
    """The verdict and its snapshot stay what they were, however often the judge looks."""
    reject(store)
    judge(store)
    before = verdicts_of(store, "findings", "evidence", "judged_at")
    late_calls_arrive(store)
    assert 0 == judge(store)
    assert before == verdicts_of(store, "findings", "evidence", "judged_at")


def test_a_rejudge_adds_a_verdict_that_says_what_changed_and_why_it_was_asked_for(store):
    """The first one stays beside it, with the facts that it was made of."""
    reject(store)
    judge(store)
    late_calls_arrive(store)
    report = again(store, why="Звонки пришли поздно, спросите +7 916 123-45-67")
    assert (1, {"unlawful → lawful": 1}) == (report.looked_at_n, report.by_change)
    (_, _, _, _, first), (_, number, outcome, said, second) = verdicts_of(store, "rejudged", "evidence")
    assert (2, "lawful", (2, 6)) == (number, outcome, (first["attempts_n"], second["attempts_n"]))
    assert {
        "why": "Звонки пришли поздно, спросите ***",
        "ru": "Отказ: неправомерный → правомерный; Попыток дозвона: 2 → 6; Дней с попытками дозвона: 1 → 3; "
        "Разных часов дня, в которые звонили: 2 → 5; пункт 1.1: нарушен → без замечаний; "
        "пункт 1.2: нарушен → без замечаний",
        "en": "Rejection: unlawful → lawful; Outgoing call attempts: 2 → 6; Days with a call attempt: 1 → 3; "
        "Different hours of the day with a call attempt: 2 → 5; clause 1.1: broken → no finding; "
        "clause 1.2: broken → no finding",
    } == said


def write_on_the_card(engine: sa.Engine, **told: object) -> None:
    keep(engine, Rejection, {"id": "R1", "lead_id": "L1"} | told)


def by_todays_source(engine: sa.Engine) -> RejudgeReport:
    return rejudge(engine, "crm", OFFICE, Asked(), "Читали не ту колонку", NOW, is_by_todays_source=True)


@pytest.fixture
def bought(store: sa.Engine) -> sa.Engine:
    """A judged rejection of a client who is said to have bought elsewhere; the card does not say from whom."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Купил у других", "code": "bought_elsewhere"})
    reject(store)
    write_on_the_card(store)
    judge(store)
    return store


def test_what_was_filled_in_on_the_card_afterwards_counts_only_where_that_is_asked_for(bought):
    """A call tells when it was made, a card does not: an accused manager might fill in anything."""
    write_on_the_card(bought, competitor="ПИК")
    assert RejudgeReport(looked_at_n=1) == again(bought)
    by_todays_source(bought)
    said = verdicts_of(bought, "rejudged")[-1][-1]["ru"]
    assert (
        "Застройщик, у которого купил клиент: нет данных → указано; пункт 9.2: нечем доказать → без замечаний" == said
    )


def test_what_was_seen_on_the_card_counts_though_it_was_taken_away_since(bought):
    """Also beside news of the calls: nobody answered them."""
    write_on_the_card(bought, competitor="ПИК")
    by_todays_source(bought)
    write_on_the_card(bought)
    calls = [called(1, "2026-11-03", hour, f"2026-11-03T{hour}+03:00") for hour in ("09:05", "10:00")]
    keep(bought, Event, *(call | {"outcome": "no_answer"} for call in calls))
    again(bought)
    assert [["9.1", "9.2"], ["9.1"], ["9.1"]] == found_in(bought)


def test_a_field_of_the_card_that_the_source_lacked_is_lacking_still(store):
    """It is read as it is today where that is asked for."""
    lacks(store, "rejection.competitor")
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Купил у других", "code": "bought_elsewhere"})
    reject(store)
    judge(store)
    lacks(store)
    assert RejudgeReport(looked_at_n=1) == again(store)
    by_todays_source(store)
    assert [["9.1"], ["9.1", "9.2"]] == found_in(store)


def test_a_reason_counts_as_it_was_judged_and_as_it_is_today_only_where_that_is_asked_for(bought):
    """Else who is accused would choose another one in the CRM; and the mapping may be wrong for a day."""
    keep(bought, Reference, {"kind": "reason", "id": "17", "title": "Спам", "code": "spam"})
    assert RejudgeReport(looked_at_n=1) == again(bought)
    by_todays_source(bought)
    said = verdicts_of(bought, "rejudged")[-1][-1]["ru"]
    assert said.startswith("причина: Уже купил у другого застройщика → Спам, тест; ")


def test_what_the_source_lacks_today_and_did_not_then_clears_nothing(store):
    """Calls and cards are in the store, and count."""
    reject(store)
    judge(store)
    lacks(store, "event.call_out", "event.call_in")
    assert RejudgeReport(looked_at_n=1) == again(store)


def test_all_that_the_source_lacked_then_it_lacks_still_for_whatever_reads_it(store):
    """Messages, of which no clause of the reason asked when it was judged."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Спам", "code": "spam"})
    lacks(store, "event.message_out")
    reject(store)
    judge(store)
    lacks(store)
    with store.connect() as connection:
        assert [["event.message_out"]] == list(connection.scalars(sa.select(verdict.c.lacks)))
    assert RejudgeReport(looked_at_n=1) == again(store)


def lacks(engine: sa.Engine, *names: str) -> None:
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=frozenset(names), data_until=NOW))


def found_in(engine: sa.Engine) -> list[list[str]]:
    """The clauses that the findings of each verdict name."""
    return [[found["clause"] for found in findings] for *_, findings in verdicts_of(engine, "findings")]


@pytest.fixture
def duplicate(store: sa.Engine) -> sa.Engine:
    """A judged rejection as a double of a lead that is not in the store."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Дубль", "code": "duplicate"})
    reject(store)
    write_on_the_card(store, duplicate_of_id="L0")
    judge(store)
    return store


def an_older_lead(engine: sa.Engine, lead_id: str) -> None:
    """Of the same client, and open."""
    came = {"created_at": "2026-10-01T09:00+03:00", "status": "open"}
    keep(engine, Lead, {"id": lead_id, "client_id": "C1"} | came)


def test_the_original_of_a_double_is_known_when_it_has_come(duplicate):
    """A later pull brought it: it was there all the time."""
    an_older_lead(duplicate, "L0")
    assert {"unlawful → lawful": 1} == again(duplicate).by_change


def test_another_original_that_was_named_afterwards_counts_only_where_that_is_asked_for(duplicate):
    """What is found out is found out of the one that the verdict saw."""
    an_older_lead(duplicate, "L5")
    write_on_the_card(duplicate, duplicate_of_id="L5")
    assert RejudgeReport(looked_at_n=1) == again(duplicate)
    assert {"unlawful → lawful": 1} == by_todays_source(duplicate).by_change


def test_a_consent_that_was_withdrawn_before_counts_however_late_it_became_known(store):
    """The card does not say so, but an event does, and tells when."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Просит не звонить", "code": "do_not_call"})
    reject(store)
    write_on_the_card(store)
    judge(store)
    withdrawn = {"id": "W1", "lead_id": "L1", "kind": "consent_withdrawn", "at": "2026-11-04T09:00+03:00"}
    keep(store, Event, withdrawn | {"recorded_at": "2026-11-20T09:00+03:00"})
    assert {"unprovable → lawful": 1} == again(store).by_change


def test_a_rejudge_that_finds_nothing_new_writes_nothing(store):
    """Neither a second time, nor for facts that no finding tells of."""
    reject(store)
    judge(store)
    assert RejudgeReport(looked_at_n=1) == again(store)
    late_calls_arrive(store)
    again(store)
    keep(store, Event, called(1, "2026-11-05", "16:00", "2026-11-21T09:00+03:00"))
    assert RejudgeReport(looked_at_n=1) == again(store)
    assert [1, 2] == [number for _, number, _ in verdicts_of(store)]


ASKED = [
    ({}, {"R1", "R2", "R3"}),
    ({"since": date(2026, 11, 6)}, {"R2", "R3"}),
    ({"until": date(2026, 11, 6)}, {"R1", "R2"}),
    ({"since": date(2026, 11, 6), "until": date(2026, 11, 6)}, {"R2"}),
    ({"reason": "no_answer"}, {"R1", "R2", "R3"}),
    ({"reason": "spam"}, set()),
    ({"rejection_id": "R3"}, {"R3"}),
]


@pytest.mark.parametrize("asked, expected", ASKED)
def test_only_the_rejections_asked_for_are_judged_again(store, asked, expected):
    """Days are local, and both ends belong to the stretch."""
    for number, day in ((1, "2026-11-05"), (2, "2026-11-06"), (3, "2026-11-07")):
        reject(store, number, day)
    judge(store)
    late_calls_arrive(store, 1, 2, 3)
    report = again(store, **asked)
    assert (len(expected), expected) == (report.looked_at_n, {added.rejection_id for added in report.added})


def test_of_a_lead_that_was_forgotten_too_little_is_known_to_judge_it_again(store):
    """Its client is blanked: whose lead it was would be no data now, and the verdict another one."""
    reject(store)
    judge(store)
    late_calls_arrive(store)
    forgotten = {"source": "crm", "lead_id": "L1", "erased_at": NOW, "is_by_request": False}
    with store.begin() as connection:
        connection.execute(erased_lead.insert().values(forgotten))
    assert RejudgeReport() == again(store)


def test_of_an_original_that_was_forgotten_too_little_is_known_whatever_the_card_names_today(duplicate):
    an_older_lead(duplicate, "L5")
    write_on_the_card(duplicate, duplicate_of_id="L5")
    forgotten = {"source": "crm", "lead_id": "L0", "erased_at": NOW, "is_by_request": False}
    with duplicate.begin() as connection:
        connection.execute(erased_lead.insert().values(forgotten))
    assert RejudgeReport() == again(duplicate)
    assert {"unlawful → lawful": 1} == by_todays_source(duplicate).by_change


@pytest.mark.parametrize("sign", ["\x1b[31m", "\u202e", "\x00"])
def test_a_reason_with_signs_that_nobody_sees_is_refused(store, sign):
    """Both departments read it, on a terminal too."""
    with pytest.raises(UsageError, match="a sign that nobody sees"):
        again(store, why=f"Звонки{sign} опоздали")


def test_why_a_rejection_was_judged_again_is_forgotten_with_its_client(store):
    """Somebody wrote it, and names are not known to be names."""
    reject(store)
    judge(store)
    late_calls_arrive(store)
    again(store, why="Звонки Иванова были по другому лиду")
    with store.begin() as connection:
        connection.execute(erased_lead.insert().values(source="crm", lead_id="L1", erased_at=NOW, is_by_request=True))
        blank(connection, "crm")
    assert "***" == verdicts_of(store, "rejudged")[1][3]["why"]


def test_nothing_is_judged_again_while_the_store_holds_another_text_than_was_signed(store):
    """The edition before it, or the one after, would judge the days of the altered one."""
    reject(store)
    judge(store)
    altered = FIRST_EDITION.read_text(encoding="utf-8").replace("attempts_n, at_least: 6", "attempts_n, at_least: 2")
    with store.begin() as connection:
        connection.execute(edition.update().values(content=parse(altered, "test").content))
    with pytest.raises(RulebookError, match="edition 2024-01-01 was altered after Иванова"):
        again(store)


def test_of_days_that_an_edition_was_dated_back_over_every_verdict_names_it(store):
    """Also where it says the same; then nothing is left that a second signature could go over."""
    reject(store)
    judge(store)
    text = FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", "2026-11-01")
    for role in ("marketing", "sales"):
        sign_edition(store, parse(text, "test"), role, "Иванова", NOW, is_over_judged=True)
    again(store)
    assert [("R1", 1, "unlawful", "2024-01-01"), ("R1", 2, "unlawful", "2026-11-01")] == verdicts_of(store, "edition")
    assert "редакция: 2024-01-01 → 2026-11-01" == verdicts_of(store, "rejudged")[1][3]["ru"]
    with store.connect() as connection:
        assert 0 == judged_by_others(connection, "2026-11-01", date(2026, 11, 1), None)


@pytest.mark.parametrize("asked", [{"reason": ""}, {"rejection_id": ""}])
def test_an_empty_answer_to_which_one_is_not_taken_for_all_of_them(store, asked):
    """A variable of a shell that is not set leaves an empty text."""
    reject(store)
    judge(store)
    late_calls_arrive(store)
    assert RejudgeReport() == again(store, **asked)


def test_judging_again_needs_a_reason(store):
    """Both departments read it beside the verdict."""
    with pytest.raises(UsageError, match="--why"):
        again(store, why="  ")


def test_nothing_is_judged_again_where_nothing_was_pulled_or_signed(engine):
    """Nor is that an error."""
    assert RejudgeReport() == again(engine)


def test_of_two_rejudges_at_once_each_rejection_gets_one_verdict(store):
    """They need not know of each other: a verdict's number is its key."""
    numbers = range(1, 31)
    for number in numbers:
        reject(store, number)
    judge(store)
    late_calls_arrive(store, *numbers)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: again(store), range(2)))
    assert 30 == sum(len(report.added) for report in reports)
    assert [(f"R{n}", k) for n in numbers for k in (1, 2)] == sorted(
        ((id_, number) for id_, number, _ in verdicts_of(store)), key=lambda row: (int(row[0][1:]), row[1])
    )


def test_a_rejudge_that_was_killed_is_gone_on_with_by_asking_again(store, monkeypatch):
    """What its batches had written stands, the rest is written then; each rejection once."""
    monkeypatch.setattr(rejudging, "BATCH_N", 2)
    for number in range(1, 6):
        reject(store, number)
    judge(store)
    late_calls_arrive(store, 1, 2, 3, 4, 5)
    add, calls = rejudging.verdicts.add, []

    def die_in_the_second(*args: object) -> list[str]:
        calls.append(args)
        added = add(*args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return added

    with monkeypatch.context() as dying:
        dying.setattr(rejudging.verdicts, "add", die_in_the_second)
        with pytest.raises(KeyboardInterrupt):
            again(store)
    assert 2 == sum(number == 2 for _, number, _ in verdicts_of(store))
    assert (5, 3) == ((report := again(store)).looked_at_n, len(report.added))
    assert [1, 2] * 5 == [number for _, number, _ in verdicts_of(store)]


def test_a_dispute_whose_rejection_is_lawful_now_falls_and_is_told(store):
    """It leaves the queue, the pack counts it, nobody can rule on it, and its view says what became known."""
    reject(store)
    judge(store)
    assert not opened(store).is_closed
    late_calls_arrive(store)
    assert (1, 0) == ((report := again(store)).fallen_n, report.ruled_n)
    view = opened(store)
    assert (True, True, WHY) == (view.is_fallen, view.is_closed, view.rejudged["why"])
    assert [] == queue_rows(store, "crm", MOSCOW, is_all=False)
    (row,) = queue_rows(store, "crm", MOSCOW, is_all=True)
    assert dict(zip(COLUMNS, row, strict=True))["rejudged"].startswith("Отказ: неправомерный → правомерный")
    with pytest.raises(UsageError, match="judged again, and is lawful now"):
        decide(store, view, Decision.RETURN_TO_WORK)


def decide(engine: sa.Engine, view: DisputeView, decision: Decision) -> None:
    rule(engine, "crm", view.id, decision, "Соколова", "Две попытки", OFFICE, words_for("ru"), NOW)


def test_a_dispute_is_told_to_have_fallen_once(store):
    """Another edition for its day gives another verdict, and no news of the dispute."""
    reject(store)
    judge(store)
    opened(store)
    late_calls_arrive(store)
    again(store)
    text = FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", "2026-11-01")
    for role in ("marketing", "sales"):
        sign_edition(store, parse(text, "test"), role, "Иванова", NOW, is_over_judged=True)
    assert (1, 0) == (len((report := again(store)).added), report.fallen_n)


def test_a_ruling_stands_whatever_a_later_verdict_says(store):
    """What a person decided is never undone, nor is the command that follows from it; it is only told."""
    reject(store)
    judge(store)
    decide(store, opened(store), Decision.RETURN_TO_WORK)
    late_calls_arrive(store)
    assert (0, 1) == ((report := again(store)).fallen_n, report.ruled_n)
    view = opened(store)
    assert (False, True, "return_to_work", "lawful") == (view.is_fallen, view.is_closed, view.decision, view.outcome)


def test_a_request_for_evidence_is_answered_by_a_lawful_verdict(store):
    """It was no end, and there is nothing left to ask."""
    reject(store)
    judge(store)
    decide(store, opened(store), Decision.REQUEST_EVIDENCE)
    late_calls_arrive(store)
    assert 1 == again(store).fallen_n
    assert opened(store).is_closed
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
    assert not opened(store).is_closed


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
