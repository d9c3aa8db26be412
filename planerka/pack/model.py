"""All that a template may see: a page made of a few kinds of block, every text already worded and formatted.

A section is a list of blocks, so a new section needs a composer and no template. `tone` carries a meaning
that the text states too: colour alone never tells anything.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


class Tone(StrEnum):
    GOOD = "good"
    BAD = "bad"
    PLAIN = "plain"
    MUTED = "muted"


@dataclass(frozen=True, kw_only=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value, a quieter note under it, and a bar of `bar` ("42.0%") where the column is compared by eye."""

    text: str
    note: str = ""
    tone: Tone = Tone.PLAIN
    bar: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    title: str
    is_number: bool = True


@dataclass(frozen=True, kw_only=True)
class Row:
    """The first cell heads the row."""

    head: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """`columns` includes the one of the row heads. `key` is unique on the page."""

    kind: ClassVar[str] = "table"
    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Tile:
    label: str
    value: str
    notes: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """A row of figures. `title` is empty where the section's own will do; `note` explains words of the tiles."""

    kind: ClassVar[str] = "tiles"
    title: str
    tiles: tuple[Tile, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A Vega-Lite spec in the palette of `charts`; `summary` says in words what is drawn, `note` explains marks."""

    kind: ClassVar[str] = "chart"
    key: str
    title: str
    summary: str
    note: str = ""
    spec: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Columns of blocks, side by side where there is room: one department's side beside the other's."""

    kind: ClassVar[str] = "pair"
    columns: tuple[tuple["Block", ...], ...]


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """A line in place of what cannot be shown, and why."""

    kind: ClassVar[str] = "quiet"
    text: str


@dataclass(frozen=True, kw_only=True)
class Bullets:
    kind: ClassVar[str] = "bullets"
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Links:
    kind: ClassVar[str] = "links"
    title: str
    links: tuple[Link, ...]


Block = Table | Tiles | Chart | Pair | Quiet | Bullets | Links


@dataclass(frozen=True, kw_only=True)
class Section:
    """`lead` is the section in one sentence: what to remember of it."""

    key: str
    number: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure of the hero band against its plan. `reached` and `due` are positions ("65.0%") on the plan's bar."""

    label: str
    value: str
    of: str
    reached: str | None
    due: str | None
    summary: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Hero:
    """`headline` in two or three words, `detail` with its figures; empty where the headline says it all."""

    headline: str
    detail: str
    goals: tuple[Goal, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A name and what is said of it: a line of the header."""

    name: str
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole pack. `skip` and `contents` word its navigation; `changed` is what a correction changes."""

    language: str
    title: str
    company: str
    subtitle: str
    skip: str
    contents: str
    warnings: tuple[str, ...]
    changed: Bullets | None
    items: tuple[Item, ...]
    hero: Hero
    sections: tuple[Section, ...]
    footer: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """The short form that is mailed: the header, the common result, the exceptions, what to talk over."""

    language: str
    subject: str
    preheader: str
    company: str
    subtitle: str
    warnings: tuple[str, ...]
    changed: Bullets | None
    hero: Hero
    week: Tiles
    chart: Chart | None
    movers: Tiles | None
    exceptions: Bullets
    agenda: str
    attached: str
    items: tuple[Item, ...]
    footer: str
