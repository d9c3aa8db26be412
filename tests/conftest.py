"""Fixtures that any test may ask for."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import services

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DATABASE_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster for the whole session of this worker, as the folder of its socket."""
    binaries = services.find_postgres()
    if binaries is None:
        services.missing("PostgreSQL (initdb)", "postgresql")
    with services.postgres_cluster(binaries) as socket_folder:
        yield socket_folder


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        with services.postgres_database(request.getfixturevalue("postgres"), f"test_{next(DATABASE_NUMBERS)}") as url:
            yield url


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The system's Chromium, started by Playwright."""
    from playwright.sync_api import sync_playwright

    path = services.find_chromium()
    if path is None:
        services.missing("Chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=services.CHROMIUM_FLAGS)
        yield browser
        browser.close()
