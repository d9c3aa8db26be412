"""Erasure, retention and rotation, on both databases: what goes, what stays, and what the next export may not bring."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.crm.worklist import FILE_NAME, Worklist
from planerka.disputes.ruling import rule
from planerka.errors import StoreBusyError, UsageError
from planerka.model import Command, Contract, Decision, DisputeOrigin, Event, Lead, Rejection
from planerka.phones import MASK, phone_hash
from planerka.privacy.erasing import Erased, erase_client
from planerka.privacy.key_rotation import Rotated, rotate_key
from planerka.privacy.retention import NOTHING, forget_old_leads
from planerka.sections import PrivacySettings
from planerka.settings import Settings
from planerka.store import commands, database, disputes, leads, quarantine
from planerka.store.disputes import NewDispute
from planerka.store.erasure import digest
from planerka.store.review import may_not_be_called
from planerka.store.tables import metadata, touched_day
from planerka.store.tables import quarantine as quarantined
from planerka.store.withheld import erased_clients
from tests.builders_disputes import docket_of, put_ruling
from tests.builders_intake import NO_PLACE
from tests.builders_store import MOSCOW, frame_of

CRM = "crm"
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
CREATED = "2026-11-02T09:00Z"
SECRET = "хочет двушку у метро"
NAMED = "Пётр Сидоров просит"
REMARK = "клиент ждёт звонка"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(out=tmp_path / "out")


@pytest.fixture
def store(engine: sa.Engine, settings: Settings) -> sa.Engine:
    """Two clients with a rejected lead each, a dispute ruled on and handed over, and rows in quarantine."""
    with engine.begin() as connection:
        for number in (1, 2):
            keep(connection, Lead, id=f"L{number}", client_id=f"C{number}", url="https://crm/1", status="rejected")
            keep(connection, Event, id=f"R{number}", lead_id=f"L{number}", kind="rejected")
            keep(connection, Rejection, id=f"R{number}", lead_id=f"L{number}", comment=SECRET, wish=SECRET)
            hold_back(connection, "lead", f"Q{number}", client_id=f"C{number}", url="https://crm/2")
            hold_back(connection, "rejection", f"QR{number}", lead_id=f"Q{number}", comment=SECRET)
            rule_on(connection, settings, f"R{number}", f"L{number}")
    return engine


def keep(connection: sa.Connection, noun: type, **row: Any) -> None:
    leads.store_batch(connection, CRM, noun, frame_of(noun, row), MOSCOW)


def hold_back(connection: sa.Connection, noun: str, key: str, at: datetime = NOW, **row: Any) -> None:
    held = {"noun": noun, "row_key": key, "row": {"id": key, **row}, "why": ["x"], "place": NO_PLACE}
    quarantine.add(connection, CRM, [held], at)


def rule_on(connection: sa.Connection, settings: Settings, subject_id: str, lead_id: str) -> None:
    new = NewDispute(origin=DisputeOrigin.UNLAWFUL, subject_id=subject_id, lead_id=lead_id, opened_at=NOW, due_at=NOW)
    disputes.open_disputes(connection, CRM, [new])
    (view,) = (v for v in disputes.listing(connection, CRM) if v.subject_id == subject_id)
    marker = f"planerka-{view.id}"
    command = Command(
        marker=marker,
        lead_id=lead_id,
        origin=DisputeOrigin.UNLAWFUL,
        kind=Decision.RETURN_TO_WORK,
        manager_id=None,
        stage_id=None,
        note=f"Лид снова в работе. {REMARK} [{marker}]",
        task="Позвоните",
        due_at=NOW,
    )
    put_ruling(connection, view.id, Decision.RETURN_TO_WORK, REMARK, NOW, command, source=CRM)
    Worklist(settings.out / FILE_NAME, MOSCOW).add(command, NOW)


def everything(engine: sa.Engine, settings: Settings) -> dict[str, list[str]]:
    """Every row of every table and line of the worklist, as text; `touched_day` apart."""
    with engine.connect() as connection:
        rows = {n: connection.execute(sa.select(t)).all() for n, t in metadata.tables.items() if n != touched_day.name}
    worklist = settings.out / FILE_NAME
    lines = worklist.read_text("utf-8-sig").splitlines() if worklist.exists() else []
    return {**{name: sorted(repr(tuple(row)) for row in found) for name, found in rows.items()}, "worklist": lines}


def touched_days(engine: sa.Engine) -> list[date]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(touched_day.c.day_on).order_by(touched_day.c.day_on)))


def about(found: dict[str, list[str]], *words: str) -> set[str]:
    """Where any of the words stand."""
    return {name for name, rows in found.items() if any(word in row for row in rows for word in words)}


def test_a_client_is_erased_everywhere_and_the_other_keeps_all(store, settings):
    """The rows stay, for counts and money hang on them; what is written of the client goes from each."""
    before, days = everything(store, settings), touched_days(store)
    erased = erase_client(store, CRM, "C1", settings, NOW)
    assert Erased(leads_n=1, cards_n=1, rulings_n=1, quarantined_n=2, worklist_n=1) == erased
    after = everything(store, settings)
    assert {name: len(rows) for name, rows in before.items()} | {"erased_client": 1, "erased_lead": 2} == {
        name: len(rows) for name, rows in after.items()
    }
    assert set() == about(after, "'C1'", '"C1"')
    for name in ("rejection", "dispute_step", "command", "quarantine", "worklist"):
        rows = [row for row in after[name] if SECRET in row or REMARK in row]
        assert 1 == len(rows), f"{name}: the other client's is there, and no other"
    assert days == touched_days(store)


def test_erased_once_more_nothing_changes(store, settings):
    """But the time: what the client left until then goes."""
    erase_client(store, CRM, "C1", settings, NOW)
    before = everything(store, settings)
    assert NOTHING == erase_client(store, CRM, "C1", settings, NOW + timedelta(days=1))
    after = everything(store, settings)
    assert {**before, "erased_client": []} == {**after, "erased_client": []}


@pytest.mark.parametrize("decision, is_quoted", [(Decision.UPHOLD, False), (Decision.REQUEST_EVIDENCE, True)])
def test_a_ruling_on_an_erased_lead_says_nothing_of_its_client(store, settings, decision, is_quoted):
    number = dispute_over(store, "L1")
    erase_client(store, CRM, "C1", settings, NOW)
    rule(docket_of(store, CRM), number, decision, "Анна", NAMED, NOW)
    with store.connect() as connection:
        assert MASK == disputes.show(connection, CRM, number).comment
        notes = [command.note for command in commands.pending(connection, CRM)]
    assert is_quoted == any(f". {MASK} [planerka-{number}-" in note for note in notes)
    assert set() == about(everything(store, settings), NAMED)


def test_what_was_written_after_an_erasure_goes_with_the_next(store, settings):
    """A ruling that an older version kept, and a line that a hand-over had read before the erasure."""
    number = dispute_over(store, "L1")
    worklist = (settings.out / FILE_NAME).read_bytes()
    erase_client(store, CRM, "C1", settings, NOW)
    (settings.out / FILE_NAME).write_bytes(worklist)
    with store.begin() as connection:
        put_ruling(connection, number, Decision.UPHOLD, NAMED, NOW, source=CRM)
    again = erase_client(store, CRM, "C1", settings, NOW + timedelta(days=1))
    assert Erased(leads_n=0, cards_n=0, rulings_n=1, quarantined_n=0, worklist_n=1) == again
    assert set() == about(everything(store, settings), NAMED)
    assert 1 == len([line for line in everything(store, settings)["worklist"] if REMARK in line])


def dispute_over(engine: sa.Engine, lead_id: str) -> int:
    new = NewDispute(
        origin=DisputeOrigin.NEGLECT, subject_id=f"silence {lead_id}", lead_id=lead_id, opened_at=NOW, due_at=NOW
    )
    with engine.begin() as connection:
        disputes.open_disputes(connection, CRM, [new])
        return next(view.id for view in disputes.listing(connection, CRM) if view.subject_id == new.subject_id)


def test_a_client_nobody_knows_is_no_erasure(store, settings):
    before = everything(store, settings)
    with pytest.raises(UsageError, match="no lead of that client"):
        erase_client(store, CRM, "C9", settings, NOW)
    assert before == everything(store, settings)


def test_the_next_export_brings_nothing_back(store, settings):
    """Nor does it change anything: the same rows come, and are what is stored."""
    erase_client(store, CRM, "C1", settings, NOW)
    before = everything(store, settings)
    with store.begin() as connection:
        again = [
            (Lead, {"id": "L1", "client_id": "C1", "url": "https://crm/1", "status": "rejected"}),
            (Rejection, {"id": "R1", "lead_id": "L1", "comment": SECRET, "wish": SECRET}),
        ]
        assert [0, 0] == [leads.store_batch(connection, CRM, n, frame_of(n, row), MOSCOW) for n, row in again]
        hold_back(connection, "lead", "Q1", client_id="C1", url="https://crm/2")
        hold_back(connection, "rejection", "QR1", lead_id="Q1", comment=SECRET)
    assert before == everything(store, settings)


@pytest.mark.parametrize("created_at, is_known", [("2026-11-23T09:00Z", False), ("2026-11-25T09:00Z", True)])
def test_an_older_lead_that_comes_late_is_erased_too_and_a_later_enquiry_is_a_new_one(
    store, settings, created_at, is_known
):
    erase_client(store, CRM, "C1", settings, NOW)
    with store.begin() as connection:
        keep(connection, Lead, id="L3", client_id="C1", created_at=created_at)
    assert is_known == ("lead" in about(everything(store, settings), "'C1'"))


@pytest.mark.parametrize("days", [(0, 2), (2, 0)])
def test_of_two_erasures_the_later_one_counts(store, settings, days):
    """An enquiry between them, that comes only after both, is erased."""
    for n in days:
        erase_client(store, CRM, "C1", settings, NOW + timedelta(days=n))
    with store.begin() as connection:
        keep(connection, Lead, id="L3", client_id="C1", created_at="2026-11-25T09:00Z", url="https://crm/3")
    assert set() == about(everything(store, settings), "'C1'", "https://crm/3")


def test_who_was_erased_is_left_in_peace(store, settings):
    erase_client(store, CRM, "C1", settings, NOW)
    with store.connect() as connection:
        assert [True, False] == [may_not_be_called(connection, CRM, lead_id) for lead_id in ("L1", "L2")]


def test_an_erasure_that_cannot_write_the_worklist_has_not_been(store, settings):
    """Half an erasure would be taken for a whole one."""
    before = everything(store, settings)
    (settings.out / FILE_NAME).write_text("nothing of the kind", "utf-8")
    with pytest.raises(Exception, match="worklist"):
        erase_client(store, CRM, "C1", settings, NOW)
    after = everything(store, settings)
    assert {**before, "worklist": []} == {**after, "worklist": []}


KEPT_MONTHS = 12
LONG_AGO, LATELY = "2024-03-01T09:00Z", "2026-10-01T09:00Z"

OLD_LEADS: dict[str, tuple[bool, list[tuple[type, dict[str, Any]]]]] = {
    "rejected long ago": (True, []),
    "vanished while open": (True, [(Lead, {"status": "open"})]),
    "in work": (False, [(Lead, {"status": "open"})]),
    "a call lately": (False, [(Event, {"id": "E", "at": LATELY})]),
    "a contract that stands": (False, [(Contract, {"signed_at": LONG_AGO})]),
    "a contract terminated": (True, [(Contract, {"signed_at": LONG_AGO, "terminated_at": LONG_AGO})]),
}


@pytest.mark.parametrize("name", OLD_LEADS)
def test_a_lead_is_forgotten_when_nothing_happened_for_long_and_nothing_is_open(engine, settings, name):
    is_forgotten, rows = OLD_LEADS[name]
    with engine.begin() as connection:
        old = {"id": "L1", "client_id": "C1", "status": "rejected", "created_at": LONG_AGO}
        keep(connection, Lead, **old)
        for noun, row in rows:
            keep(connection, noun, **(old | row if noun is Lead else {"lead_id": "L1"} | row))
        if name == "vanished while open":
            leads.sweep(connection, CRM, ["L2"], NOW)
    forgotten = forget_old_leads(engine, CRM, keeping(settings), NOW)
    assert is_forgotten == (forgotten.leads_n == 1)
    assert is_forgotten == ("lead" not in about(everything(engine, settings), "'C1'"))


def keeping(settings: Settings) -> Settings:
    return settings.model_copy(update={"privacy": PrivacySettings(keep_months=KEPT_MONTHS)})


def test_a_dispute_that_waits_keeps_its_lead(engine, settings):
    with engine.begin() as connection:
        keep(connection, Lead, id="L1", client_id="C1", status="rejected", created_at=LONG_AGO)
        new = NewDispute(origin=DisputeOrigin.UNLAWFUL, subject_id="R1", lead_id="L1", opened_at=NOW, due_at=NOW)
        disputes.open_disputes(connection, CRM, [new])
    assert NOTHING == forget_old_leads(engine, CRM, keeping(settings), NOW)


def test_for_ever_is_the_default(store, settings):
    assert NOTHING == forget_old_leads(store, CRM, settings, NOW + timedelta(days=9999))


def test_what_is_forgotten_stays_so_and_touches_no_day(engine, settings):
    """A whole export comes every week, with all that was forgotten in it."""
    rows: list[tuple[type, dict[str, Any]]] = [
        (Lead, {"id": "L1", "client_id": "C1", "url": "u", "status": "rejected", "created_at": LONG_AGO}),
        (Event, {"id": "R1", "lead_id": "L1", "kind": "rejected", "at": LONG_AGO}),
        (Rejection, {"id": "R1", "lead_id": "L1", "comment": SECRET}),
    ]
    with engine.begin() as connection:
        for noun, row in rows:
            keep(connection, noun, **row)
        hold_back(connection, "lead", "Q1", NOW - timedelta(days=900), client_id="C2")
        connection.execute(touched_day.delete())
    forgotten = forget_old_leads(engine, CRM, keeping(settings), NOW)
    assert Erased(leads_n=1, cards_n=1, rulings_n=0, quarantined_n=1, worklist_n=0) == forgotten
    before = everything(engine, settings)
    with engine.begin() as connection:
        for noun, row in rows:
            keep(connection, noun, **row)
        hold_back(connection, "lead", "Q1", client_id="C2")
    assert NOTHING == forget_old_leads(engine, CRM, keeping(settings), NOW + timedelta(days=1))
    assert before == everything(engine, settings)
    assert [] == touched_days(engine)


@pytest.fixture
def file(engine: sa.Engine) -> Path:
    """The store as a file, with one lead of long ago in it; for SQLite alone."""
    if engine.dialect.name != "sqlite":
        pytest.skip("the files of PostgreSQL are its own")
    with engine.begin() as connection:
        keep(connection, Lead, id="L1", client_id="C1", status="rejected", created_at=LONG_AGO, url=SECRET)
        keep(connection, Rejection, id="R1", lead_id="L1", comment=SECRET)
    return Path(engine.url.database or "")


def holds_secret(file: Path) -> bool:
    return any(SECRET.encode() in path.read_bytes() for path in (file, file.with_name(f"{file.name}-wal")))


def test_the_file_and_its_log_hold_nothing_of_what_was_forgotten(engine, settings, file):
    """Beside the connection of another program, that keeps the log from going when ours closes."""
    with closing(sqlite3.connect(file)) as other:
        assert [(1,)] == other.execute("SELECT count(*) FROM lead").fetchall()
        assert holds_secret(file)
        forget_old_leads(engine, CRM, keeping(settings), NOW)
        assert not holds_secret(file)


def test_while_somebody_reads_the_old_state_it_is_said_that_the_log_holds_it(settings, file, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    engine = database.connect(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert [(1,)] == other.execute("SELECT count(*) FROM lead").fetchall()
        with pytest.raises(StoreBusyError, match="reading"):
            forget_old_leads(engine, CRM, keeping(settings), NOW)
        assert holds_secret(file)
        other.execute("COMMIT")
        assert NOTHING == forget_old_leads(engine, CRM, keeping(settings), NOW)
        assert not holds_secret(file)
    engine.dispose()


def test_who_asked_not_to_be_called_is_known_on_for_that_alone(engine, settings):
    """The promise is for ever: by the forgotten lead the client's new one is recognised."""
    with engine.begin() as connection:
        keep(connection, Lead, id="L1", client_id="C1", status="rejected", created_at=LONG_AGO, url="u")
        keep(connection, Rejection, id="R1", lead_id="L1", comment=SECRET, asked_not_to_call=True)
        keep(connection, Lead, id="L2", client_id="C1", created_at=LATELY)
    assert 1 == forget_old_leads(engine, CRM, keeping(settings), NOW).cards_n
    with engine.begin() as connection:
        keep(connection, Lead, id="L1", client_id="C1", status="rejected", created_at=LONG_AGO, url="u")
        assert may_not_be_called(connection, CRM, "L2")


