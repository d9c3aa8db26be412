"""The same case many times: what the analyst chose is upheld, and nothing else; no text and no choice is lost."""

import re
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from planerka.model import Outcome, Verdict
from planerka.people import Person, Role
from planerka.store import verdicts
from planerka.store.database import reading
from planerka.store.dispute_steps import last_step
from planerka.store.stakes import put_stakes
from tests.builders_desk import NOON, PEOPLE, DeskSite, desk_site, on_one_database
from tests.builders_forms import form_of
from tests.builders_rulings import FINDING, dispute_rejections

SECOND = Person(email="second@company.example", name="Second analyst", roles=(Role.ANALYST, Role.OPS))


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """Numbers 1 to 4 are the same case; there are two analysts."""
    site = desk_site(engine, tmp_path, (*(person for person in PEOPLE if Role.OPS not in person.roles), SECOND))
    dispute_rejections(engine, "sample", ["L1", "L2", "L3", "L4"], NOON)
    return site


def uphold(site: DeskSite, *chosen: str, comment: str = "All alike") -> httpx.Response:
    browser = site.entered(Role.ANALYST)
    fields = {"form_token": site.form_token(browser), "comment": comment, "chosen": chosen}
    return browser.post("/disputes/1/same", data=fields)


def assigned(site: DeskSite, number: int) -> None:
    """The second analyst looks after it from now on."""
    browser = site.entered(Role.OPS)
    browser.post(f"/disputes/{number}/assign", data={"form_token": site.form_token(browser), "seen": 1})


def shown(page: str) -> tuple[list[str], str]:
    """What is ticked in the form, and the comment."""
    fields = form_of(page, "/disputes/1/same").fields
    return [value for name, value in fields if name == "chosen"], dict(fields)["comment"]


def upheld(site: DeskSite) -> list[int]:
    with reading(site.desk.engine) as connection:
        return [number for number in (1, 2, 3, 4) if last_step(connection, number).action == "uphold"]


def test_all_are_chosen_at_first(site: DeskSite) -> None:
    page = site.entered(Role.ANALYST).get("/disputes/1/same").text
    assert (["1:1", "2:1", "3:1", "4:1"], "") == shown(page)


def test_without_a_comment_what_was_chosen_stays_chosen(site: DeskSite) -> None:
    answer = uphold(site, "2:1", "3:1", comment=" ")
    assert (422, (["2:1", "3:1"], " "), []) == (answer.status_code, shown(answer.text), upheld(site))


def test_where_nothing_is_chosen_the_comment_stays(site: DeskSite) -> None:
    answer = uphold(site)
    assert (422, ([], "All alike")) == (answer.status_code, shown(answer.text))
    assert "Nothing is chosen: tick the disputes to uphold." in answer.text


def test_what_was_changed_meanwhile_is_told_and_not_chosen(site: DeskSite) -> None:
    """Nor is what was left out before."""
    assigned(site, 3)
    answer = uphold(site, "2:1", "3:1")
    assert (409, ([], "All alike"), [2]) == (answer.status_code, shown(answer.text), upheld(site))
    assert "1 dispute upheld. These were changed meanwhile and are left as they are: 3." in answer.text


def test_it_is_told_also_where_the_comment_was_missing(site: DeskSite) -> None:
    assigned(site, 3)
    answer = uphold(site, "2:1", "3:1", comment="")
    assert (422, (["2:1"], "")) == (answer.status_code, shown(answer.text))
    assert ">These were changed meanwhile and are left as they are: 3." in answer.text


def test_the_others_are_offered_after_the_one_that_it_began_with(site: DeskSite) -> None:
    assigned(site, 3)
    answer = uphold(site, "1:1", "3:1")
    assert ([1], True, True) == (upheld(site), 'value="2:1"' in answer.text, 'value="3:2"' in answer.text)


def test_no_comment_is_lost_where_nothing_is_left_to_choose(site: DeskSite) -> None:
    uphold(site, "1:1", "2:1", "3:1", "4:1")
    answer = uphold(site, "2:1", comment="Mine <too>")
    assert (409, True) == (answer.status_code, ">Mine &lt;too&gt;</textarea>" in answer.text)


def test_a_case_of_another_edition_is_another_case(site: DeskSite) -> None:
    """There the clause of that number may be another rule."""
    judged = {"outcome": Outcome.UNLAWFUL, "findings": (FINDING,), "evidence": {}}
    again = Verdict(rejection_id="EL3", number=2, edition="2026-12-01", **judged)
    with site.desk.engine.begin() as connection:
        verdicts.add(connection, "sample", [again], NOON)
    page = site.entered(Role.ANALYST).get("/disputes/1/same").text
    assert ["1:1", "2:1", "4:1"] == shown(page)[0]


def test_each_of_those_upheld_can_be_undone_on_its_page(site: DeskSite) -> None:
    """For the minute that a single ruling has, whatever the address says."""
    queue = site.entered(Role.ANALYST).get(uphold(site, "1:1", "2:1").headers["location"]).text
    browser = site.entered(Role.ANALYST)
    pages = [browser.get(f"/disputes/2{query}").text for query in ("", "?done=1", "?done=2")]
    undone = form_of(pages[0], "/disputes/2/undo").submitted(browser)
    assert ("2 disputes upheld.", 3, 303, [1]) == (
        queue.partition('<p class="notice good" role="status">')[2][:18],
        sum('action="/disputes/2/undo"' in page for page in pages),
        undone.status_code,
        upheld(site),
    )


def test_it_is_offered_for_a_minute_and_to_its_author(site: DeskSite) -> None:
    uphold(site, "2:1")
    of_another = site.entered(Role.OPS).get("/disputes/2").text
    site.clock.move(seconds=61)
    later = site.entered(Role.ANALYST).get("/disputes/2").text
    assert (False, False) == ("/disputes/2/undo" in of_another, "/disputes/2/undo" in later)


@on_one_database
def test_the_page_says_what_is_at_stake_in_all_of_them(site: DeskSite) -> None:
    with site.desk.engine.begin() as connection:
        put_stakes(connection, {n: {"amount_minor": 150_000_000, "currency": "RUB"} for n in (1, 2, 4)})
    assert "At stake: RUB\N{NO-BREAK SPACE}4.5M" in site.entered(Role.ANALYST).get("/disputes/1/same").text


@on_one_database
def test_the_filter_of_the_queue_is_kept(site: DeskSite) -> None:
    """On the way to the page, in its links and its form, and after it."""
    browser, query = site.entered(Role.ANALYST), "?reason_id=17"
    of_one = browser.get(f"/disputes/1{query}").text
    page = browser.get(f"/disputes/1/same{query}").text
    links = set(re.findall(r'href="(/disputes[^"]*)"', page.partition("<main")[2]))
    sent = form_of(page, "/disputes/1/same").submitted(browser, comment="All alike")
    assert f'href="/disputes/1/same{query}"' in of_one
    assert {f"/disputes{query}", *(f"/disputes/{n}{query}" for n in (1, 2, 3, 4))} == links
    assert f"/disputes{query}&upheld=4" == sent.headers["location"]
