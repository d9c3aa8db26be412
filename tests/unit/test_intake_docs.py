"""The page about the gates names every check, and no other."""

import re
from pathlib import Path

from planerka.intake.frame_tests import FRAME_TESTS
from planerka.intake.row_tests import BY_KEY

PAGE = (Path(__file__).parents[2] / "docs" / "gates.md").read_text(encoding="utf-8")
ROWS = PAGE.partition("## Rows of a pull")[2].partition("## A pull as a whole")[0]


def nouns_of(name: str) -> str:
    """The nouns that have the row test, in the order of the page."""
    nouns = [key.partition(".")[0] for key in BY_KEY if key.endswith(f".{name}")]
    return "all" if len(nouns) == 8 else ", ".join(nouns)


def test_every_row_test_is_described_with_its_nouns():
    described = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\w, ]+) \|$", ROWS, re.M))
    names = {key.partition(".")[2] for key in BY_KEY}
    assert {name: nouns_of(name) for name in names} == described


def test_every_test_of_a_pull_is_described():
    assert {spec.key for spec in FRAME_TESTS} == set(re.findall(r"`(pull\.\w+)`", PAGE))
