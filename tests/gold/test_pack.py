"""Whole packs and letters as files: a change of words or layout is seen in the diff.

Update after a wanted change, then read the diff:

    PLANERKA_GOLD=update .venv/bin/python -m pytest -n0 tests/gold

Charts are written as their specs: drawn, they would differ with the fonts of the machine.
"""

import json
import os
from pathlib import Path

import pytest
from markupsafe import Markup

from planerka.pack.compose import compose, compose_letter
from planerka.pack.model import Chart
from planerka.pack.render import LetterParts, render_letter, render_pack
from tests.builders_pack import FACTS

GOLD = Path(__file__).parent


def spec_of(chart: Chart) -> Markup:
    """The spec of a chart in place of its drawing."""
    return Markup("<pre>{}</pre>").format(json.dumps(chart.spec["data"], ensure_ascii=False, indent=1))


def pack(facts: str, language: str) -> str:
    return render_pack(compose(FACTS[facts](), language, "gates.html"), draw=spec_of)


def letter(language: str, facts: str = "full") -> LetterParts:
    return render_letter(compose_letter(FACTS[facts](), language))


FILES = {
    "full.ru.html": lambda: pack("full", "ru"),
    "full.en.html": lambda: pack("full", "en"),
    "export.ru.html": lambda: pack("export", "ru"),
    "export.en.html": lambda: pack("export", "en"),
    "corrected.ru.html": lambda: pack("corrected", "ru"),
    "letter.ru.html": lambda: letter("ru").html,
    "letter.en.html": lambda: letter("en").html,
    "letter.ru.txt": lambda: letter("ru").text,
    "letter.en.txt": lambda: letter("en").text,
    "letter.corrected.ru.html": lambda: letter("ru", "corrected").html,
    "letter.corrected.ru.txt": lambda: letter("ru", "corrected").text,
    "letter.corrected.en.txt": lambda: letter("en", "corrected").text,
}


@pytest.mark.parametrize("name", FILES)
def test_a_pack_is_what_it_was(name):
    """Byte for byte; see the top of this file for the update."""
    content = FILES[name]()
    if os.environ.get("PLANERKA_GOLD") == "update":
        (GOLD / name).write_text(content, encoding="utf-8")
    assert (GOLD / name).read_text(encoding="utf-8") == content
