"""The pack in a real browser: it fits, it can be reached by keyboard, it fetches nothing, it prints whole."""

from pathlib import Path

import pytest

from planerka.pack.compose import compose
from planerka.pack.render import render_pack
from tests.builders_pack import FACTS


@pytest.fixture(params=FACTS)
def pack_url(request, tmp_path) -> str:
    """The address of a Russian pack on disk."""
    path = Path(tmp_path, "pack.html")
    path.write_text(render_pack(compose(FACTS[request.param](), "ru")), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_never_scrolls_sideways(chromium, pack_url, width, scheme):
    """Wide tables scroll in their own box."""
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(pack_url)
    scroll_width = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert width == scroll_width


def test_the_page_asks_for_nothing_and_its_policy_holds(chromium, pack_url):
    """One request, the file itself; no line in the console, no script."""
    requests, lines = [], []
    page = chromium.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: lines.append(message.text))
    page.goto(pack_url)
    scripts_n = page.locator("script").count()
    font_size = page.evaluate("getComputedStyle(document.querySelector('.headline')).fontSize")
    page.close()
    assert ([pack_url], [], 0) == (requests, lines, scripts_n)
    assert float(font_size.removesuffix("px")) > 30


def test_the_keyboard_reaches_the_figures_and_every_table(chromium, pack_url):
    """First the skip link; each scrolling box takes focus, so that it can be scrolled without a mouse."""
    page = chromium.new_page()
    page.goto(pack_url)
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('href')")
    unreachable = page.evaluate("[...document.querySelectorAll('.scroll')].filter(e => e.tabIndex !== 0).length")
    page.close()
    assert ("#figures", 0) == (first, unreachable)


def test_print_cuts_no_table(chromium, pack_url):
    """On A4 every table is as wide as its box or narrower."""
    page = chromium.new_page(viewport={"width": 695, "height": 1000})
    page.emulate_media(media="print")
    page.goto(pack_url)
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    page.close()
    assert [] == cut


READABLE = [
    ("--ink", "--card"),
    ("--ink", "--page"),
    ("--muted", "--card"),
    ("--muted", "--page"),
    ("--accent", "--card"),
    ("--good", "--card"),
    ("--bad", "--card"),
    ("--bad", "--page"),
    ("--band-ink", "--band"),
    ("--band-muted", "--band"),
    ("--band-due", "--band"),
]


@pytest.mark.parametrize("media, scheme", [("screen", "light"), ("screen", "dark"), ("print", "light")])
def test_text_of_every_theme_can_be_read(chromium, pack_url, media, scheme):
    """A contrast of 4.5 to 1 (WCAG 2.2, 1.4.3), also of the text in charts, which no checker judges."""
    page = chromium.new_page(color_scheme=scheme)
    page.emulate_media(media=media, color_scheme=scheme)
    page.goto(pack_url)
    style = "getComputedStyle(document.documentElement)"
    found = {n: page.evaluate(f"{style}.getPropertyValue('{n}')") for pair in READABLE for n in pair}
    page.close()
    assert [] == [(ink, ground) for ink, ground in READABLE if contrast(found[ink], found[ground]) < 4.5]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours "#rrggbb", by WCAG."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour.strip()[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
