"""Copies of a store, and a look at whether it is sound, on both databases."""

import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from flows.cli_db import db_app
from planerka.errors import BusyError, PlanerkaError, StoreError, StoreVersionError, UsageError
from planerka.intake.pull import Step
from planerka.store import postgres_copies
from planerka.store.backup import backup, contents, restore
from planerka.store.check import check
from planerka.store.database import connect, open_store, reading, upgrade
from planerka.store.tables import (
    command,
    delivery,
    dispute,
    dispute_step,
    pack,
    pull_window,
    receipt,
    run_lock,
    verdict,
)
from tests import services
from tests.builders_cycle import files_of, open_company, rows_of, run_cycle
from tests.builders_store import instant

NOW = instant("2026-11-23T08:00")
PLACES = count(1)


@pytest.fixture
def empty_place(store_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of another empty database of the same kind."""
    if store_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'elsewhere.db'}"
    else:
        name = f"elsewhere_{next(PLACES)}"
        with services.postgres_database(request.getfixturevalue("postgres"), name) as url:
            yield url


@pytest.fixture
def store(store_url: str) -> Iterator[sa.Engine]:
    """A store with the lock of somebody in it."""
    engine = connect(store_url)
    upgrade(engine)
    put(engine, run_lock, name="pull", holder="before", since=NOW)
    yield engine
    engine.dispose()


def put(engine: sa.Engine, table: sa.Table, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(table.insert().values(**values))


def holders(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(sa.select(run_lock.c.holder)))


def test_a_backup_from_the_middle_of_a_pull_goes_on_to_the_same_end(store_url, empty_place, tmp_path):
    """Restored elsewhere, the next cycle pulls what was not pulled yet: no row is lost, none is there twice."""
    company, file, windows = open_company(tmp_path, store_url=store_url), tmp_path / "copy", []

    def back_up(step: Step) -> None:
        windows.append(step.until)
        if len(windows) == 3:
            backup(company.engine, file)

    run_cycle(company, back_up)
    expected = rows_of(company.engine), files_of(tmp_path / "out")
    company.engine.dispose()
    elsewhere = connect(empty_place)
    restore(elsewhere, file)
    assert 3 < len(windows)
    assert 3 == len(rows_of(elsewhere)["pull_window"])
    elsewhere.dispose()
    again = open_company(tmp_path, store_url=empty_place)
    run_cycle(again)
    assert expected == (rows_of(again.engine), files_of(tmp_path / "out"))
    assert [] == [finding for finding in check(again.engine) if finding.wrong]
    again.engine.dispose()


def test_a_backup_holds_no_half_of_a_transaction(store, tmp_path):
    """It neither waits for the writer nor sees what is not committed."""
    with store.begin() as writing:
        writing.execute(run_lock.update().values(holder="half"))
        backup(store, tmp_path / "copy")
    restore(store, tmp_path / "copy", over=True)
    assert ["before"] == holders(store)


def test_a_backup_is_written_over_only_when_asked(store, tmp_path):
    """And only its owner may read it: it is the company's data."""
    file = tmp_path / "copy"
    backup(store, file)
    with pytest.raises(UsageError, match=r"copy is there already: .* --over"):
        backup(store, file)
    before = file.stat().st_ino
    backup(store, file, over=True)
    assert before != file.stat().st_ino
    assert 0o600 == file.stat().st_mode & 0o777


def test_the_store_is_no_backup_of_itself(tmp_path):
    """SQLite would wait for itself for ever, or lose the file that others write into."""
    file = tmp_path / "store.db"
    engine = open_store(f"sqlite:///{file}")
    with pytest.raises(UsageError, match="is the store itself"):
        backup(engine, file, over=True)
    with pytest.raises(UsageError, match="is the store itself"):
        restore(engine, file, over=True)


def test_an_empty_store_is_not_worth_a_backup(store_url, tmp_path):
    """Somebody has named the wrong database."""
    with pytest.raises(UsageError, match="nothing to copy"):
        backup(connect(store_url), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_backup_that_fails_leaves_the_old_one_and_nothing_else(store, tmp_path, monkeypatch):
    """A disk that is full, a server that went away: the copy of yesterday is still whole."""
    folder = tmp_path / "copies"
    folder.mkdir()
    backup(store, folder / "copy")
    old = (folder / "copy").read_bytes()
    monkeypatch.setattr("planerka.store.sqlite_copies.refuse_unsound", failing(sqlite3.OperationalError))
    monkeypatch.setattr("planerka.store.postgres_copies._run", failing(StoreError))
    with pytest.raises(StoreError, match="disk is full"):
        backup(store, folder / "copy", over=True)
    assert {"copy": old} == files_of(folder)
    with pytest.raises(PlanerkaError, match=r"gone/copy cannot be written \(No such file or directory\)"):
        backup(store, folder / "gone" / "copy")


def failing(kind: type[Exception]) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise kind("database or disk is full")

    return fail


def test_a_store_with_something_in_it_is_replaced_only_when_asked(store, tmp_path):
    """The refusal says what would be lost."""
    backup(store, tmp_path / "copy")
    put(store, run_lock, name="pack", holder="after", since=NOW)
    with pytest.raises(UsageError, match="holds 0 leads, never pulled: replace all of it with --over"):
        restore(store, tmp_path / "copy")
    assert ["after", "before"] == sorted(holders(store))
    assert "0 leads, never pulled" == restore(store, tmp_path / "copy", over=True).replaced
    assert ["before"] == holders(store)


def test_a_store_is_not_replaced_under_somebody_at_work(store, store_url, tmp_path):
    """What they had read before would be written into what came after."""
    backup(store, tmp_path / "copy")
    other = open_store(store_url)
    with reading(other):
        pass
    with pytest.raises(BusyError, match="stop the worker and every run"):
        restore(store, tmp_path / "copy", over=True)
    assert ["before"] == holders(store)
    other.dispose()
    restore(store, tmp_path / "copy", over=True)


def spoilt(content: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "letter": "Уважаемые коллеги! ".encode() * 100,
        "cut": content[: len(content) // 2],
        "damaged": content[:6000] + b"\xff" * 3000 + content[9000:],
    }


@pytest.mark.parametrize("how", ["empty", "letter", "cut", "damaged"])
def test_a_file_that_is_no_whole_backup_is_refused_before_anything_is_touched(store, tmp_path, how):
    """In the words of the database, and the store is as it was."""
    file = tmp_path / "copy"
    backup(store, file)
    file.write_bytes(spoilt(file.read_bytes())[how])
    with pytest.raises(UsageError, match="name a file that `planerka db backup` wrote") as refusal:
        restore(store, file, over=True)
    assert 1 == len(str(refusal.value).splitlines())
    assert ["before"] == holders(store)


def test_a_file_that_is_not_there_is_a_wrong_name(store, tmp_path):
    """Said before the store is looked at."""
    with pytest.raises(UsageError, match="nowhere is not there"):
        restore(store, tmp_path / "nowhere")


@pytest.mark.parametrize("version, is_refused", [("0000", False), ("9999", True)])
def test_an_older_backup_is_taken_and_a_newer_one_refused(store, tmp_path, version, is_refused):
    """An older one is upgraded afterwards, of a newer one this planerka knows nothing."""
    with store.begin() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))
    backup(store, tmp_path / "copy")
    if is_refused:
        with pytest.raises(StoreVersionError, match=r"copy is of version 9999, .*: update planerka"):
            restore(store, tmp_path / "copy", over=True)
    else:
        assert "0000" == restore(store, tmp_path / "copy", over=True).version


def test_a_damaged_sqlite_file_is_replaced(tmp_path):
    """That is what a backup is for; one that is no database at all must be put aside by a person."""
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    backup(store, tmp_path / "copy")
    store.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 20_000 + whole[24_096:])
    assert "what cannot be read any more" == restore(store, tmp_path / "copy", over=True).replaced
    assert "0 leads, never pulled" == contents(store)
    store.dispose()
    path.write_bytes(b"\xff" * 20_000)
    with pytest.raises(StoreError, match=r"cannot be replaced \(file is not a database\): put it aside"):
        restore(store, tmp_path / "copy", over=True)


