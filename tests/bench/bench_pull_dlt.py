"""A large export into SQLite, read, gated and stored, against dlt loading the same file as it stands."""

import csv
import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from tests.bench.bench_pull import FIRST_AT, pulled
from tests.bench.registry import Ratio, apart, bench

ROWS_N = 1_000_000
PHONES_N = 200_000
WRITTEN_AS = "%d.%m.%Y %H:%M"

MAPPING = """
source: bench
currency: RUB
time_zone: Europe/Moscow
leads:
  file: leads.csv
  formats: ["%d.%m.%Y %H:%M"]
  columns:
    {id: id, created_at: created, enquiry: came_by, channel_id: channel, campaign_id: campaign, project_id: project,
     manager_id: manager, stage_id: stage, reason_id: reason, updated_at: changed, PHONE}
  rejected: {column: stage, in: [lost]}
  dates: {rejected: lost_on}
  rejection: {budget_minor: budget}
references:
  stage: {new: {code: new}, lost: {code: rejected}}
  reason: {no answer: {code: no_answer}, price: {code: too_expensive}, twice: {code: duplicate}, spam: {code: spam}}
"""
HEADER = ("id", "created", "came_by", "channel", "campaign", "project", "manager", "stage", "reason", "lost_on")
HEADER = (*HEADER, "budget", "changed")
ENQUIRIES = ("form", "missed_call", "chat", "other")
REASONS = ("no answer", "price", "twice", "spam")


def export_row(n: int) -> tuple[object, ...]:
    """A lead every minute; every second one is rejected some days later."""
    at = FIRST_AT + timedelta(minutes=n)
    start = (f"L{n}", at.strftime(WRITTEN_AS), ENQUIRIES[n % 4], f"channel {n % 9}", f"campaign {n % 40}")
    start = (*start, f"project {n % 5}", f"manager {n % 30}")
    if n % 2:
        return (*start, "new", "", "", "", at.strftime(WRITTEN_AS))
    lost_at = (at + timedelta(days=1 + n % 5)).strftime(WRITTEN_AS)
    return (*start, "lost", REASONS[n // 2 % 4], lost_at, 3_000_000 + n % 977 * 10_000, lost_at)


def phone(n: int) -> str:
    """Of a mobile operator, as a manager types it: another for each lead."""
    return f"+7 916 {n % 10_000_000:07}"


def write_export(folder: Path, rows_n: int, *, has_phones: bool) -> None:
    with (folder / "leads.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*HEADER, "phone") if has_phones else HEADER)
        writer.writerows((*export_row(n), phone(n)) if has_phones else export_row(n) for n in range(rows_n))
    (folder / "mapping.yaml").write_text(MAPPING.replace(", PHONE", ", phone: phone" if has_phones else ""), "utf-8")


def ours(folder: Path, rows_n: int) -> None:
    """Leads, their events and the cards of the rejected: three rows in the store for each row of the file."""
    report = pulled(folder)
    assert 3 * rows_n < report.changed_n, "an event for each lead, another and a card for every second are pulled too"


def dlt(folder: Path) -> None:
    """Its way of a CSV: rows of text, as they stand, appended to one table without an index."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt

    destination = dlt.destinations.sqlalchemy(f"sqlite:///{folder}/dlt.db")
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name="main", pipelines_dir=str(folder / "dlt"))
    pipeline.run(pages_of(folder / "leads.csv"), table_name="lead", write_disposition="append")


def pages_of(path: Path) -> Iterator[list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        while rows := list(islice(reader, 10_000)):
            yield rows


def against_dlt(rows_n: int, *, has_phones: bool, limit: float | None) -> Ratio:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_export(folder, rows_n, has_phones=has_phones)
        ours_s, ours_mb = apart(partial(ours, folder, rows_n))
        peer_s, peer_mb = apart(partial(dlt, folder))
        return Ratio(ours_s=ours_s, peer_s=peer_s, ours_mb=ours_mb, peer_mb=peer_mb, limit=limit)


@bench(f"pull, gate and store {ROWS_N:,} leads of an export against dlt")
def pull_of_a_large_export() -> Ratio:
    return against_dlt(ROWS_N, has_phones=False, limit=0.5)


@bench(f"pull, gate and store {PHONES_N:,} leads of an export with a phone each against dlt")
def pull_of_an_export_with_phones() -> Ratio:
    return against_dlt(PHONES_N, has_phones=True, limit=None)
