"""The page on agreement, on both databases: counts in plain words, and cases to look at."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.disputes.second_reading import read, unread
from planerka.model import Decision, Outcome
from planerka.people import Role
from tests.builders_desk import NOON, DeskSite, desk_site
from tests.builders_readings import READER, begun, drawn, reject, rule_on

TYPED = "Звонков хватает <script>"


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    return desk_site(begun(engine, percent=100), tmp_path, source="crm")


def read_all(site: DeskSite, apart_n: int, weeks_n: int = 1) -> None:
    """Read what waits, so many as it was not decided first, spread over the weeks until noon."""
    engine = site.desk.engine
    drawn(engine)
    for place, one in enumerate(unread(engine, "crm", READER)):
        decision = Decision.RETURN_TO_WORK if place < apart_n else Decision.UPHOLD
        at = NOON - timedelta(hours=1, weeks=place % weeks_n)
        read(engine, "crm", one.id, decision, READER, TYPED, at)


def page_of(site: DeskSite, role: Role = Role.DIRECTOR) -> str:
    return site.entered(role).get("/agreement").text


def test_before_the_first_reading_the_page_says_so(site: DeskSite) -> None:
    page = page_of(site)
    assert (2, True) == (page.count("Nothing was read yet."), "Nowhere so far." in page)


def test_thirty_readings_are_told_in_words_with_their_interval(site: DeskSite) -> None:
    """Of verdicts there is no kappa."""
    for number in range(1, 31):
        reject(site.desk.engine, number=number)
    read_all(site, apart_n=3)
    page = page_of(site)
    for words in ("Of 30 readings 27 said the same", "90% (between 74% and 97%)", "<dt>AC1</dt><dd><strong>0.89<"):
        assert words in page
    assert ("Not enough data" in page, "<dt>Kappa</dt>" in page, "<svg" in page) == (False, False, False)


def test_of_fewer_only_the_counts_are_told(site: DeskSite) -> None:
    for number in range(1, 5):
        reject(site.desk.engine, number=number)
    read_all(site, apart_n=1)
    page = page_of(site)
    expected = ("Of 4 readings 3 said the same", "Not enough data: below 30 readings", "not enough data</td>")
    assert [] == [words for words in expected if words not in page]
    assert "<dt>AC1</dt>" not in page


def test_weeks_are_drawn_without_a_style_that_the_policy_forbids(site: DeskSite) -> None:
    for number in range(1, 5):
        reject(site.desk.engine, number=number)
    read_all(site, apart_n=1, weeks_n=4)
    page = page_of(site)
    assert (4, False, False) == (page.count("<circle"), "style=" in page, "<script>" in page)


def test_where_two_differed_the_clause_leads_to_the_dispute(site: DeskSite) -> None:
    """With both decisions and what the second reader wrote; a lead that nobody disputed is told by its id."""
    engine = site.desk.engine
    reject(engine, Outcome.UNLAWFUL, 1)
    number = rule_on(engine, Decision.UPHOLD)
    reject(engine, Outcome.LAWFUL, 2)
    read_all(site, apart_n=2)
    page = page_of(site)
    expected = (
        "1.1 At least 6",
        "No answer",
        f'href="/disputes/{number}"',
        "No dispute · lead L2",
        "First: Uphold the rejection · Second reader: Return to work",
        "Звонков хватает &lt;script&gt;",
        "the two differed in 1 of 1 reading",
    )
    assert [] == [words for words in expected if words not in " ".join(page.split())]


@pytest.mark.parametrize("role", Role)
def test_the_second_reader_may_not_look(site: DeskSite, role: Role) -> None:
    """The cases apart tell what was decided; ops have nothing to decide by it."""
    may = role not in (Role.SECOND_READER, Role.OPS)
    assert (200 if may else 403) == site.entered(role).get("/agreement").status_code
