"""An export may know of deals long after its last lead: a week of them alone is not shown as one without demand."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from expectations.pack import HAS_LEADS, pack_gate
from expectations.pull import check_pull
from planerka.clock import Week
from planerka.crm.table import TableCrm
from planerka.errors import GateStoppedError
from planerka.intake.pull import pull
from planerka.pack.assemble import assemble
from planerka.pack.facts import PackFacts
from planerka.pack.freeze import freeze
from planerka.settings import PROJECT, Settings
from tests.builders_cycle import nothing_to_say

PAGE = (PROJECT / "docs" / "your-own-export.md").read_text("utf-8")
EXAMPLE = dict(re.findall(r"^```(?:csv|yaml) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
NOW = datetime(2026, 4, 20, tzinfo=UTC)
SETTINGS = Settings(data=Path("nowhere"))


@pytest.fixture
def pulled(engine: sa.Engine, tmp_path: Path) -> sa.Engine:
    """The export of the manual, whose leads end on 4 March, with a contract of 20 March."""
    for name, content in EXAMPLE.items():
        (tmp_path / name).write_text(content, "utf-8")
    with (tmp_path / "contracts.csv").open("a", encoding="utf-8") as file:
        file.write("ДДУ-19;1002;20.03.2026;500 000,00 ₽;14;Машиноместо\n")
    worklist = tmp_path / "worklist.csv"
    crm = TableCrm(tmp_path / "mapping.yaml", worklist=worklist, now=lambda: NOW, phone_key=b"secret")
    pull(engine, crm, SETTINGS.zone, NOW, nothing_to_say)
    return engine


def facts_of(engine: sa.Engine, week: str) -> PackFacts:
    return assemble(engine, "our-crm", Week.parse(week), SETTINGS, frozenset(), NOW, "run")


@pytest.mark.parametrize("week, expected", [("2026-W10", False), ("2026-W11", True)])
def test_a_week_wholly_after_the_last_lead_of_an_export_stops_the_pack(week, expected, pulled):
    report = pack_gate(facts_of(pulled, week))
    assert expected == (HAS_LEADS.key in [check.key for check in report.stopped_by])


def test_the_pack_says_which_week_to_ask_for(pulled):
    week = Week.parse("2026-W11")
    with pytest.raises(GateStoppedError, match=r"last lead of our-crm is of 2026-03-04: .* by --week 2026-W10"):
        freeze(pulled, "our-crm", week, SETTINGS, frozenset(), NOW, "run", pack_gate, "a test")


def test_data_that_end_too_early_are_told_with_the_last_week_that_has_leads(pulled):
    """Not with the last that the contracts reach."""
    with pytest.raises(GateStoppedError, match=r"reach until 2026-03-20 21:00 UTC: .* by --week 2026-W10$"):
        check_pull(pulled, "our-crm", SETTINGS, NOW, NOW)
