"""Pulls of amoCRM into a store, while people work in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.crm.amocrm.client import PAGE_N
from planerka.intake.pull import pull
from planerka.store import windows
from planerka.store.database import connect
from planerka.store.windows import PulledWindow, Source
from tests.builders_amo import ago
from tests.builders_store import MOSCOW


@pytest.fixture
def engine(migrated_file: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    store = tmp_path / "store.db"
    store.write_bytes(migrated_file.read_bytes())
    engine = connect(f"sqlite:///{store}")
    yield engine
    engine.dispose()


def begun(engine: sa.Engine, days: int) -> None:
    """The store has everything until so many days ago, which is nothing."""
    until = datetime.now(UTC) - timedelta(days=days)
    counts = {"rows_n": 0, "changed_n": 0, "quarantined_n": 0, "checks": ()}
    pulled = PulledWindow(source="amocrm", since=None, until=until, token=None, pulled_at=until, **counts)
    with engine.begin() as connection:
        windows.record(connection, pulled)
        windows.put_source(connection, Source(source="amocrm", lacks=frozenset(), data_until=until))


def stored(engine: sa.Engine, query: str) -> set:
    with engine.connect() as connection:
        return {row[0] for row in connection.execute(sa.text(query))}


def counted(engine: sa.Engine) -> dict[str, int]:
    """How many events of each kind there are."""
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT kind, COUNT(*) FROM event GROUP BY kind"))
        return {row[0]: row[1] for row in rows}


def test_a_pull_while_leads_are_changed_loses_none_and_has_nothing_twice(company, amo_crm, engine):
    """Whenever a page was answered, a lead of the first page leaves the window, and all the others move up."""
    meeting, booking = company.stage("Продажи", "Встреча"), company.stage("Продажи", "Бронь")
    for n in range(4 * PAGE_N + 7):
        with company.at(ago(days=3) + n // 50):
            company.add_lead(meeting, contacts=[company.add_contact(f"+7916{n:07}")] if n % 5 == 0 else [])
    ids, moved = sorted(company.leads), []
    begun(engine, days=4)

    def change() -> None:
        moved.append(ids[len(moved)])
        with company.at(ago(minutes=1)):  # after the end of the window
            company.move(moved[-1], booking)
            company.add_call(moved[-1], "call_out", duration_s=30)
        if len(moved) < 9:
            company.meanwhile("GET /api/v4/leads", change)

    company.meanwhile("GET /api/v4/leads", change)
    first = pull(engine, amo_crm, MOSCOW, datetime.now(UTC) - timedelta(minutes=2), lambda step: None)
    stayed = {str(key) for key in ids} - {str(key) for key in moved}
    assert (9, set(), 0) == (
        len(moved),
        stayed - stored(engine, "SELECT id FROM lead"),
        first.quarantined_n,
    )
    second = pull(engine, amo_crm, MOSCOW, datetime.now(UTC), lambda step: None)
    happened = {"created": len(ids), **dict.fromkeys(("booked", "call_out", "stage_changed"), len(moved))}
    assert ({str(key) for key in ids}, happened, 0) == (
        stored(engine, "SELECT id FROM lead"),
        counted(engine),
        second.quarantined_n,
    )


def test_the_card_of_a_rejection_stays_as_it_was_when_the_lead_is_reopened(company, amo_crm, engine):
    comment = company.field("Комментарий отказа")
    begun(engine, days=1)
    with company.at(ago(hours=5)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), fields={comment: "дорого"})
        company.reject(lead, company.loss_reason("Дорого"))
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC) - timedelta(minutes=2), lambda step: None)
    with company.at(ago(seconds=50)):
        company.reopen(lead, company.stage("Продажи", "Встреча"))
        company.change_lead(lead, fields={comment: None})
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC), lambda step: None)
    assert ({"дорого"}, {"open"}) == (
        stored(engine, "SELECT comment FROM rejection"),
        stored(engine, "SELECT status FROM lead"),
    )


def test_what_was_stored_of_a_rejection_stays_when_the_lead_is_rejected_again(company, amo_crm, engine):
    meeting = company.stage("Продажи", "Встреча")
    begun(engine, days=1)
    with company.at(ago(hours=5)):
        lead = company.add_lead(meeting)
    with company.at(ago(hours=4)):
        company.reject(lead, company.loss_reason("Спам"))
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC) - timedelta(minutes=2), lambda step: None)
    with company.at(ago(seconds=55)):
        company.reopen(lead, meeting)
    with company.at(ago(seconds=45)):
        company.reject(lead, company.loss_reason("Дорого"))
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC), lambda step: None)
    reasons = {str(company.loss_reason(title)) for title in ("Спам", "Дорого")}
    assert reasons == stored(engine, "SELECT reason_id FROM event WHERE kind = 'rejected'")


MANAGERS = "SELECT kind || ' ' || manager_id FROM event WHERE kind IN ('task_set', 'call_out', 'rejected')"


def test_what_is_told_once_more_stays_with_whoever_had_the_lead_then(company, amo_crm, engine):
    """A task that is done and a note that is changed come with a pull that knows no change of owner."""
    begun(engine, days=4)
    anna, contact = company.user("Анна"), company.add_contact("+79161234567")
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), responsible=anna, contacts=[contact])
        company.add_task(lead, "Перезвонить", complete_till=ago(days=2), by=anna)
        company.add_call(contact, "call_out", duration_s=60, entity="contacts")
    with company.at(ago(days=1)):
        company.change_lead(lead, responsible=company.user("Борис"))
    expected = {f"{kind} {anna}" for kind in ("task_set", "call_out")}
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC) - timedelta(hours=2), lambda step: None)
    assert expected == stored(engine, MANAGERS)
    with company.at(ago(hours=1)):
        company.complete_task(next(iter(company.tasks)))
        note = next(iter(company.notes.values()))
        company.notes[note["id"]] = note | {"updated_at": ago(hours=1)}
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC), lambda step: None)
    assert expected == stored(engine, MANAGERS)


HANDED_OVER = {
    "after the last window": "GET /api/v4/account",
    "while leads are read": "GET /api/v4/events.*responsible",
}


@pytest.mark.parametrize("sentence", HANDED_OVER)
def test_a_lead_that_is_handed_over_during_a_pull_was_lost_by_the_one_before(company, amo_crm, engine, sentence):
    """Its card, which is read afterwards, shows the new owner."""
    begun(engine, days=4)
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), responsible=company.user("Анна"))
    with company.at(ago(days=2)):
        company.reject(lead, company.loss_reason("Дорого"))
    company.meanwhile(HANDED_OVER[sentence], lambda: company.change_lead(lead, responsible=company.user("Борис")))
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC), lambda step: None)
    assert {f"rejected {company.user('Анна')}"} == stored(engine, MANAGERS)
    assert company.user("Борис") == company.leads[lead]["responsible_user_id"]


def test_the_history_goes_by_the_changes_of_owner_of_its_pull(company, amo_crm, engine):
    with company.at(ago(days=104)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), responsible=company.user("Анна"))
    with company.at(ago(days=103)):
        company.reject(lead, company.loss_reason("Дорого"))
    with company.at(ago(days=1)):
        company.change_lead(lead, responsible=company.user("Борис"))
    pull(engine, amo_crm, MOSCOW, datetime.now(UTC), lambda step: None, may_go_back=lambda: True)
    assert {f"rejected {company.user('Анна')}"} == stored(engine, MANAGERS)


def test_a_pull_of_a_whole_company_holds_nothing_back(company, amo_crm, engine):
    """Everything that other tests ask about one by one, in one account."""
    meeting = company.stage("Продажи", "Встреча")
    begun(engine, days=31)
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
