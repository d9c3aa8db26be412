"""The journal of the desk, page by page."""

import re
from pathlib import Path

import sqlalchemy as sa

from planerka.people import Role
from planerka.store import audit
from planerka.store.audit import Action, Entry
from tests.builders_desk import NOON, desk_site


def test_every_entry_is_on_one_page(engine: sa.Engine, tmp_path: Path) -> None:
    """The newest first."""
    site = desk_site(engine, tmp_path)
    entry = {"at": NOON, "action": Action.VIEWED, "person": None, "roles": (), "from_address": None, "detail": None}
    with engine.begin() as connection:
        for number in range(1, 121):
            audit.put(connection, Entry(subject=str(number), **entry))
    browser = site.entered(Role.DIRECTOR)
    pages = [browser.get(f"/audit?page={page}").text for page in (1, 2, 3)]
    seen = [int(number) for page in pages for number in re.findall(r'href="/disputes/(\d+)"', page)]
    assert list(range(120, 0, -1)) == seen
    assert [True, True, False] == [f"page={page + 1}" in text for page, text in enumerate(pages, start=1)]