def test_a_backup_of_sqlite_is_one_file_that_needs_no_other(tmp_path):
    """It can be copied anywhere as it is, and read where nothing can be written."""
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    backup(store, tmp_path / "copy")
    with closing(sqlite3.connect(f"file:{tmp_path / 'copy'}?immutable=1", uri=True)) as copy:
        assert [("delete",)] == copy.execute("PRAGMA journal_mode").fetchall()
        assert [("ok",)] == copy.execute("PRAGMA integrity_check").fetchall()


def test_the_password_is_on_no_command_line_and_in_no_file(tmp_path, monkeypatch):
    """Everybody on the machine can read the one, and a killed backup would leave the other; only the program has it."""
    fake = tmp_path / "pg_dump"
    fake.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/line\necho "$PGPASSWORD" > {tmp_path}/password\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    engine = connect("postgresql://boss:se:cret@db.example/planerka?sslmode=verify-full")
    postgres_copies.copy_to(engine, tmp_path / "copy")
    line = (tmp_path / "line").read_text()
    assert "se:cret" not in line
    assert "passfile" not in line
    assert {"user=boss", "sslmode=verify-full"} <= set(line.split())
    assert "se:cret\n" == (tmp_path / "password").read_text()
    assert "\n" == subprocess.check_output(["sh", "-c", "echo $PGPASSWORD"], text=True)


