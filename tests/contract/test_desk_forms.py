"""The forms of the desk as a browser sends them: with every field, whether somebody touched it or not."""

import re
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.model import Event, Lead, Reference
from planerka.people import Role
from tests.builders_desk import NOON, DeskSite, desk_site
from tests.builders_forms import PageForms, form_of
from tests.builders_rulings import dispute_rejections, keep

SUBJECT = re.compile(r'<a class="subject" href="/disputes/(\d+)')


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """Numbers 1 and 2 wait, of one manager each, and the analyst looks after the first; 3 is upheld, 4 returned."""
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1", "L2", "L3", "L4"], NOON)
    keep(engine, "sample", Reference, *({"kind": "manager", "id": id_, "title": f"Manager {id_}"} for id_ in "AB"))
    at = "2026-11-23T09:00Z"
    for lead_id, manager_id in (("L1", "A"), ("L2", "B"), ("L3", "A"), ("L4", "B")):
        rejected = {"kind": "rejected", "at": at, "recorded_at": at, "reason_id": "17", "manager_id": manager_id}
        keep(engine, "sample", Lead, {"id": lead_id, "client_id": f"C{lead_id}", "status": "rejected"})
        keep(engine, "sample", Event, {"id": f"E{lead_id}", "lead_id": lead_id, **rejected})
    browser = site.entered(Role.ANALYST)
    browser.post("/disputes/1/assign", data={"form_token": site.form_token(browser), "seen": 1})
    for number, decision in ((3, "uphold"), (4, "return_to_work")):
        ruling = {
            "form_token": site.form_token(browser),
            "decision": decision,
            "seen": 1,
            "comment": f"So No. {number}",
        }
        assert 303 == browser.post(f"/disputes/{number}/ruling", data=ruling).status_code
    return site


SEARCHES = [
    ("/disputes", {}, ["1", "2"]),
    ("/disputes", {"manager_id": "B"}, ["2"]),
    ("/history", {}, ["4", "3"]),
    ("/history", {"state": "upheld"}, ["3"]),
    ("/history", {"manager_id": "B"}, ["4"]),
    ("/history", {"text": "so no. 3"}, ["3"]),
    ("/history", {"text": "3 SO"}, ["3"]),
    ("/history", {"text": "3 never"}, []),
    ("/history", {"text": "#2"}, ["2"]),
    ("/history", {"text": "№ 2"}, ["2"]),
    ("/history", {"text": "l1"}, ["1"]),
    ("/history", {"text": "so", "manager_id": "B"}, ["4"]),
    ("/history", {"state": "opened"}, ["2"]),
]


@pytest.mark.parametrize("path, chosen, expected", SEARCHES)
def test_a_list_is_narrowed_to_what_was_chosen_in_its_form(
    site: DeskSite, path: str, chosen: dict[str, str], expected: list[str]
) -> None:
    browser = site.entered(Role.ANALYST)
    answer = form_of(browser.get(path).text, path).submitted(browser, **chosen)
    assert (200, expected) == (answer.status_code, SUBJECT.findall(answer.text))


def test_a_dispute_is_found_by_words_while_it_waits(site: DeskSite) -> None:
    """Be it only that evidence is requested: of an open one there was no search at all."""
    browser = site.entered(Role.ANALYST)
    asked = {"decision": "request_evidence", "seen": 1, "comment": "Приложите запись звонка"}
    browser.post("/disputes/2/ruling", data={"form_token": site.form_token(browser), **asked})
    assert ["2"] == SUBJECT.findall(browser.get("/history", params={"text": "Звонка запись"}).text)


def test_a_search_for_what_waits_goes_on_over_pages(site: DeskSite, engine: sa.Engine) -> None:
    """And each page of it links to the next one with the text."""
    dispute_rejections(engine, "sample", [f"M{number}" for number in range(30)], NOON)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE dispute SET said = 'one word' WHERE lead_id LIKE 'M%'"))
    browser = site.entered(Role.ANALYST)
    first = browser.get("/history", params={"text": "word one"}).text
    (older,) = re.findall(r'<a rel="next" href="([^"]*)"', first)
    second = browser.get("/history" + unescape(older)).text
    assert (25, 5) == (len(SUBJECT.findall(first)), len(SUBJECT.findall(second)))


def test_a_state_in_which_no_dispute_stays_is_no_choice(site: DeskSite) -> None:
    page = site.entered(Role.ANALYST).get("/history").text
    states = page.partition('<select id="state"')[2].partition("</select>")[0]
    assert (True, False) == ('value="opened"' in states, 'value="expired"' in states)


def test_no_other_form_asks_for_a_page(site: DeskSite) -> None:
    """Each of those is among the searches above."""
    roles_of = site.app.state.roles_of
    paths = [(role, path) for path, roles in roles_of.items() for role in roles or () if "{" not in path]
    pages = {path: site.entered(role).get(path).text for role, path in [*paths, (Role.ANALYST, "/disputes/1")]}
    asking = {form.action for page in pages.values() for form in PageForms(page).found if form.method == "get"}
    assert {path for path, *_ in SEARCHES} == asking


def test_an_analyst_narrows_what_is_mine(site: DeskSite) -> None:
    """Neither the filter nor the choice between all and mine takes the other away."""
    browser = site.entered(Role.ANALYST)
    mine = browser.get("/disputes", params={"mine": "Name of analyst"})
    narrowed = form_of(mine.text, "/disputes").submitted(browser, manager_id="A")
    views = re.findall(r'<a href="(/disputes[^"]*)"( aria-current="true")?>(?:All|Mine)</a>', narrowed.text)
    both = "/disputes?manager_id=A&amp;mine=Name+of+analyst"
    assert [("/disputes?manager_id=A", ""), (both, ' aria-current="true"')] == views
    assert ["1"] == SUBJECT.findall(narrowed.text)
