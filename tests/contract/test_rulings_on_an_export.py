"""Where the source is an export, a ruling becomes a line of the worklist, and the next export is the receipt."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.crm.table import TableCrm
from planerka.disputes.appeals import appeal, decide_appeal
from planerka.disputes.applying import ApplyReport, apply_commands
from planerka.disputes.raising import raise_by_hand
from planerka.disputes.ruling import rule, undo
from planerka.intake.pull import pull
from planerka.model import Decision
from planerka.regulation.signed import sign_edition
from planerka.store import disputes
from planerka.store.disputes import DisputeView
from tests.builders_disputes import docket_of
from tests.builders_regulation import EDITION
from tests.builders_store import MOSCOW

MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANALYST, HEAD, DIRECTOR = "Анна", "Пётр", "Борис"
MAPPING = """
source: crm
currency: RUB
time_zone: Europe/Moscow
leads:
  file: leads.csv
  columns: {id: ID, created_at: Created, stage_id: Stage}
  rejected: {column: Stage, in: [lost]}
  dates:
    rejected: Lost
"""
REJECTED = "L1,2026-11-02 10:00:00,lost,2026-11-20 10:00:00"
OTHER = "L2,2026-11-02 10:00:00,new,"


class Shop:
    """A company whose leads come in a file, and its disputes."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine, self.folder, self.docket = engine, folder, docket_of(engine)
        (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
        for role in ("marketing", "sales"):
            sign_edition(engine, EDITION, role, HEAD, MONDAY)

    def crm(self, at: datetime) -> TableCrm:
        return TableCrm(self.folder / "mapping.yaml", worklist=self.folder / "worklist.csv", now=lambda: at)

    def exported(self, at: datetime, *rows: str) -> None:
        """An export of that moment, pulled: its last event is the creation of another lead just then."""
        newest = f"N{at:%d%H},{at.astimezone(MOSCOW):%Y-%m-%d %H:%M:%S},new,"
        lines = ["ID,Created,Stage,Lost", *rows, OTHER, newest]
        (self.folder / "leads.csv").write_text("\n".join(lines), "utf-8")
        pull(self.engine, self.crm(at), MOSCOW, at, lambda step: None)

    def apply(self, at: datetime) -> ApplyReport:
        return apply_commands(self.engine, self.crm(at), "this test", at)

    def worklist(self) -> list[list[str]]:
        """Lead and action of each line."""
        return [row[2:4] for row in self.crm(MONDAY).worklist.read()[1]]

    def shown(self, number: int) -> DisputeView:
        with self.engine.begin() as connection:
            return disputes.show(connection, "crm", number)


@pytest.fixture
def shop(engine: sa.Engine, tmp_path: Path) -> Shop:
    return Shop(engine, tmp_path)


@pytest.fixture
def number(shop: Shop) -> int:
    """A dispute over the rejected lead, by marketing."""
    shop.exported(MONDAY, REJECTED)
    return raise_by_hand(shop.docket, "L1", HEAD, "Не звонили", MONDAY)


def test_a_return_goes_from_the_ruling_to_the_worklist_and_is_seen_in_the_next_export(shop: Shop, number: int):
    """People reopen the lead by the line; an export in which it is still rejected proves nothing."""
    rule(shop.docket, number, Decision.RETURN_TO_WORK, ANALYST, "Одна попытка", MONDAY)
    assert ApplyReport(handed_over_n=1) == shop.apply(MONDAY)
    assert [["L1", "return_to_work"]] == shop.worklist()

    tuesday = MONDAY + timedelta(days=1)
    shop.exported(tuesday, REJECTED)
    assert ApplyReport() == shop.apply(tuesday)
    assert (MONDAY, None) == (shop.shown(number).handed_over_at, shop.shown(number).confirmed_at)

    wednesday = MONDAY + timedelta(days=2)
    shop.exported(wednesday, "L1,2026-11-02 10:00:00,new,2026-11-20 10:00:00")
    assert ApplyReport(confirmed_n=1) == shop.apply(wednesday)
    assert wednesday == shop.shown(number).confirmed_at
    assert ApplyReport() == shop.apply(wednesday)
    assert [["L1", "return_to_work"]] == shop.worklist()


def test_a_ruling_that_is_undone_before_it_leaves_leaves_no_line(shop: Shop, number: int):
    """Within its minute the command waits; after the undoing there is none."""
    minute = timedelta(minutes=1)
    rule(shop.docket, number, Decision.RETURN_TO_WORK, ANALYST, "Одна попытка", MONDAY, undo_time=minute)
    assert ApplyReport() == shop.apply(MONDAY + minute / 2)
    undo(shop.docket, number, ANALYST, MONDAY + minute / 2)
    assert ApplyReport() == shop.apply(MONDAY + minute)
    assert ([], "opened") == (shop.worklist(), shop.shown(number).state)


def test_an_appealed_return_waits_for_the_director_and_goes_out_once(shop: Shop, number: int):
    """Appealed before it left: nothing is to be done until the director has decided."""
    rule(shop.docket, number, Decision.RETURN_TO_WORK, ANALYST, "Одна попытка", MONDAY)
    appeal(shop.docket, number, HEAD, "Клиент отказался сам", MONDAY)
    assert (ApplyReport(), []) == (shop.apply(MONDAY), shop.worklist())
    decide_appeal(shop.docket, number, Decision.RETURN_TO_WORK, DIRECTOR, "Позвонить", MONDAY + HOUR)
    assert 1 == shop.apply(MONDAY + HOUR).handed_over_n
    assert ([["L1", "return_to_work"]], "final_return") == (shop.worklist(), shop.shown(number).state)


def test_a_return_that_was_appealed_on_its_way_is_proved_by_the_export_all_the_same(shop: Shop, number: int):
    """What people did with the lead is so whatever is decided about it later; and it is returned once."""
    rule(shop.docket, number, Decision.RETURN_TO_WORK, ANALYST, "Одна попытка", MONDAY)
    shop.apply(MONDAY)
    appeal(shop.docket, number, HEAD, "Клиент отказался сам", MONDAY)
    tuesday = MONDAY + timedelta(days=1)
    shop.exported(tuesday, "L1,2026-11-02 10:00:00,new,2026-11-20 10:00:00")
    assert ApplyReport(confirmed_n=1) == shop.apply(tuesday)
    decide_appeal(shop.docket, number, Decision.RETURN_TO_WORK, DIRECTOR, "Верно", tuesday)
    assert (ApplyReport(), 1) == (shop.apply(tuesday), len(shop.worklist()))
