"""A neglected lead on the desk: nobody had rejected it, and no word says so."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.disputes.opening import open_disputes
from planerka.model import Event, Lead
from planerka.people import Role
from planerka.processes.neglect import find_neglects
from tests.builders_desk import NOON, DeskSite, desk_site, on_one_database
from tests.builders_disputes import REVIEW
from tests.builders_regulation import EDITION, OFFICE
from tests.builders_rulings import dispute_rejections, keep

pytestmark = on_one_database

TOUCHED = NOON - timedelta(days=EDITION.norms.neglect_days + 5)


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """Number 2 is over a lead that was called once, and then by nobody."""
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1"], NOON)
    keep(engine, "sample", Lead, {"id": "L2", "client_id": "C2", "status": "open"})
    keep(engine, "sample", Event, {"id": "E2", "lead_id": "L2", "kind": "call_out", "at": TOUCHED.isoformat()})
    find_neglects(engine, "sample", OFFICE)
    open_disputes(engine, "sample", REVIEW, NOON)
    return site


def ruled(site: DeskSite) -> TestClient:
    """The analyst, who has found no violation."""
    return site.ruled(2, "uphold", "The client is abroad")


def test_it_says_since_when_nobody_touched_the_lead_and_what_the_norm_is(site: DeskSite) -> None:
    page = site.entered(Role.ANALYST).get("/disputes/2").text
    norm = f"the norm is {EDITION.norms.neglect_days} days."
    assert f"The last touch or enquiry was on {TOUCHED.day} November 2026, 12:00; {norm}" in page


def test_its_buttons_speak_of_no_rejection(site: DeskSite) -> None:
    page = site.entered(Role.ANALYST).get("/disputes/2").text
    buttons = re.findall(r"data-decide=\"\d\">(.*?) <kbd>", page)
    assert ["No violation", "Return to work", "Request evidence"] == buttons


@pytest.mark.parametrize("path", ["/disputes/2", "/disputes/2?done=2", "/disputes?done=2", "/history"])
def test_nor_do_its_state_and_its_history(site: DeskSite, path: str) -> None:
    page = ruled(site).get(path).text
    assert (True, False) == (
        "no violation" in page,
        re.search("upheld the rejection|>rejection upheld</span", page) is not None,
    )
