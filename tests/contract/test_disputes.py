"""Which rejections are sent to review, and how the queue is handed out."""

import csv
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.disputes.export import SHEET, queue_rows, write_queue
from planerka.disputes.opening import OpenReport, open_disputes
from planerka.model import Event, Finding, Lead, Outcome, Reference, Rejection, Verdict
from planerka.regulation.signed import sign_edition
from planerka.store import disputes, leads, neglect, verdicts, windows
from planerka.store.windows import Source
from planerka.words import words_for
from tests.builders_regulation import EDITION
from tests.builders_store import frame_of

ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
REVIEW = WorkCalendar(zone=ZONE, opens=time(9), closes=time(18), weekdays=(1, 2, 3, 4, 5))
HORIZON_DAYS = EDITION.norms.dispute_horizon_days


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    """A store of the source `crm`, complete up to now, under a signed edition."""
    for role in ("marketing", "sales"):
        sign_edition(engine, EDITION, role, "Иванова", NOW)
    with engine.begin() as connection:
        windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
    return engine


def keep(store: sa.Engine, noun: type, *rows: dict) -> None:
    with store.begin() as connection:
        leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), ZONE)


def reject(store: sa.Engine, outcome: str, days_ago: float = 1, status: str = "rejected", **card: object) -> None:
    """A lead that was rejected so long ago, with the machine's verdict on it."""
    at = (NOW - timedelta(days=days_ago)).isoformat()
    keep(store, Lead, {"id": "L1", "client_id": "C1", "status": status, "manager_id": "M1"})
    keep(
        store,
        Event,
        {"id": "E1", "kind": "rejected", "at": at, "recorded_at": at, "manager_id": "M1", "reason_id": "17"},
    )
    keep(store, Rejection, {"id": "E1", **card})
    findings = (Finding(clause="1.1", result="broken", consequence="void", ru="=1+1", en="Attempts: 1"),)
    verdict = Verdict(
        rejection_id="E1", number=1, edition=EDITION.name, outcome=Outcome(outcome), findings=findings, evidence={}
    )
    with store.begin() as connection:
        verdicts.add(connection, "crm", [verdict], NOW)


def opened(store: sa.Engine) -> OpenReport:
    return open_disputes(store, "crm", REVIEW, NOW)


OPENED = [
    ("unlawful", {}, 1, 0),
    ("unprovable", {}, 1, 0),
    ("lawful", {}, 0, 0),
    ("unlawful", {"days_ago": HORIZON_DAYS}, 1, 0),
    ("unlawful", {"days_ago": HORIZON_DAYS + 0.01}, 0, 1),
    ("lawful", {"days_ago": HORIZON_DAYS + 0.01}, 0, 0),
    ("unlawful", {"status": "open"}, 0, 0),
    ("unlawful", {"status": "won"}, 0, 0),
    ("unlawful", {"asked_not_to_call": True}, 0, 0),
    ("unlawful", {"asked_not_to_call": False}, 1, 0),
]


@pytest.mark.parametrize("outcome, rejection, opened_n, older_n", OPENED)
def test_a_wrong_rejection_that_can_still_be_mended_is_disputed_once(store, outcome, rejection, opened_n, older_n):
    """Older ones are counted; a lead in work, a buyer, and a client who wants no calls are left alone."""
    reject(store, outcome, **rejection)
    by_origin = {outcome: 1} if opened_n else {}
    assert OpenReport(opened_n=opened_n, by_origin=by_origin, older_n=older_n) == opened(store)
    assert OpenReport(older_n=older_n) == opened(store)


def test_a_client_is_left_in_peace_whichever_of_their_leads_said_so(store):
    """The one who asked by one enquiry is not called about another."""
    reject(store, "unlawful")
    keep(store, Lead, {"id": "L2", "client_id": "C1"})
    keep(store, Event, {"id": "E2", "lead_id": "L2", "kind": "consent_withdrawn"})
    assert OpenReport() == opened(store)


def test_a_lasting_silence_is_disputed_and_an_ended_one_is_not(store):
    """A touch after it began ends it."""
    keep(store, Lead, {"id": "L1"}, {"id": "L2"})
    last_at, neglected_at = NOW - timedelta(days=9), NOW - timedelta(days=4)
    silent = {"manager_id": "M1", "last_touch_at": pd.Timestamp(last_at), "neglected_at": pd.Timestamp(neglected_at)}
    with store.begin() as connection:
        neglect.store(connection, "crm", pd.DataFrame([{"lead_id": id_, **silent} for id_ in ("L1", "L2")]), ZONE)
    at = (NOW - timedelta(days=1)).isoformat()
    keep(store, Event, {"id": "E2", "lead_id": "L2", "kind": "call_out", "at": at})
    assert OpenReport(opened_n=1, by_origin={"neglect": 1}) == opened(store)
    with store.begin() as connection:
        assert ["L1"] == [view.lead_id for view in disputes.listing(connection, "crm")]


def test_a_report_counts_what_was_opened_now(store):
    """A silence that was disputed last week still lasts, and is not opened again."""
    keep(store, Lead, {"id": "L2"})
    last_at, neglected_at = (pd.Timestamp(NOW - timedelta(days=days)) for days in (9, 4))
    silence = {"lead_id": "L2", "manager_id": "M1", "last_touch_at": last_at, "neglected_at": neglected_at}
    with store.begin() as connection:
        neglect.store(connection, "crm", pd.DataFrame([silence]), ZONE)
    opened(store)
    reject(store, "unlawful")
    assert OpenReport(opened_n=1, by_origin={"unlawful": 1}) == opened(store)


@pytest.mark.parametrize("days_ago", [1, HORIZON_DAYS + 1])
def test_only_the_last_verdict_on_a_rejection_counts(store, days_ago):
    """Judged again and found lawful it is neither disputed nor counted among the older ones."""
    reject(store, "unlawful", days_ago)
    again = Verdict(rejection_id="E1", number=2, edition=EDITION.name, outcome=Outcome.LAWFUL, findings=(), evidence={})
    with store.begin() as connection:
        verdicts.add(connection, "crm", [again], NOW)
    assert OpenReport() == opened(store)


def test_nothing_is_disputed_without_an_edition_in_force(engine):
    """Nor before anything was pulled."""
    assert OpenReport() == opened(engine)
    reject(engine, "unlawful")
    with engine.begin() as connection:
        windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
    assert OpenReport() == opened(engine)


@pytest.mark.parametrize("name", ["queue.csv", "queue.xlsx"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_made_harmless(store, tmp_path, name):
    """Text from the CRM that begins with = + - @ stays text."""
    reject(store, "unlawful")
    keep(store, Reference, {"kind": "manager", "id": "M1", "title": "=HYPERLINK(1)", "code": None})
    opened(store)
    write_queue(tmp_path / name, queue_rows(store, "crm", ZONE, is_all=False), words_for("ru"))
    if name.endswith("csv"):
        heads, row = csv.reader((tmp_path / name).read_text(encoding="utf-8-sig").splitlines())
    else:
        heads, row = (list(cells) for cells in openpyxl.load_workbook(tmp_path / name).worksheets[0].values)
    assert list(SHEET) == heads
    assert ("'=HYPERLINK(1)", "1.1 =1+1") == (row[heads.index("manager")], row[heads.index("findings")])
