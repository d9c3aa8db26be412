"""The system's Chromium."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import services

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """Started by Playwright, once a worker."""
    from playwright.sync_api import sync_playwright

    path = services.find_chromium()
    if path is None:
        services.missing("Chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=services.CHROMIUM_FLAGS)
        yield browser
        browser.close()
