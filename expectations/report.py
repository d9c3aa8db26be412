"""What the gates found, as pages beside a pack: what held the data back, and how each clause was kept."""

from pathlib import Path

import sqlalchemy as sa

from expectations import pack, regulation
from expectations.page import gate_page
from planerka.clock import start_of
from planerka.files import write_atomically
from planerka.intake.check import SUITE
from planerka.pack.freeze import FrozenPack
from planerka.pack.write import folder_of
from planerka.regulation.signed import edition_in_force
from planerka.settings import Settings
from planerka.store import gates
from planerka.store.database import reading
from planerka.words import LOCALES


def write_report(engine: sa.Engine, frozen: FrozenPack, settings: Settings) -> dict[str, Path]:
    """Write the pages of what the gates had found when the pack was frozen; returns the path of each by language."""
    at = frozen.facts.header.assembled_at
    begin = start_of(frozen.week.monday, settings.zone)
    with reading(engine) as connection:
        edition = edition_in_force(connection, at, settings.zone)
        latest = [gates.latest(connection, frozen.source, suite, at) for suite in (SUITE, pack.SUITE)]
        judged = gates.between(connection, frozen.source, regulation.SUITE, begin, at)
    reports = [report for report in latest if report]
    if edition and judged:
        reports.append(regulation.merge(edition, judged))
    paths = {}
    for language in LOCALES:
        paths[language] = folder_of(frozen, settings.out) / f"gates.{language}.html"
        page = gate_page(reports, frozen.source, at, settings.zone, language, edition)
        write_atomically(paths[language], page.encode())
    return paths
