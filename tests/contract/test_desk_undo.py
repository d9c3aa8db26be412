"""Whether the desk offers to take a ruling back, and what it says where that is too late."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.store import commands
from tests.builders_desk import NOON, DeskSite, desk_site, on_one_database
from tests.builders_rulings import dispute_rejections

pytestmark = on_one_database

OFFER = 'action="/disputes/1/undo"'


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1"], NOON)
    return site


@pytest.fixture
def analyst(site: DeskSite) -> TestClient:
    """Who has just returned the lead to work."""
    return site.ruled(1, "return_to_work", "Two calls")


def taken(site: DeskSite) -> None:
    """The command leaves for the source, within the minute by the clock of the desk."""
    with site.desk.engine.begin() as connection:
        (command,) = commands.pending(connection, "sample")
        assert commands.take(connection, command.marker, site.clock())


@pytest.mark.parametrize("path", ["/disputes/1", "/disputes?done=1"])
def test_no_ruling_is_offered_back_whose_command_has_left(site: DeskSite, analyst: TestClient, path: str) -> None:
    before = analyst.get(path).text
    taken(site)
    after = analyst.get(path).text
    assert (True, False) == (OFFER in before, OFFER in after)


def minute_over(site: DeskSite) -> None:
    site.clock.move(seconds=61)


REFUSALS = [
    (minute_over, "It is too late to take the ruling back: the minute for it is over."),
    (taken, "The ruling is already written into the CRM, or on its way there: it cannot be taken back."),
]


@pytest.mark.parametrize("happens, why", REFUSALS)
def test_who_is_too_late_is_told_why(site: DeskSite, analyst: TestClient, happens, why: str) -> None:
    """And the offer is gone."""
    happens(site)
    answer = analyst.post("/disputes/1/undo", data={"form_token": site.form_token(analyst)})
    assert (422, True, False) == (answer.status_code, why in answer.text, OFFER in answer.text)
