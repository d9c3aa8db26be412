"""The letter uses nothing that was not looked up for every mail client, and docs/mail-clients.md says what was."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from planerka.pack.compose import compose_letter
from planerka.pack.render import render_letter
from tests.builders_pack import FACTS

PAGE = (Path(__file__).parents[2] / "docs" / "mail-clients.md").read_text("utf-8")
JUDGED = PAGE.partition("## What the letter uses")[2]

GMAIL_CLIPS_AT_BYTES = 102 * 1024

LANGUAGES = ("ru", "en")

Use = tuple[str, str]
"""Of what (an element, a property, `@media`, `selector`) and which (an attribute, a kind of value); "" for itself."""


def judged() -> set[Use]:
    """Every line of the tables: the first name has what the others say."""
    lines = [re.findall(r"`([^`]+)`", line) for line in JUDGED.splitlines() if line.startswith("| `")]
    return {(first, other) for first, *others in lines for other in ("", *others)}


class Letter(HTMLParser):
    """Collects what an e-mail uses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.uses: set[Use] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.uses.add((f"<{tag}>", ""))
        for name, value in attrs:
            self.uses.add((f"<{tag}>", attribute(name, value or "")))
            if name == "style":
                self.uses.update(uses_of_css(f"{value};"))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.uses.update(uses_of_css(data))

    def handle_comment(self, data: str) -> None:
        self.uses.add(("<!-- -->", ""))  # to Outlook it may be a part of the letter


def attribute(name: str, value: str) -> str:
    """The name; for an address with its scheme, which is what clients differ in."""
    return f"{name}={value.partition(':')[0]}:" if name in ("src", "href") else name


def uses_of_css(css: str) -> Iterator[Use]:
    """Of a style sheet or of a style attribute: each opening brace ends a prelude, all else is a declaration."""
    for text, mark in re.findall(r"\s*([^{};]*?)\s*([{};])", css):
        if text.startswith("@"):
            rule, _, condition = text.partition(" ")
            yield from ((rule, ""), (rule, re.sub(r"\(([\w-]+)[^)]*\)", r"(\1)", condition)))
        elif mark == "{":
            yield ("selector", "")
            yield from (("selector", kind_of_selector(one)) for one in text.split(","))
        elif text:
            name, _, value = text.partition(":")
            yield (name.strip(), "")
            yield from ((name.strip(), kind) for kind in kinds_of_value(value))


def kind_of_selector(selector: str) -> str:
    """`.value.good` is a `.class.class`, `.goal h2` a `.class element`; what is neither stays as it is written."""
    classes = re.sub(r"\.[\w-]+", ".class", selector.strip())
    return re.sub(r"(?<![\w.:#\[-])\w+", "element", classes)


TOKEN = re.compile(
    r"""(?P<text>"[^"]*"|'[^']*')
      | (?P<colour>\#[0-9a-fA-F]+)
      | (?P<number>-?[\d.]+(?P<unit>%|[a-zA-Z]*))
      | (?P<word>!?[\w-]+\(?)""",
    re.VERBOSE,
)


def kinds_of_value(value: str) -> Iterator[str]:
    """`-4px` is a `-px`, 0 is `0`, 1.5 a `number`, #fff a `#rgb`, `calc(` a function; words are themselves."""
    for token in TOKEN.finditer(value):
        number, unit = token["number"], token["unit"]
        if token["text"]:
            yield '"text"'
        elif token["colour"]:
            yield {4: "#rgb", 5: "#rgba", 7: "#rrggbb", 9: "#rrggbbaa"}.get(len(token["colour"]), token["colour"])
        elif number:
            yield ("-" if number[0] == "-" else "") + unit if unit else "0" if number == "0" else "number"
        else:
            yield token["word"]


def shown(uses: set[Use]) -> list[str]:
    return sorted(f"{of} {which}".strip() for of, which in uses)


@cache
def letters() -> list[str]:
    """Of a week with everything, of a bare export and of a week without leads, in both languages."""
    return [render_letter(compose_letter(facts(), language)).html for facts in FACTS.values() for language in LANGUAGES]


def used() -> set[Use]:
    return set().union(*(Letter(html).uses for html in letters()))


def test_everything_that_the_letter_uses_was_judged():
    """An element, attribute, kind of value, selector or at-rule that is new is first looked up, then listed."""
    assert [] == shown(used() - judged()), (
        "the letter uses what no table of docs/mail-clients.md lists: look each up on caniemail.com; what Outlook, "
        "Gmail, Apple Mail, Mail.ru, Yahoo, Samsung and Proton support is added to the tables below; what some do not "
        "is left out of the letter, or also explained in the first table"
    )


def test_nothing_is_listed_that_the_letter_no_longer_uses():
    """Its line goes, so that it is looked up again when somebody wants it back."""
    assert [] == shown(judged() - used()), "take these out of the tables of docs/mail-clients.md"


@pytest.mark.parametrize(
    "html, use",
    [
        ("<video>", "<video>"),
        ("<b hidden>", "<b> hidden"),
        ('<img src="https://a.example/b.svg">', "<img> src=https:"),
        ("<!--[if mso]><b><![endif]-->", "<!-- -->"),
        ('<td style="gap: 8px">', "gap px"),
        ('<td style="margin: -4px">', "margin -px"),
        ('<td style="line-height: 1.5">', "line-height number"),
        ('<td style="display: inline-flex">', "display inline-flex"),
        ('<td style="width: calc(1rem + 1px)">', "width calc("),
        ('<td style="width: calc(1rem + 1px)">', "width rem"),
        ('<td style="color: #fff8">', "color #rgba"),
        ("<style>p { top: 0!important }</style>", "top !important"),
        ("<style>.a.b p, .c:hover > b[d] {}</style>", "selector .class.class element"),
        ("<style>.a.b p, .c:hover > b[d] {}</style>", "selector .class:hover > element[d]"),
        ("<style>@import 'a.css';</style>", "@import 'a.css'"),
        ("<style>@media print and (width: 9px) {}</style>", "@media print and (width)"),
        ("<style>@media print { p { top: 1em } }</style>", "top em"),
    ],
)
def test_a_use_is_seen(html, use):
    """The guard is as good as what it notices."""
    assert use in shown(Letter(html).uses)


def test_gmail_shows_the_letter_whole():
    """Beyond 102 KB it cuts, and offers the rest behind a link."""
    assert max(len(html.encode()) for html in letters()) <= GMAIL_CLIPS_AT_BYTES
