"""The preview of an export, wired from the settings: what `planerka map check` shows."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir

from flows.wiring import clock
from planerka.crm.table import TableCrm
from planerka.crm.worklist import FILE_NAME
from planerka.files import write_atomically
from planerka.preview.costs import Cost, costs_of
from planerka.preview.page import preview_page
from planerka.preview.rehearsal import Preview, rehearse
from planerka.preview.tables import Table, headline, tables_of
from planerka.regulation.editions import load_all
from planerka.rulebook.kpis import Catalogue, load_catalogue
from planerka.rulebook.regulation import Edition
from planerka.sections import revealed
from planerka.settings import Settings, load_settings
from planerka.words import words_for

DEFAULT = Path("mapping.yaml")

Rules = tuple[Catalogue, Edition | None]
"""What an export is held against: the KPIs, and the regulation where there is one."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An export as its mapping reads it at `at`."""

    settings: Settings
    crm: TableCrm
    at: datetime
    found: Preview
    rules: Rules

    def costs(self, language: str) -> tuple[Cost, ...]:
        return costs_of(self.crm.lacks(), *self.rules, words_for(language))


def rules_of(settings: Settings) -> Rules:
    """By the newest edition of the rulebook, signed or not: the heads may want to know before they sign."""
    editions = load_all(settings.rulebook / "regulation")
    return load_catalogue(settings.rulebook / "kpis.yaml"), editions[-1] if editions else None


def preview(mapping: Path | None, folder: Path | None) -> Seen:
    """The rehearsal of a pull by a mapping, by default that of the settings. MappingError, CrmError."""
    settings, at = load_settings(), clock()
    key = settings.phone_hash_key or secrets.token_bytes()
    crm = TableCrm(
        mapping or settings.source.mapping or DEFAULT,
        worklist=Path(gettempdir(), FILE_NAME),
        now=lambda: at,
        folder=folder or (None if mapping else settings.source.folder),
        database=revealed(settings.source.database),
        phone_key=key,
    )
    return Seen(settings=settings, crm=crm, at=at, found=rehearse(crm, at), rules=rules_of(settings))


def tables_in(seen: Seen, language: str) -> tuple[str, tuple[Table, ...]]:
    """The headline and the tables."""
    words = words_for(language)
    return headline(seen.found, words), tables_of(seen.found, seen.costs(language), seen.crm.mapping.zone, words)


def write_page(seen: Seen, path: Path) -> None:
    """The page, in the language of the settings."""
    title, tables = tables_in(seen, seen.settings.language)
    words = words_for(seen.settings.language)
    page = preview_page(tables, title, seen.found.source, seen.at, seen.crm.mapping.zone, words)
    write_atomically(path, page.encode())
