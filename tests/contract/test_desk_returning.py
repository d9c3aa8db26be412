"""Whether the desk offers to return a lead, and what it says where it does not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.disputes.appeals import appeal, decide_appeal
from planerka.disputes.ruling import rule
from planerka.model import Decision, Event, Lead, LeadStatus, Receipt
from planerka.people import Role
from planerka.store import commands
from tests.builders_desk import NOON, DeskSite, desk_site
from tests.builders_disputes import docket_of
from tests.builders_rulings import dispute_rejections, keep

OBSTACLE = re.compile(r'<p class="note" id="obstacle">(.*?)</p>')


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1"], NOON)
    return site


def nothing(site: DeskSite) -> None:
    pass


def in_work(site: DeskSite) -> None:
    keep(site.desk.engine, "sample", Lead, {"id": "L1", "client_id": "C1", "status": LeadStatus.OPEN})


def left_in_peace(site: DeskSite) -> None:
    keep(site.desk.engine, "sample", Event, {"id": "W1", "lead_id": "L1", "kind": "consent_withdrawn"})


HAPPENED = [
    (nothing, []),
    (in_work, ["The lead is in work already."]),
    (left_in_peace, ["The client asked not to be called: that holds for ever."]),
]


@pytest.mark.parametrize("happens, told", HAPPENED)
@pytest.mark.parametrize("evidence_came", [False, True])
def test_the_page_says_why_a_lead_cannot_be_returned(
    site: DeskSite, happens: Callable[[DeskSite], None], told: list[str], evidence_came: bool
) -> None:
    """Also where the source has got a request for evidence: that brought no lead back to work."""
    if evidence_came:
        ask_for_evidence(site)
    happens(site)
    page = site.entered(Role.ANALYST).get("/disputes/1").text
    assert told == OBSTACLE.findall(page)


def ask_for_evidence(site: DeskSite) -> None:
    """The manager is asked, and the CRM has it."""
    rule(docket_of(site.desk.engine, "sample"), 1, Decision.REQUEST_EVIDENCE, "Name of analyst", "Record?", NOON)
    handed_over(site)


def handed_over(site: DeskSite) -> None:
    with site.desk.engine.begin() as connection:
        (command,) = commands.pending(connection, "sample")
        assert commands.take(connection, command.marker, NOON)
        commands.put_receipt(connection, Receipt(marker=command.marker, handed_over_at=NOON, confirmed_at=None))


IS_BACK = "The lead is already returned to work. If you uphold the rejection, nothing more is written into the CRM"
WRITTEN = "The return to work was handed over to the CRM on"


@pytest.mark.parametrize("is_handed_over", [True, False])
def test_the_director_is_told_that_the_lead_is_back_in_work(site: DeskSite, is_handed_over: bool) -> None:
    docket = docket_of(site.desk.engine, "sample")
    rule(docket, 1, Decision.RETURN_TO_WORK, "Anna", "Two calls", NOON)
    if is_handed_over:
        handed_over(site)
    appeal(docket, 1, "Sergei", "Six calls", NOON)
    page = site.entered(Role.DIRECTOR).get("/disputes/1").text
    assert [is_handed_over] * 2 == [text in page for text in (IS_BACK, WRITTEN)]


def test_the_receipt_of_a_return_is_told_after_the_director_has_upheld(site: DeskSite) -> None:
    """The lead goes on being in work, whichever ruling stands."""
    docket = docket_of(site.desk.engine, "sample")
    rule(docket, 1, Decision.RETURN_TO_WORK, "Anna", "Two calls", NOON)
    handed_over(site)
    appeal(docket, 1, "Sergei", "Six calls", NOON)
    decide_appeal(docket, 1, Decision.UPHOLD, "Vera", "Right", NOON)
    assert WRITTEN in site.entered(Role.SALES).get("/disputes/1").text


@pytest.mark.parametrize("role", [Role.SALES, Role.ANALYST])
def test_a_request_in_the_crm_is_told_as_a_request(site: DeskSite, role: Role) -> None:
    """It is no ruling: the dispute goes on waiting."""
    ask_for_evidence(site)
    page = site.entered(role).get("/disputes/1").text
    told = ("The request for evidence was handed over to the CRM on", ">Ruling</h2>")
    assert (True, False) == tuple(text in page for text in told)
