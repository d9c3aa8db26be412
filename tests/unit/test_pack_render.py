"""From a page to HTML: escaped, self-contained, drawn in the colours of the page."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from jinja2 import UndefinedError

from planerka.pack import charts
from planerka.pack.compose import compose, compose_letter
from planerka.pack.render import LetterParts, environment, render_letter, render_pack
from tests.builders_pack import empty_facts, export_facts, funnel, header, pack_facts, rejections

HOSTILE = '<script>alert("Иван & Ко")</script>'


def pack(facts, language="ru") -> str:
    return render_pack(compose(facts, language))


def letter(facts, language="ru") -> LetterParts:
    return render_letter(compose_letter(facts, language))


def hostile_facts():
    """Titles from a CRM that is not our friend, in tables, charts, sentences and the header."""
    scopes = tuple(replace(scope, title=HOSTILE) for scope in funnel().by_channel)
    return pack_facts(
        header=header(company=HOSTILE),
        funnel=replace(funnel(), by_channel=scopes),
        rejections=replace(
            rejections(),
            junk=tuple(replace(fact, channel_title=HOSTILE) for fact in rejections().junk),
            wrong=tuple(replace(fact, manager_title=HOSTILE) for fact in rejections().wrong),
            neglect=tuple(replace(fact, manager_title=HOSTILE) for fact in rejections().neglect),
        ),
    )


def test_a_name_with_a_script_stays_a_name():
    """Escaped in the page, in its charts, in the mail; nothing of it runs."""
    facts = hostile_facts()
    assert "<script" not in pack(facts) + letter(facts).html
    assert "&lt;script&gt;" in pack(facts)
    assert HOSTILE in letter(facts).text


@pytest.mark.parametrize("facts", [pack_facts(), export_facts(), empty_facts()], ids=["full", "export", "empty"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_page_fetches_nothing(facts, language):
    """No script, no outside resource, and a policy that would forbid both."""
    html = pack(facts, language)
    assert [] == re.findall(r"<(?:script|link|img|iframe|object)\b|@import|url\(|src=|javascript:", html)
    assert "default-src 'none'" in html
    assert f'<html lang="{language}">' in html


@pytest.mark.parametrize("language", ["ru", "en"])
def test_no_english_is_left_in_a_russian_letter_and_no_russian_in_an_english_one(language):
    """Apart from what the source and the settings call their things."""
    facts = export_facts()
    said = letter(facts, language).text
    cyrillic_n, latin_n = len(re.findall("[А-Яа-яё]", said)), len(re.findall("[A-Za-z]", said))
    assert (language == "ru") == (cyrillic_n > latin_n)


def test_a_chart_speaks_and_follows_the_theme():
    """A picture with a title and a text; every colour is a variable of the page."""
    page = compose(pack_facts(), "ru")
    chart = next(b for b in page.sections[2].blocks if b.kind == "pair").columns[0][0]
    root = ElementTree.fromstring(charts.svg(chart))
    assert ("img", "chart-junk chart-junk-text") == (root.get("role"), root.get("aria-labelledby"))
    assert [chart.title, chart.summary] == [root[0].text, root[1].text]
    colours = {value for node in root.iter() for name, value in node.items() if name in ("fill", "stroke")}
    assert {colour for colour in colours if not colour.startswith("var(--")} <= {"none", "transparent", "black"}


def test_the_letter_carries_its_picture_by_content_id():
    """A PNG with an alternative text; its name in the HTML is its content id."""
    parts = letter(pack_facts())
    assert ["track"] == list(parts.images)
    assert parts.images["track"].startswith(b"\x89PNG")
    assert 'src="cid:track"' in parts.html


def test_the_letter_is_not_clipped():
    """Mail clients cut HTML above some 100 KB."""
    assert len(letter(pack_facts()).html.encode()) < 100_000


def test_a_letter_without_a_chart_has_no_picture():
    """Nothing to draw: no broken image."""
    facts = pack_facts(result=replace(pack_facts().result, plans=()), funnel=replace(funnel(), steps=()))
    assert ({}, False) == (letter(facts).images, "<img" in letter(facts).html)


def test_a_template_that_asks_for_an_unknown_name_fails():
    """A misspelt name is an error, not a blank in a meeting."""
    with pytest.raises(UndefinedError):
        environment(charts.svg).from_string("{{ page.titel }}").render(page=compose(empty_facts(), "en"))
