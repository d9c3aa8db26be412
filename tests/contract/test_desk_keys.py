"""The line below a form tells the keys that do something on its page, and no others."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.disputes.appeals import appeal
from planerka.disputes.ruling import rule
from planerka.model import Decision, Lead, LeadStatus
from planerka.people import Role
from tests.builders_desk import NOON, DeskSite, desk_site, on_one_database
from tests.builders_disputes import docket_of
from tests.builders_rulings import dispute_rejections, keep

pytestmark = on_one_database


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """Numbers 1 to 4; the first is appealed, and the lead of the last is in work again."""
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1", "L2", "L3", "L4"], NOON, url="https://crm.example/1")
    docket = docket_of(engine, "sample")
    rule(docket, 1, Decision.UPHOLD, "Anna", "Six calls", NOON)
    appeal(docket, 1, "Marina", "The client waited", NOON)
    keep(engine, "sample", Lead, {"id": "L4", "client_id": "CL4", "status": LeadStatus.OPEN})
    return site


def told(browser: TestClient, path: str) -> str:
    (line,) = re.findall(r'<p class="note keys">Keys: (.*?)\.</p>', browser.get(path).text)
    return line


SENDS = "Ctrl+Enter sends, c goes to the comment"
TOLD = [
    (Role.ANALYST, 2, f"1, 2, 3 decide, {SENDS}, j opens the next, o opens the card, q opens the queue"),
    (Role.ANALYST, 4, f"1, 3 decide, {SENDS}, k opens the previous, q opens the queue"),
    (Role.DIRECTOR, 1, f"1, 2 decide, {SENDS}, o opens the card, q opens the queue"),
]


@pytest.mark.parametrize("role, number, expected", TOLD)
def test_only_the_keys_of_the_page_are_told(site: DeskSite, role: Role, number: int, expected: str) -> None:
    assert expected == told(site.entered(role), f"/disputes/{number}")


def test_the_key_to_undo_is_told_while_it_works(site: DeskSite) -> None:
    browser = site.entered(Role.ANALYST)
    ruling = {"decision": "uphold", "seen": 1, "comment": "Six calls"}
    browser.post("/disputes/2/ruling", data=ruling | {"form_token": site.form_token(browser)})
    before = told(browser, "/disputes/3?done=2")
    site.clock.move(seconds=61)
    assert (True, False) == ("z undoes" in before, "z undoes" in told(browser, "/disputes/3?done=2"))
