"""A frozen pack as files: one page a language, and what the gates found beside them."""

from pathlib import Path

from planerka.files import write_atomically
from planerka.pack.compose import compose
from planerka.pack.freeze import FrozenPack
from planerka.pack.render import render_pack
from planerka.words import LOCALES


def folder_of(pack: FrozenPack, out: Path) -> Path:
    return out / f"{pack.week}-v{pack.version}"


def write_pack(pack: FrozenPack, out: Path) -> dict[str, Path]:
    """Write the pages; returns the path of each by language. The same pack is the same bytes."""
    paths = {}
    for language in LOCALES:
        page = compose(pack.facts, language, f"gates.{language}.html")
        paths[language] = folder_of(pack, out) / f"pack.{language}.html"
        write_atomically(paths[language], render_pack(page).encode())
    return paths
