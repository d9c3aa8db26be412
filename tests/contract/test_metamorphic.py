"""One export written in many ways is one company: every figure and fact of its pack is the same to the last digit."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planerka.clock import Week, WorkCalendar
from planerka.crm.table import TableCrm
from planerka.disputes.opening import open_disputes
from planerka.intake.pull import pull
from planerka.kpis.measuring import measure_touched_days
from planerka.pack.assemble import assemble
from planerka.pack.facts import PackFacts
from planerka.processes.neglect import find_neglects
from planerka.regulation.editions import parse
from planerka.regulation.judging import judge_new_rejections
from planerka.regulation.signed import sign_edition
from planerka.settings import Settings
from planerka.store.database import open_store
from tests import services
from tests.builders_cycle import PROJECT, nothing_to_say, open_gate, rows_of
from tests.builders_writings import LEADS_N, Writing, write_export

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WEEK = Week.parse("2026-W15")

WRITINGS = {
    "dates of Russia": Writing(formats=("%d.%m.%Y %H:%M", "%d.%m.%Y")),
    "dates of America": Writing(formats=("%m/%d/%Y %I:%M %p", "%m/%d/%Y")),
    "dates without separators": Writing(formats=("%Y%m%d%H%M%S", "%Y%m%d")),
    "decimal commas, thousands apart": Writing(decimal_mark=",", group="\u00a0", delimiter=";"),
    "decimal commas, thousands dots": Writing(decimal_mark=",", group="."),
    "decimal points, thousands commas": Writing(group=","),
    "semicolons and cp1251": Writing(delimiter=";", encoding="cp1251"),
    "tabs and UTF-16": Writing(delimiter="\t", encoding="utf-16"),
    "a byte order mark and lines of Windows": Writing(encoding="utf-8-sig", line_end="\r\n"),
    "lines that end twice": Writing(line_end="\r\r\n"),
    "lines of an old Mac": Writing(line_end="\r"),
    "everything in quotes": Writing(quotes_all=True),
    "columns the other way round": Writing(is_reversed=True),
    "workbooks": Writing(kind="xlsx"),
    "workbooks with decimal commas": Writing(kind="xlsx", decimal_mark=",", formats=("%d.%m.%Y", "%d.%m.%y")),
    "Parquet": Writing(kind="parquet", decimal_mark=","),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an export: the facts of a pack, and every row of the store but for the names of files."""

    facts: PackFacts
    stored: dict[str, list[str]]


def outcome_of(folder: Path, writing: Writing, database: str | None = None) -> Outcome:
    mapping = write_export(folder, writing, database)
    crm = TableCrm(mapping, worklist=folder / "list.csv", now=lambda: NOW, database=database, phone_key=b"key")
    engine = open_store(f"sqlite:///{folder / 'store.db'}")
    settings = Settings(time_zone="Europe/Moscow", rulebook=PROJECT / "rulebook")
    office = WorkCalendar(zone=settings.zone)
    edition = parse((PROJECT / "rulebook" / "regulation" / "2024-01-01.yaml").read_text("utf-8"), "example")
    for role in ("marketing", "sales"):
        sign_edition(engine, edition, role, "Head", NOW)
    pull(engine, crm, settings.zone, NOW, nothing_to_say)
    judge_new_rejections(engine, crm.source, office, open_gate, NOW)
    find_neglects(engine, crm.source, office)
    open_disputes(engine, crm.source, office, NOW)
    measure_touched_days(engine, crm.source, office, [])
    facts = assemble(engine, crm.source, WEEK, settings, frozenset(), NOW, "test")
    stored = rows_of(engine, "pull_window")
    engine.dispose()
    return Outcome(facts=facts, stored=stored)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """UTF-8, commas, ISO dates."""
    return outcome_of(tmp_path_factory.mktemp("plain"), Writing())


def test_the_company_has_something_to_compare(plain):
    """Every lead, and not a row in quarantine; verdicts and disputes too."""
    counts = {name: len(plain.stored[name]) for name in ("lead", "quarantine", "verdict", "dispute", "spend", "plan")}
    assert (LEADS_N, 0) == (counts["lead"], counts["quarantine"])
    assert min(counts["verdict"], counts["dispute"], counts["spend"], counts["plan"]) > 5


@pytest.mark.parametrize("writing", WRITINGS.values(), ids=WRITINGS.keys())
def test_an_export_is_the_same_company_however_it_is_written(writing, plain, tmp_path):
    found = outcome_of(tmp_path, writing)
    assert plain.stored == found.stored
    assert plain.facts == found.facts


def test_queries_to_sqlite_give_the_same_company(plain, tmp_path):
    """It has no type for dates: they are texts there."""
    (tmp_path / "crm.db").touch()
    found = outcome_of(tmp_path, Writing(kind="sql"), f"sqlite:///{tmp_path / 'crm.db'}")
    assert (plain.stored, plain.facts) == (found.stored, found.facts)


def test_queries_to_postgresql_give_the_same_company(plain, tmp_path, postgres):
    with services.postgres_database(postgres, "their_crm") as url:
        found = outcome_of(tmp_path, Writing(kind="sql", decimal_mark=",", is_reversed=True), url)
    assert (plain.stored, plain.facts) == (found.stored, found.facts)
