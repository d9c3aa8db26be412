"""Pulls of amoCRM into a store, while people work in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.crm.amocrm.client import PAGE_N
from planerka.intake.pull import pull
from planerka.store.database import connect
from tests.builders_amo import ago
from tests.builders_store import MOSCOW


@pytest.fixture
def engine(migrated_file: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    store = tmp_path / "store.db"
    store.write_bytes(migrated_file.read_bytes())
    engine = connect(f"sqlite:///{store}")
    yield engine
    engine.dispose()


def stored(engine: sa.Engine, query: str) -> set:
    with engine.connect() as connection:
        return {row[0] for row in connection.execute(sa.text(query))}


def test_a_pull_while_leads_are_changed_loses_none_and_holds_nothing_back(company, amo_crm, engine):
    """Whenever a page was answered, a lead of the first page leaves the window, and all the others move up."""
    meeting, booking = company.stage("Продажи", "Встреча"), company.stage("Продажи", "Бронь")
    for n in range(4 * PAGE_N + 7):
        with company.at(ago(days=3) + n // 50):
            company.add_lead(meeting, contacts=[company.add_contact(f"+7916{n:07}")] if n % 5 == 0 else [])
    ids = sorted(company.leads)

    def change() -> None:
        lead = next((key for key in ids if company.leads[key]["status_id"] == meeting[1]), None)
        if lead is not None:
            company.move(lead, booking)
            company.add_call(lead, "call_out", duration_s=30)
            company.meanwhile("/api/v4/leads", change)

    company.meanwhile("/api/v4/leads", change)
    now = datetime.now(UTC)
    report = pull(engine, amo_crm, MOSCOW, now, lambda step: None)
    still = {str(key) for key, lead in company.leads.items() if lead["status_id"] == meeting[1]}
    lost = still - stored(engine, "SELECT id FROM lead")
    assert (set(), 0, True) == (lost, report.quarantined_n, len(still) < len(ids) - 5)
    for lead in company.leads.values():  # a minute passes
        lead["updated_at"] = min(lead["updated_at"], ago(minutes=1))
    again = pull(engine, amo_crm, MOSCOW, now + timedelta(minutes=1), lambda step: None)
    assert ({str(key) for key in ids}, 0) == (stored(engine, "SELECT id FROM lead"), again.quarantined_n)


def test_what_was_stored_of_a_rejection_stays_when_the_lead_is_rejected_again(company, amo_crm, engine):
    meeting = company.stage("Продажи", "Встреча")
    with company.at(ago(hours=5)):
        lead = company.add_lead(meeting)
    with company.at(ago(hours=4)):
        company.reject(lead, company.loss_reason("Спам"))
    now = datetime.now(UTC)
    pull(engine, amo_crm, MOSCOW, now, lambda step: None)
    with company.at(ago(seconds=55)):
        company.reopen(lead, meeting)
    with company.at(ago(seconds=45)):
        company.reject(lead, company.loss_reason("Дорого"))
    pull(engine, amo_crm, MOSCOW, now + timedelta(seconds=1), lambda step: None)
    reasons = {str(company.loss_reason(title)) for title in ("Спам", "Дорого")}
    assert reasons == stored(engine, "SELECT reason_id FROM event WHERE kind = 'rejected'")


def test_a_pull_of_a_whole_company_holds_nothing_back(company, amo_crm, engine):
    """Everything that other tests ask about one by one, in one account."""
    meeting = company.stage("Продажи", "Встреча")
    for n in range(60):
        with company.at(ago(days=30 - n / 4)):
            contact = company.add_contact(f"+7916000{n // 2:04}")
            lead = company.add_lead(meeting, contacts=[contact])
            company.add_call(contact, "call_in", duration_s=n, entity="contacts")
        with company.at(ago(days=14 - n / 5)):
            company.reject(lead, company.loss_reason("Дорого")) if n % 3 else company.move(lead, (meeting[0], 142))
        if n % 7 == 0:
            with company.at(ago(days=3)):
                company.reopen(lead, meeting)
    report = pull(engine, amo_crm, MOSCOW, datetime.now(UTC), lambda step: None)
    failed = {check.key: check.failed_n for check in report.checks if check.failed_n}
    assert (0, {}) == (report.quarantined_n, failed)
    assert 60 == len(stored(engine, "SELECT id FROM lead"))
    assert 60 == len(stored(engine, "SELECT id FROM event WHERE kind = 'call_in'"))
