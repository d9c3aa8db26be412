"""docs/data-model.md names every table and every kind of event."""

import re
from pathlib import Path

from planerka.model import EventKind
from planerka.store.tables import metadata

PAGE = (Path(__file__).parents[2] / "docs" / "data-model.md").read_text(encoding="utf-8")


def names_in(title: str) -> set[str]:
    """The code words of the first column of the tables under a heading."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| ([^|]+) \|", section, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_table_is_described() -> None:
    """And no table that is gone."""
    assert set(metadata.tables) == names_in("What a source supplies") | names_in("What planerka makes of it")


def test_every_kind_of_event_is_described() -> None:
    assert set(EventKind) == names_in("Kinds of event")
