"""What was said of a dispute stands before the form that decides on it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.disputes.answering import answer
from planerka.disputes.appeals import appeal
from planerka.disputes.docket import Docket
from planerka.disputes.raising import raise_by_hand
from planerka.disputes.ruling import rule, undo
from planerka.model import Decision, Event, Lead
from planerka.people import Role
from tests.builders_desk import NOON, DeskSite, desk_site, on_one_database
from tests.builders_disputes import docket_of
from tests.builders_rulings import dispute_rejections, keep

pytestmark = on_one_database

PROOF = "https://files.company.example/1"
LATER = NOON + timedelta(seconds=30)


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1", "L2"], NOON)
    return site


@pytest.fixture
def docket(site: DeskSite) -> Docket:
    return docket_of(site.desk.engine, "sample")


def before_the_form(site: DeskSite, role: Role, number: int = 1) -> list[str]:
    """Who said what, with their words, before the form of the decision."""
    page = site.entered(role).get(f"/disputes/{number}").text
    above, form, _below = page.partition('id="ruling"')
    assert form, "there is nothing to decide"
    told = re.findall(
        r'<p class="speaker"><strong>(.*?)</strong>: (.*?) <span.*?<blockquote[^>]*>(.*?)</blo', above, re.S
    )
    return [f"{who} {what}: {words}" for who, what, words in told]


def test_the_director_reads_the_ruling_and_the_appeal_first(site: DeskSite, docket: Docket) -> None:
    rule(docket, 1, Decision.UPHOLD, "Anna", "Six calls", NOON)
    appeal(docket, 1, "Marina", "The client waited", NOON)
    said = ["Anna upheld the rejection: Six calls", "Marina appealed: The client waited"]
    assert said == before_the_form(site, Role.DIRECTOR)


def test_an_answer_is_read_first_and_its_links_open(site: DeskSite, docket: Docket) -> None:
    """Only an address of the web is a link, and its page is not told where the reader comes from."""
    rule(docket, 1, Decision.REQUEST_EVIDENCE, "Anna", "Where is it?", NOON)
    answer(docket, 1, "Oleg", "Called <twice>\njavascript:alert(1)", [PROOF], NOON)
    link = f'<a href="{PROOF}" target="_blank" rel="noopener noreferrer">{PROOF}</a>'
    said = f"Oleg gave evidence: Called &lt;twice&gt;\njavascript:alert(1)\n{link}"
    assert ["Anna requested evidence: Where is it?", said] == before_the_form(site, Role.ANALYST)


def test_why_marketing_raised_a_dispute_is_read_first(site: DeskSite, docket: Docket) -> None:
    rejected = {"kind": "rejected", "at": "2026-11-23T09:00Z", "recorded_at": "2026-11-23T09:00Z"}
    keep(site.desk.engine, "sample", Lead, {"id": "L9", "client_id": "C9", "status": "rejected"})
    keep(site.desk.engine, "sample", Event, {"id": "E9", "lead_id": "L9", **rejected})
    number = raise_by_hand(docket, "L9", "Marina", "The client called us", NOON)
    assert ["Marina opened the dispute: The client called us"] == before_the_form(site, Role.ANALYST, number)


def test_what_was_undone_is_not_among_it(site: DeskSite, docket: Docket) -> None:
    rule(docket, 1, Decision.UPHOLD, "Anna", "Wrong key", NOON, undo_time=timedelta(minutes=1))
    undo(docket, 1, "Anna", LATER)
    assert [] == before_the_form(site, Role.ANALYST)


def test_the_queue_marks_what_was_answered(site: DeskSite, docket: Docket) -> None:
    for number in (1, 2):
        rule(docket, number, Decision.REQUEST_EVIDENCE, "Anna", "Where is it?", NOON)
    answer(docket, 2, "Oleg", "Called twice", [], NOON)
    page = site.entered(Role.ANALYST).get("/disputes").text
    states = re.findall(r'href="/disputes/(\d+)">.*?data-label="State"><span class="tag due">(.*?)<', page, re.S)
    assert {"1": "evidence requested", "2": "answer came"} == dict(states)


def test_the_list_of_appeals_says_who_appealed_and_why(site: DeskSite, docket: Docket) -> None:
    rule(docket, 1, Decision.UPHOLD, "Anna", "Six calls", NOON)
    appeal(docket, 1, "Marina", "The <client> waited", NOON)
    page = site.entered(Role.DIRECTOR).get("/director").text
    assert "<strong>Marina</strong>: appealed. The &lt;client&gt; waited</span>" in page