def test_a_machine_without_the_programs_of_postgresql_is_told_the_package(tmp_path, monkeypatch):
    """Before anything is written."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres_copies, "DEBIAN", tmp_path)
    with pytest.raises(UsageError, match="pg_dump is not on this machine: install postgresql-client"):
        postgres_copies.copy_to(connect("postgresql://db.example/planerka"), tmp_path / "copy")


def test_programs_off_path_are_found_where_debian_keeps_them(tmp_path, monkeypatch):
    """The newest of several."""
    for version in ("9", "15", "17"):
        kept = tmp_path / version / "bin" / "pg_dump"
        kept.parent.mkdir(parents=True)
        kept.write_text(f"#!/bin/sh\necho {version}\n")
        kept.chmod(0o755)
    monkeypatch.setattr(postgres_copies, "DEBIAN", tmp_path)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert "17\n" == postgres_copies._run("pg_dump")


WINDOW = {
    "source": "crm",
    "until": NOW,
    "rows_n": 0,
    "changed_n": 0,
    "quarantined_n": 0,
    "checks": [],
    "pulled_at": NOW,
}
VERDICT = {"source": "crm", "rejection_id": "E1", "outcome": "lawful", "judged_at": NOW}
VERDICT |= {"findings": [], "evidence": {}, "lacks": []}
PACK = {"source": "crm", "week": "2026-W47", "assembled_at": NOW}
DELIVERY = {
    "source": "crm",
    "week": "2026-W47",
    "version": 1,
    "channel": "outbox",
    "recipient": "a",
    "message_id": "b",
    "attempt": 1,
    "state": "queued",
    "at": NOW,
}
STEP = {"dispute_id": 1, "number": 1, "action": "open", "state": "opened", "due_at": NOW, "at": NOW}
DISPUTE = {"source": "crm", "origin": "neglect", "subject_id": "a", "lead_id": "b", "opened_at": NOW, "due_at": NOW}
DISPUTE |= {"state": "opened", "steps_n": 1, "changed_at": NOW}
COMMAND = {"marker": "m", "source": "crm", "ruling_id": 1, "content": {}, "created_at": NOW, "not_before": NOW}
LATE = instant("2026-11-23T09:00")
BROKEN = [
    ("every step has its dispute", dispute_step, [STEP]),
    ("every dispute is where its last step led", dispute, [DISPUTE]),
    ("every command has its ruling", command, [COMMAND]),
    ("every receipt has its command", receipt, [{"marker": "m", "handed_over_at": NOW}]),
    ("every pack has its facts", pack, [{**PACK, "version": 1, "facts": {}}]),
    ("every delivery has its pack", delivery, [DELIVERY]),
    ("versions of packs are numbered without gaps", pack, [{**PACK, "version": n, "facts": {"a": 1}} for n in (1, 3)]),
    ("verdicts are numbered without gaps", verdict, [{**VERDICT, "number": 2}]),
    ("windows pulled follow one another", pull_window, [{**WINDOW, "since": at} for at in (None, LATE)]),
    ("windows pulled follow one another", pull_window, [{**WINDOW, "since": NOW}]),
]


@pytest.mark.parametrize("title, table, rows", BROKEN)
def test_a_promise_that_is_broken_is_found(store, title, table, rows):
    """Each by its own line, with the remedy; the database would not let it happen, a hand in it might."""
    careless = {"sqlite": "PRAGMA foreign_keys = OFF", "postgresql": "SET session_replication_role = replica"}
    store.dispose()
    sa.event.listen(store, "connect", lambda driver, _record: driver.execute(careless[store.dialect.name]))
    for row in rows:
        put(store, table, **row)
    wrong = {finding.checked: finding.wrong for finding in check(store) if finding.wrong}
    assert "1 times it is not so: put a backup back: docs/database.md" == wrong.pop(title)
    assert set(wrong) <= {"references between tables"}


def test_a_table_that_was_changed_by_hand_is_found(store):
    """And tables of others are not ours to judge."""
    with store.begin() as connection:
        connection.execute(sa.text("CREATE TABLE theirs (id INTEGER)"))
        connection.execute(sa.text("ALTER TABLE lead DROP COLUMN vanished_at"))
    (wrong,) = [finding for finding in check(store) if finding.wrong]
    assert "tables as planerka makes them" == wrong.checked
    assert str(wrong.wrong).startswith("add_column lead vanished_at: undo what was changed by hand")


EMPTY_LEAF = bytes([10, 0, 0, 0, 0, 16, 0, 0]) + bytes(4088)
"""A page of an index as SQLite writes it, and nothing on it."""


@pytest.mark.parametrize("page", [EMPTY_LEAF, b"\xff" * 4096])
def test_a_damaged_page_is_found(tmp_path, page):
    """By SQLite's own check, be it that the page lies or that it is none."""
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    put(store, run_lock, name="pull", holder="before", since=NOW)
    store.dispose()
    with closing(sqlite3.connect(path)) as connection:
        where = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_run_lock_1'"
        root = connection.execute(where).fetchone()[0]
    whole = path.read_bytes()
    path.write_bytes(whole[: (root - 1) * 4096] + page + whole[root * 4096 :])
    wrong = next(finding for finding in check(store) if finding.wrong)
    assert "pages and indexes of the file" == wrong.checked
    assert re.search(r"(row 1 missing from index|malformed).*put a (backup|copy) back", str(wrong.wrong))


