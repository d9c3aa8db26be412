"""The page of the journal: when to the second, and the dispute a click away for who may open it."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.people import Role
from tests.builders_desk import NOON, DeskSite, desk_site, on_one_database
from tests.builders_rulings import dispute_rejections

pytestmark = on_one_database

LINK = '<a href="/disputes/1">1</a>'


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """The analyst has looked at number 1, seven seconds after noon."""
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1"], NOON)
    site.clock.now = NOON + timedelta(seconds=7)
    site.entered(Role.ANALYST).get("/disputes/1")
    return site


def test_a_time_has_seconds(site: DeskSite) -> None:
    assert "24 November 2026, 12:00:07</time>" in site.entered(Role.OPS).get("/audit").text


@pytest.mark.parametrize("role, is_link", [(Role.DIRECTOR, True), (Role.OPS, False)])
def test_a_number_is_a_link_for_who_may_open_the_dispute(site: DeskSite, role: Role, is_link: bool) -> None:
    """Another's click would be refused, and written down as an attempt."""
    assert is_link == (LINK in site.entered(role).get("/audit").text)