PHONE, GONE = "+79161234567", "+79161234568"


def hashed(phone: str, key: str) -> str:
    return phone_hash(phone, key.encode())


@pytest.mark.parametrize("is_rest_unlinked, rest", [(False, hashed(GONE, "old")), (True, None)])
def test_under_a_new_key_a_client_is_the_same_client(engine, settings, is_rest_unlinked, rest):
    """Leads that vanished from the export too, as long as it has the phone; ids of the CRM are no hashes."""
    with engine.begin() as connection:
        for id_, client_id in {"L1": hashed(PHONE, "old"), "L2": hashed(PHONE, "old")}.items():
            keep(connection, Lead, id=id_, client_id=client_id)
        keep(connection, Lead, id="L3", client_id=hashed(GONE, "old"))
        keep(connection, Lead, id="L4", client_id="17")
        hold_back(connection, "lead", "Q1", client_id=hashed(PHONE, "old"))
        connection.execute(touched_day.delete())
    keys = settings.model_copy(update=dict(Settings(phone_key="new", phone_key_before="old")) | {"out": settings.out})
    for carried_n in (2, 0):
        done = rotate_key(engine, CRM, [PHONE], keys, is_rest_unlinked=is_rest_unlinked)
        assert carried_n == done.carried_n
    assert Rotated(carried_n=0, rest_n=0 if is_rest_unlinked else 1) == done
    with engine.connect() as connection:
        found = leads.leads_of(connection, CRM, pd.Series(["L1", "L2", "L3", "L4"]))
        (held,) = connection.scalars(sa.select(quarantined.c.row))
    new = hashed(PHONE, "new")
    clients = found.sort_values("id")["client_id"].astype(object)
    assert [new, new, rest, "17"] == clients.where(clients.notna(), None).tolist()
    assert new == held["client_id"]
    assert [] == touched_days(engine)


