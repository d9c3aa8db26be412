"""What is somebody else's to do, another source's, or over: refused, and nothing of it is kept."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.people import Person, Role
from planerka.store import commands
from planerka.store.database import reading
from planerka.store.dispute_steps import steps
from tests.builders_desk import NOON, PEOPLE, DeskSite, desk_site, on_one_database
from tests.builders_rulings import dispute_rejections

SECOND = Person(email="second@company.example", name="Second analyst", roles=(Role.ANALYST, Role.OPS))
PEOPLE_OF_THE_DESK = (*(person for person in PEOPLE if Role.OPS not in person.roles), SECOND)


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """Numbers 1 to 3 are of this desk, and the same case; 4 is of another source."""
    site = desk_site(engine, tmp_path, PEOPLE_OF_THE_DESK)
    dispute_rejections(engine, "sample", ["L1", "L2", "L3"], NOON)
    dispute_rejections(engine, "other", ["L1"], NOON)
    return site


def post(site: DeskSite, browser: TestClient, path: str, **form: object) -> httpx.Response:
    return browser.post(path, data={"form_token": site.form_token(browser), **form})


def act(site: DeskSite, role: Role, what: str, number: int = 1, **form: object) -> int:
    fields = {"decision": "return_to_work", "seen": len(story(site, number)), "comment": "So", **form}
    return post(site, site.entered(role), f"/disputes/{number}/{what}", **fields).status_code


def story(site: DeskSite, number: int = 1) -> list[tuple[str, str | None]]:
    """What was done about a dispute, and by whom."""
    with reading(site.desk.engine) as connection:
        return [(str(step.action), step.author) for step in steps(connection, number)]


def commands_n(site: DeskSite, source: str = "sample") -> int:
    with reading(site.desk.engine) as connection:
        return len(commands.pending(connection, source))


ANALYST, SECOND_ANALYST, DIRECTOR = Role.ANALYST, Role.OPS, Role.DIRECTOR
OPENED = ("open", None)
RULED = ("return_to_work", "Name of analyst")
APPEALED = ("appeal", "Name of sales")


@pytest.mark.parametrize("path", ["ruling", "assign", "undo", "appeal", "final", "same"])
def test_a_dispute_of_another_source_is_none(site: DeskSite, path: str) -> None:
    role = {"appeal": Role.SALES, "final": DIRECTOR}.get(path, ANALYST)
    assert (404, [OPENED], 0) == (act(site, role, path, 4, chosen="4:1"), story(site, 4), commands_n(site, "other"))


def test_nor_can_it_be_upheld_among_the_same_cases(site: DeskSite) -> None:
    assert (409, [OPENED]) == (act(site, ANALYST, "same", 1, chosen=["4:1"]), story(site, 4))


def test_a_ruling_is_undone_by_nobody_but_its_author(site: DeskSite) -> None:
    act(site, ANALYST, "ruling")
    assert [409, 409, 403] == [act(site, role, "undo") for role in (SECOND_ANALYST, DIRECTOR, Role.SALES)]
    assert ([OPENED, RULED], 1) == (story(site), commands_n(site))


def test_it_is_undone_once_and_within_the_minute(site: DeskSite) -> None:
    act(site, ANALYST, "ruling")
    act(site, ANALYST, "ruling", 2)
    site.clock.move(seconds=60)
    early = [act(site, ANALYST, "undo") for _ in range(2)]
    site.clock.move(microseconds=1)
    assert ([303, 409], 422, 1) == (early, act(site, ANALYST, "undo", 2), commands_n(site))


def test_an_appealed_ruling_is_undone_by_nobody(site: DeskSite) -> None:
    act(site, ANALYST, "ruling")
    act(site, Role.SALES, "appeal")
    assert (409, [OPENED, RULED, APPEALED]) == (act(site, ANALYST, "undo"), story(site))


def test_only_a_head_appeals_and_only_the_director_decides_for_good(site: DeskSite) -> None:
    """Nor does the analyst rule again on what was appealed, or anybody decide what is final."""
    act(site, ANALYST, "ruling")
    early = [act(site, role, "appeal") for role in (ANALYST, DIRECTOR)]
    act(site, Role.SALES, "appeal")
    on_appealed = [
        *(act(site, role, "final") for role in (ANALYST, Role.SALES, Role.MARKETING, SECOND_ANALYST)),
        act(site, ANALYST, "ruling"),
        act(site, Role.MARKETING, "appeal"),
        act(site, DIRECTOR, "final", decision="request_evidence"),
    ]
    assert ([403, 403], [403, 403, 403, 403, 422, 409, 422]) == (early, on_appealed)
    final = act(site, DIRECTOR, "final", decision="uphold")
    later = [act(site, DIRECTOR, "final"), act(site, Role.SALES, "appeal"), act(site, ANALYST, "ruling")]
    assert (303, [422, 409, 409]) == (final, later)
    assert [OPENED, RULED, APPEALED, ("uphold", "Name of director")] == story(site)


def test_who_was_taken_off_the_settings_decides_nothing(site: DeskSite) -> None:
    """Though the page is open, and its session was good a moment ago."""
    browser = site.entered(ANALYST)
    site.app.state.desk = replace(site.desk, people=(SECOND,))
    answer = post(site, browser, "/disputes/1/ruling", decision="uphold", seen=1, comment="Clear")
    assert (403, [OPENED]) == (answer.status_code, story(site))


CHOSEN = [
    (["1:1", "2:1", "3:1"], 303, 3),
    (["1:1", "1:1"], 409, 1),
    (["1:1", "2:9"], 409, 1),
    (["1:1", "999999999:1"], 409, 1),
    (["1:1", "2"], 422, 0),
    (["1:1", "2:x"], 422, 0),
    (["1:1", "-2:1"], 422, 0),
    (["1:1", ""], 422, 0),
    (["1:1", "2:" + "1" * 30], 422, 0),
    (["1:1", "2:1 OR 1=1"], 422, 0),
    (["1:1"] * 501, 422, 0),
    (["1:1"] * 10_000, 400, 0),
    ([], 422, 0),
]


@on_one_database
@pytest.mark.parametrize("chosen, status, upheld_n", CHOSEN, ids=range(len(CHOSEN)))
def test_a_form_that_is_not_ours_upholds_nothing(site: DeskSite, chosen: list[str], status: int, upheld_n: int) -> None:
    """All of it is looked at before anything is done; of ours each is upheld that can still be."""
    answered = act(site, ANALYST, "same", chosen=chosen)
    assert (status, upheld_n) == (answered, sum(len(story(site, number)) > 1 for number in (1, 2, 3)))


@on_one_database
def test_a_page_offers_no_more_than_its_form_can_send(site: DeskSite) -> None:
    """A form of a thousand fields is refused; who has upheld the first finds the others there."""
    dispute_rejections(site.desk.engine, "sample", [f"M{n}" for n in range(600)], NOON)
    page = site.entered(ANALYST).get("/disputes/1/same").text
    assert 500 == page.count('name="chosen"')