@pytest.mark.parametrize(
    "version, words",
    [("0000", "0000, this planerka needs .*: run `planerka db upgrade`"), ("9999", "9999, .*: update planerka")],
)
def test_a_store_of_another_version_is_said_to_be_that_and_nothing_else(store, version, words):
    """What else would be looked at is of this version."""
    with store.begin() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))
    (finding,) = check(store)
    assert "version" == finding.checked
    assert re.match(words, str(finding.wrong))


def test_a_sound_store_is_sound_in_every_line(store):
    """No line is wrong, and every kind of look was taken."""
    findings = list(check(store))
    assert [] == [finding for finding in findings if finding.wrong]
    assert 13 == len(findings)


@pytest.fixture
def db(store_url, tmp_path, monkeypatch) -> Callable[..., tuple[int, str]]:
    """`planerka db …` on that store; its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANERKA_STORE", store_url)

    def run(*arguments: str) -> tuple[int, str]:
        said = CliRunner().invoke(db_app, arguments)
        return said.exit_code, said.output

    return run


def test_the_verbs_say_what_they_did(store, store_url, empty_place, db, monkeypatch):
    """A copy, a sound store, the copy put back elsewhere and an older one that must be upgraded."""
    size = re.fullmatch(r"Written: copy, ([\d,]+) bytes\.\n", db("backup", "copy")[1])
    assert f"{Path('copy').stat().st_size:,}" == size[1]
    code, said = db("check")
    assert (0, ["ok"] * 13) == (code, [line.split()[0] for line in said.splitlines()])
    with store.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    assert (1, "wrong  version: 0000, this planerka needs 0001: run `planerka db upgrade`\n") == db("check")
    assert 0 == db("backup", "copy", "--over")[0]
    monkeypatch.setenv("PLANERKA_STORE", empty_place)
    held = "The database holds 0 leads, never pulled; it held {}.\nIt is at version 0000: run `planerka db upgrade`.\n"
    assert (0, held.format("nothing")) == db("restore", "copy")
    assert (0, held.format("0 leads, never pulled")) == db("restore", "copy", "--over")