def test_an_erased_client_is_erased_under_the_new_key_too(engine, settings):
    with engine.begin() as connection:
        keep(connection, Lead, id="L1", client_id=hashed(PHONE, "old"))
    erase_client(engine, CRM, hashed(PHONE, "old"), settings, NOW)
    keys = Settings(phone_key="new", phone_key_before="old")
    rotate_key(engine, CRM, [PHONE], keys, is_rest_unlinked=False)
    with engine.begin() as connection:
        keep(connection, Lead, id="L2", client_id=hashed(PHONE, "new"), created_at=CREATED)
    assert set() == about(everything(engine, settings), hashed(PHONE, "new"))


@pytest.mark.parametrize("days", [(0, 2), (2, 0)])
def test_a_client_erased_under_both_keys_is_one_client_erased_at_the_later_time(engine, settings, days):
    """The second erasure: between the change of the key and the rotation."""
    for key, n in zip(("old", "new"), days, strict=True):
        with engine.begin() as connection:
            keep(connection, Lead, id=f"L {key}", client_id=hashed(PHONE, key))
        erase_client(engine, CRM, hashed(PHONE, key), settings, NOW + timedelta(days=n))
    for _ in range(2):
        rotate_key(engine, CRM, [PHONE], Settings(phone_key="new", phone_key_before="old"), is_rest_unlinked=False)
    with engine.connect() as connection:
        known = {digest(hashed(PHONE, "new")): NOW + timedelta(days=2)}
        assert known == erased_clients(connection, CRM)


@pytest.mark.parametrize("keys", [{}, {"phone_key": "new"}, {"phone_key": "same", "phone_key_before": "same"}])
def test_without_two_keys_nothing_is_rotated(engine, keys):
    with pytest.raises(UsageError, match="PLANERKA_PHONE_KEY_BEFORE"):
        rotate_key(engine, CRM, [PHONE], Settings(**keys), is_rest_unlinked=False)
