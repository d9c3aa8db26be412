"""A verdict holds until somebody asks for another look, and then it says what became known."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import sqlalchemy as sa

from planerka.errors import RulebookError, UsageError
from planerka.model import Event, Reference
from planerka.regulation import rejudging
from planerka.regulation.editions import parse
from planerka.regulation.rejudging import RejudgeReport
from planerka.regulation.signed import sign_edition
from planerka.store.erasure import blank
from planerka.store.tables import edition, erased_lead
from planerka.store.verdicts import judged_by_others
from tests.builders_regulation import FIRST_EDITION
from tests.builders_rejudging import (
    NOW,
    again,
    begun,
    called,
    judge,
    keep,
    late_calls_arrive,
    reject,
    sign,
    verdicts_of,
    write_on_the_card,
)


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    return begun(engine)


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
