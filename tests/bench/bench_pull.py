"""The pull of an export into SQLite against the least that anybody would write: csv and an upsert."""

import csv
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from planerka.crm.table import TableCrm
from planerka.intake.pull import PullReport, pull
from planerka.store.database import open_store
from tests.bench.registry import Ratio, bench, best_of

ROWS_N = 200_000
ROUNDS_N = 3
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
FIRST_AT = datetime(2024, 1, 1, 9)

MAPPING = """
source: bench
currency: RUB
time_zone: Europe/Moscow
leads:
  file: leads.csv
  delimiter: ";"
  formats: ["%d.%m.%Y %H:%M"]
  columns:
    {id: ID, created_at: Создан, channel_id: Источник, manager_id: Менеджер, stage_id: Этап, reason_id: Причина}
  rejected: {column: Этап, in: [Отказ]}
  dates: {rejected: Отказ от}
references:
  stage: {Новый: {code: new}, Отказ: {code: rejected}}
  reason: {Недозвон: {code: no_answer}}
"""
HEADER = ("ID", "Создан", "Источник", "Менеджер", "Этап", "Причина", "Отказ от")
UPSERT = (
    "INSERT INTO lead VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, "
    "channel_id = excluded.channel_id, manager_id = excluded.manager_id, stage_id = excluded.stage_id, "
    "reason_id = excluded.reason_id, rejected_at = excluded.rejected_at"
)


def export_rows() -> Iterator[tuple[object, ...]]:
    """A lead every five minutes; two of five are rejected two days later."""
    for n in range(ROWS_N):
        at = FIRST_AT + timedelta(minutes=5 * n)
        lost = n % 5 < 2
        tail = ("Отказ", "Недозвон", f"{at + timedelta(days=2):%d.%m.%Y %H:%M}") if lost else ("Новый", "", "")
        yield (f"L{n}", f"{at:%d.%m.%Y %H:%M}", f"Канал {n % 9}", f"Менеджер {n % 8}", *tail)


def write_export(folder: Path) -> None:
    with (folder / "leads.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows((HEADER, *export_rows()))
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")


def pulled(folder: Path) -> PullReport:
    """The export in a folder, pulled into a new store on SQLite."""
    crm = TableCrm(folder / "mapping.yaml", worklist=folder / "list.csv", now=lambda: NOW, phone_key=b"bench" * 8)
    engine = open_store(f"sqlite:///{tempfile.mkdtemp(dir=folder)}/store.db")
    report = pull(engine, crm, ZONE, NOW, lambda step: None)
    engine.dispose()
    assert 0 == report.quarantined_n
    return report


def ours(folder: Path) -> None:
    report = pulled(folder)
    assert ROWS_N < report.changed_n, "an event for each lead is to be pulled too"


def bare(folder: Path) -> None:
    """Dates are read, leads upserted by id: nothing is checked, and none of the 360,000 events and cards is made."""
    with (
        closing(sqlite3.connect(f"{tempfile.mkdtemp(dir=folder)}/bare.db")) as connection,
        (folder / "leads.csv").open(encoding="utf-8") as file,
    ):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE lead (id TEXT PRIMARY KEY, created_at INT, channel_id, manager_id, stage_id, reason_id, "
            "rejected_at INT) WITHOUT ROWID"
        )
        reader = csv.reader(file, delimiter=";")
        next(reader)
        while rows := list(islice(reader, 10_000)):
            connection.executemany(UPSERT, [(*row[:1], instant(row[1]), *row[2:6], instant(row[6])) for row in rows])
        connection.commit()


def instant(text: str) -> int | None:
    """Microseconds since 1970, as planerka keeps them."""
    if not text:
        return None
    return int(datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=ZONE).timestamp() * 1_000_000)


@bench(f"pull of {ROWS_N:,} leads of an export into SQLite against csv and a bare upsert")
def pull_of_an_export() -> Ratio:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_export(folder)
        return Ratio(ours_s=best_of(ROUNDS_N, partial(ours, folder)), peer_s=best_of(ROUNDS_N, partial(bare, folder)))
