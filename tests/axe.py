"""What axe-core finds wrong with an open page."""

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

ALL = {"resultTypes": ["violations"]}
COLOURS = ALL | {"runOnly": ["cat.color"]}
"""The rules that a page by night can break and the same page by day does not."""


def violations(page: "Page", options: dict[str, list[str]] = ALL) -> list[tuple[str, list[str]]]:
    """Each rule that is broken and the elements that break it; what axe cannot decide, such as text in a chart, is not
    counted. The page is open in a context of `bypass_csp`: axe brings a script."""
    found = Axe().run(page, options=options).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
