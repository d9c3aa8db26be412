"""Every page that people open, under axe-core: by day, by night and on paper."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from expectations.page import gate_page
from planerka.pack.compose import compose
from planerka.pack.render import render_pack
from tests.axe import ALL, COLOURS, violations
from tests.builders_pack import corrected_facts, empty_facts, export_facts, pack_facts

MODES = {
    "light": ({"color_scheme": "light"}, ALL),
    "dark": ({"color_scheme": "dark"}, COLOURS),
    "print": ({"color_scheme": "light", "media": "print"}, ALL),
}
AT = datetime(2026, 11, 23, 5, tzinfo=UTC)


def gates() -> str:
    reports = pack_facts().appendix.gates
    return gate_page(reports, "sample", AT, ZoneInfo("Europe/Moscow"), "ru", None)


PAGES: dict[str, Callable[[], str]] = {
    "a full pack in Russian": lambda: render_pack(compose(pack_facts(), "ru")),
    "a full pack in English": lambda: render_pack(compose(pack_facts(), "en")),
    "the pack of a bare export": lambda: render_pack(compose(export_facts(), "en")),
    "the pack of a week without leads": lambda: render_pack(compose(empty_facts(), "ru")),
    "a corrected pack": lambda: render_pack(compose(corrected_facts(), "ru")),
    "the page of the gates": gates,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_nobody_is_kept_out_of(chromium, tmp_path: Path, page: Callable[[], str]) -> None:
    """No violation of any rule of axe-core, in any mode."""
    path = tmp_path / "page.html"
    path.write_text(page(), encoding="utf-8")
    found = {}
    context = chromium.new_context(bypass_csp=True)
    tab = context.new_page()
    for name, (mode, rules) in MODES.items():
        tab.emulate_media(**mode)
        tab.goto(path.as_uri())
        found[name] = violations(tab, rules)
    context.close()
    assert {name: [] for name in MODES} == found
