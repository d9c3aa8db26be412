"""The link by which a manager gives evidence: for one request, once, and for nothing else."""

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from planerka.people import Role
from planerka.store import commands, desk_tokens
from planerka.store.database import reading
from planerka.store.desk_tokens import Purpose
from planerka.store.dispute_steps import Step, last_step, steps
from tests.builders_desk import ADDRESS, NOON, DeskSite, desk_site
from tests.builders_rulings import dispute_rejections
from tests.builders_store import MOSCOW

OPS = "ops@company.example"


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1"], NOON)
    return site


def act(site: DeskSite, what: str, role: Role = Role.ANALYST, **form: object) -> None:
    browser = site.entered(role)
    with reading(site.desk.engine) as connection:
        seen_n = last_step(connection, 1).number
    fields = {"form_token": site.form_token(browser), "seen": seen_n, "comment": "Where is the recording?", **form}
    assert 303 == browser.post(f"/disputes/1/{what}", data=fields).status_code


def requested(site: DeskSite) -> str:
    """The path of the link in the task, after the analyst has asked for evidence."""
    act(site, "ruling", decision="request_evidence")
    with reading(site.desk.engine) as connection:
        (command,) = commands.pending(connection, "sample")
    return re.search(rf"{ADDRESS}(/answer/[\w-]{{43}}) ", command.task)[1]


def give(site: DeskSite, link: str, **form: str) -> httpx.Response:
    return site.visitor().post(link, data={"text": "Called twice", **form})


def last(site: DeskSite) -> Step:
    with reading(site.desk.engine) as connection:
        return last_step(connection, 1)


def test_an_answer_is_given_once(site: DeskSite) -> None:
    link = requested(site)
    answers = [site.visitor().get(link), give(site, link), give(site, link), site.visitor().get(link)]
    assert [200, 200, 410, 410] == [answer.status_code for answer in answers]
    with reading(site.desk.engine) as connection:
        assert ["open", "request_evidence", "answer"] == [step.action for step in steps(connection, 1)]


def test_whose_answer_it_is_stands_in_the_companys_language(site: DeskSite) -> None:
    """Whichever the manager reads."""
    link = requested(site)
    reader = site.visitor(headers={"Cookie": "planerka-language=ru"})
    assert 'lang="ru"' in reader.post(link, data={"text": "Позвонил дважды"}).text
    assert "the person in charge" == last(site).author


@pytest.mark.parametrize("decision", ["uphold", "return_to_work"])
def test_after_the_decision_no_answer_is_taken(site: DeskSite, decision: str) -> None:
    link = requested(site)
    act(site, "ruling", decision=decision)
    assert ([410, 410], decision) == (
        [site.visitor().get(link).status_code, give(site, link).status_code],
        last(site).action,
    )


def test_a_link_is_of_one_request_and_not_of_the_next(site: DeskSite) -> None:
    """Who kept the old one, answered or not, cannot answer what is asked later."""
    first = requested(site)
    give(site, first)
    site.clock.move(minutes=10)
    second = requested(site)
    assert [410, 410] == [site.visitor().get(first).status_code, give(site, first).status_code]
    assert ("request_evidence", 200) == (last(site).action, give(site, second).status_code)


def test_the_link_of_a_request_that_was_taken_back_opens_nothing(site: DeskSite) -> None:
    """Nor does it when evidence is asked for once more."""
    first = requested(site)
    act(site, "undo")
    undone = give(site, first).status_code
    site.clock.move(minutes=10)
    second = requested(site)
    assert [410, 410, 200] == [undone, give(site, first).status_code, give(site, second).status_code]


def test_a_link_is_good_for_thirty_days(site: DeskSite) -> None:
    link = requested(site)
    site.clock.move(days=30)
    assert [410, 410] == [site.visitor().get(link).status_code, give(site, link).status_code]


def test_a_token_of_another_purpose_answers_nothing(site: DeskSite) -> None:
    """Nor does a link of an answer let anybody in."""
    token = requested(site).removeprefix("/answer/")
    entering = site.link(OPS).removeprefix("/enter/")
    session = site.entered(Role.OPS).headers["Cookie"].partition("=")[2]
    with site.desk.engine.begin() as connection:
        of_none = desk_tokens.make(connection, Purpose.ANSWER, site.clock(), timedelta(days=1))
    wrong = [give(site, f"/answer/{other}").status_code for other in (entering, session, of_none, token[:-1], "x")]
    by_cookie = site.visitor(headers={"Cookie": f"__Host-planerka={token}"}).get("/disputes")
    assert ([403] * 5, 403, 303) == (wrong, site.visitor().post(f"/enter/{token}").status_code, by_cookie.status_code)
    assert "request_evidence" == last(site).action


LINKS = [
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://files.company.example/1 javascript:alert(1)",
    "//thief.example/1",
    "ftp://thief.example/1",
    "https://a.b/79161234567.mp3",
    "https://a.b/" + "c" * 2000,
    " ".join(["https://a.b/c"] * 11),
]


@pytest.mark.parametrize("links", LINKS, ids=range(len(LINKS)))
def test_what_is_no_address_is_refused_and_what_was_typed_stays(site: DeskSite, links: str) -> None:
    answer = give(site, requested(site), text="Called </textarea><script>twice", links=links)
    assert (422, True, False) == (
        answer.status_code,
        ">Called &lt;/textarea&gt;&lt;script&gt;twice</textarea>" in answer.text,
        "<script>" in answer.text,
    )
    assert "request_evidence" == last(site).action


REASONS = [
    ({"text": " "}, "Write what was done about the lead."),
    ({"links": " ".join(["https://a.b/c"] * 11)}, "There are too many links (11). Give a link to their folder."),
    ({"links": "https://a.b/" + "c" * 2000}, "Link 1 is too long. Give a shorter one."),
    ({"links": "https://a.b/c ftp://a.b/c"}, "Link 2 is no address of a page."),
    ({"links": "https://a.b/79161234567.mp3"}, "Link 1 has a phone or an e-mail in it."),
]


@pytest.mark.parametrize("form, why", REASONS)
def test_who_is_refused_reads_why(site: DeskSite, form: dict[str, str], why: str) -> None:
    assert f'role="alert">{why}' in give(site, requested(site), **form).text


def test_the_page_says_until_when_and_how_often_it_can_be_answered(site: DeskSite) -> None:
    page = site.visitor().get(requested(site)).text
    due = last(site).due_at.astimezone(MOSCOW)
    assert f"You can answer once, until {due:%-d %B %Y, %H:%M} or until the dispute is decided." in page


@pytest.mark.parametrize("form", [{"text": " "}, {"text": "a\0b"}, {"text": "x" * 4001}, {"links": "x" * 20_001}])
def test_an_answer_that_cannot_be_kept_is_refused(site: DeskSite, form: dict[str, str]) -> None:
    assert (422, "request_evidence") == (give(site, requested(site), **form).status_code, last(site).action)
