"""The second reader's pages, on both databases: what they show, what they keep, and whom they are shut to."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.disputes.second_reading import read, unread
from planerka.model import Decision, Event, Outcome
from planerka.people import Role
from planerka.store.audit import Action
from planerka.store.readings import done
from planerka.store.tables import reading
from tests.builders_desk import PEOPLE, DeskSite, desk_site
from tests.builders_disputes import NOW
from tests.builders_readings import begun, drawn, keep, reject, rule_on

READER = next(person.name for person in PEOPLE if Role.SECOND_READER in person.roles)
TYPED = "Шести звонков нет <b>"


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """All that is decided is drawn."""
    return desk_site(begun(engine, percent=100), tmp_path, source="crm")


def waiting(site: DeskSite, n: int = 1) -> list[int]:
    """Lawful verdicts that wait for a second reading; their numbers in the order of the queue."""
    for number in range(1, n + 1):
        reject(site.desk.engine, number=number)
    drawn(site.desk.engine)
    return [one.id for one in unread(site.desk.engine, "crm", READER)]


def send(site: DeskSite, browser: TestClient, number: int, comment: str = TYPED, decision: str = "uphold"):
    form = {"form_token": site.form_token(browser), "decision": decision, "comment": comment}
    return browser.post(f"/readings/{number}", data=form)


def kept(site: DeskSite) -> list[tuple[str | None, str | None, str | None]]:
    """Reader, decision and comment of every reading."""
    with site.desk.engine.begin() as connection:
        query = sa.select(reading.c.reader, reading.c.decision, reading.c.comment).order_by(reading.c.id)
        return [tuple(row) for row in connection.execute(query)]


def actions(site: DeskSite) -> list[tuple[Action, str | None]]:
    return [(entry.action, entry.subject) for entry in reversed(site.journal())]


def test_the_queue_has_what_waits_with_its_deadline(site: DeskSite) -> None:
    first, second = waiting(site, 2)
    page = site.entered(Role.SECOND_READER).get("/readings").text
    assert all(f'href="/readings/{number}"' in page for number in (first, second))
    assert ("2 cases wait for a second reading" in page, "overdue" in page or "until" in page) == (True, True)


def test_the_work_of_a_second_reader_begins_with_the_queue(site: DeskSite) -> None:
    assert "/readings" == site.entered(Role.SECOND_READER).get("/").headers["Location"]


def test_a_case_shows_the_evidence_the_card_and_the_timeline_and_leaves_a_row_of_the_journal(site: DeskSite) -> None:
    (number,) = waiting(site)
    page = site.entered(Role.SECOND_READER).get(f"/readings/{number}").text
    expected = ("attempts", "At least 6", "не отвечает", "Rejected", "this is decided", f"Reading {number}")
    assert [] == [words for words in expected if words not in page]
    assert [(Action.VIEWED_READING, str(number))] == actions(site)


def test_a_page_of_a_lawful_verdict_and_of_a_ruling_say_the_same(site: DeskSite) -> None:
    """But for the numbers: nothing betrays which of the two it is, nor how it was decided, nor what came of it."""
    engine = site.desk.engine
    reject(engine, Outcome.UNLAWFUL, 1)
    rule_on(engine, Decision.RETURN_TO_WORK)
    reject(engine, Outcome.LAWFUL, 2)
    drawn(engine)
    keep(engine, Event, {"id": "E9", "lead_id": "L1", "kind": "reopened", "at": NOW.isoformat()})
    browser, pages = site.entered(Role.SECOND_READER), []
    for one in unread(engine, "crm", READER):
        page = browser.get(f"/readings/{one.id}").text.partition('<div class="case">')[2]
        page = re.sub('<p class="note keys">.*?</p>', "", page)  # they tell its place in the queue
        pages.append(page.replace(one.lead_id, "LEAD").replace(f"Reading {one.id}", "").replace(f"/{one.id}", ""))
        assert [] == [word for word in ("Звонков мало", "lawful", "Back in work", "https://crm/1") if word in page]
    assert pages[0] == pages[1]


def test_a_reading_is_kept_with_its_row_of_the_journal_and_the_next_case_comes(site: DeskSite) -> None:
    first, second = waiting(site, 2)
    browser = site.entered(Role.SECOND_READER)
    sent = send(site, browser, first, decision="return_to_work")
    assert (303, f"/readings/{second}?done={first}") == (sent.status_code, sent.headers["Location"])
    assert [(READER, "return_to_work", TYPED), (None, None, None)] == kept(site)
    assert [(Action.READ, str(first))] == actions(site)
    assert f"Reading {first} is kept." in browser.get(sent.headers["Location"]).text
    assert f"/readings?done={second}" == send(site, browser, second).headers["Location"]


def test_without_a_comment_nothing_is_kept(site: DeskSite) -> None:
    (number,) = waiting(site)
    answer = send(site, site.entered(Role.SECOND_READER), number, "  ")
    assert (422, True) == (answer.status_code, "Write a comment" in answer.text)
    assert ([(None, None, None)], []) == (kept(site), actions(site))


def test_of_two_readers_the_later_is_told_and_loses_no_text(site: DeskSite) -> None:
    """Nor learns what the first one decided."""
    (number,) = waiting(site)
    read(site.desk.engine, "crm", number, Decision.RETURN_TO_WORK, "Пётр", "Секрет первого", NOW)
    answer = send(site, site.entered(Role.SECOND_READER), number)
    assert (409, True, True, False, False) == (
        answer.status_code,
        "Somebody read this case before you" in answer.text,
        "Шести звонков нет &lt;b&gt;</textarea>" in answer.text,
        "Секрет первого" in answer.text,
        "data-decide" in answer.text,
    )
    assert [("Пётр", "return_to_work", "Секрет первого")] == kept(site)
    assert [] == actions(site)


@pytest.mark.parametrize("decision", ["request_evidence", "", "x"])
def test_a_reading_is_to_uphold_or_to_return(site: DeskSite, decision: str) -> None:
    (number,) = waiting(site)
    assert 422 == send(site, site.entered(Role.SECOND_READER), number, decision=decision).status_code
    assert [(None, None, None)] == kept(site)


def test_a_reader_who_was_an_analyst_before_never_gets_a_case_of_their_own(site: DeskSite) -> None:
    """Neither in the queue, nor by its number, nor by a form that stood open."""
    engine = site.desk.engine
    reject(engine, Outcome.UNLAWFUL, 1)
    rule_on(engine, Decision.UPHOLD, READER)
    reject(engine, Outcome.LAWFUL, 2)
    drawn(engine)
    ids = {one.lead_id: one.id for one in unread(engine, "crm", "Somebody else")}
    browser = site.entered(Role.SECOND_READER)
    page = browser.get("/readings").text
    assert (False, True) == (f'/readings/{ids["L1"]}"' in page, f'/readings/{ids["L2"]}"' in page)
    own, other = browser.get(f"/readings/{ids['L1']}"), browser.get(f"/readings/{ids['L2']}")
    assert (404, 200, 404) == (own.status_code, other.status_code, send(site, browser, ids["L1"]).status_code)
    assert "не отвечает" not in own.text
    assert {(None, None, None)} == set(kept(site))


def test_a_number_that_is_no_reading_has_no_page(site: DeskSite) -> None:
    browser = site.entered(Role.SECOND_READER)
    assert [404, 404, 422] == [
        browser.get("/readings/7").status_code,
        send(site, browser, 7).status_code,
        browser.get("/readings/0").status_code,
    ]


def test_what_was_read_is_shown_without_a_form(site: DeskSite) -> None:
    (number,) = waiting(site)
    browser = site.entered(Role.SECOND_READER)
    send(site, browser, number)
    page = browser.get(f"/readings/{number}").text
    assert (True, False) == ("This case was read on" in page, "data-decide" in page)
    with site.desk.engine.begin() as connection:
        assert 1 == len(done(connection, "crm", NOW, site.clock.now.replace(year=2027)))
