"""A backup and a restore that are killed: no program works on behind them, the store is whole, nothing piles up."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGXFSZ, Signals

import psycopg
import pytest
import sqlalchemy as sa

from planerka.store.backup import backup
from planerka.store.database import connect, open_store, reading
from planerka.store.tables import run_lock
from tests import services
from tests.builders_store import instant

PLACES = count(1)

HOLD_RESTORES = """
    CREATE FUNCTION hold() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(1); END';
    CREATE EVENT TRIGGER hold ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION hold();
    SELECT pg_advisory_lock(1);
"""
"""Whoever makes an index waits for us: a restore does when the old tables are gone and the rows of the new ones in."""

HOLD_BACKUPS = "BEGIN; LOCK TABLE lead"

READ_FOR_LONG = "BEGIN; LOCK TABLE lead IN ACCESS SHARE MODE"

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"

OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

KILLED_BY_ITS_SIZE = """
import resource, signal, sys
from pathlib import Path
from planerka.store.backup import backup
from planerka.store.database import connect

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))
backup(connect(sys.argv[1]), Path(sys.argv[2]))
"""
"""The operating system kills a process that writes more than it may: here in the middle of the copy."""


@pytest.fixture
def url(postgres: str, migrated_database: str) -> Iterator[str]:
    with services.postgres_database(postgres, f"killed_{next(PLACES)}", migrated_database) as url:
        yield url


@pytest.fixture
def other(url: str) -> Iterator[psycopg.Connection]:
    """A connection to the same database that is not planerka's."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begin `planerka db …` in a process of its own; whatever the test leaves of them ends with it."""
    started = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("planerka")), "db", *map(str, arguments)]
        env = {**os.environ, "PLANERKA_STORE": url}
        started.append(subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool], seconds: int = 30) -> None:
    """Return once it is so; AssertionError if it is not within that time."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def wait_for_held(other: psycopg.Connection, held_n: int = 1) -> None:
    wait_until(lambda: (held_n,) == other.execute(WAITING).fetchone())


def kill(process: subprocess.Popen[str], by: Signals = SIGKILL) -> None:
    """Kill it, and see the program that works for it end too, sooner than it would by itself."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(by)
    assert -by == process.wait(30)
    wait_until(lambda: is_gone(int(child)), seconds=10)


def is_gone(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def put_holder(url: str, holder: str) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(run_lock.delete())
        connection.execute(run_lock.insert().values(name="pull", holder=holder, since=instant("2026-11-23T08:00")))
    engine.dispose()


def holders(url: str) -> list[str]:
    engine = connect(url)
    with reading(engine) as connection:
        found = list(connection.scalars(sa.select(run_lock.c.holder)))
    engine.dispose()
    return found


def copy_of(url: str, folder: Path) -> Path:
    engine = connect(url)
    backup(engine, folder / "copy")
    engine.dispose()
    return folder / "copy"


@pytest.mark.parametrize("by", [SIGKILL, SIGTERM])
def test_a_killed_restore_leaves_the_old_store(url, other, start, tmp_path, by):
    """Even when all rows were in: pg_restore ends with its planerka, and what it had done is rolled back."""
    put_holder(url, "in the copy")
    file = copy_of(url, tmp_path)
    put_holder(url, "old")
    other.execute(HOLD_RESTORES)
    process = start("restore", "--over", file)
    wait_for_held(other)
    kill(process, by)
    other.execute("SELECT pg_advisory_unlock(1)")
    wait_until(lambda: (0,) == other.execute(OTHERS).fetchone())
    assert ["old"] == holders(url)


@pytest.mark.parametrize("by", [SIGKILL, SIGTERM])
def test_a_killed_backup_leaves_no_program_at_work(other, start, tmp_path, by):
    """Nobody would take what it writes."""
    other.execute(HOLD_BACKUPS)
    process = start("backup", tmp_path / "copy")
    wait_for_held(other)
    kill(process, by)


def test_a_killed_restore_is_in_nobodys_way(other, start, url, tmp_path):
    """It may wait for a report that takes hours: whoever wants to read what it would replace waits behind it."""
    file = copy_of(url, tmp_path)
    other.execute(READ_FOR_LONG)
    process = start("restore", "--over", file)
    wait_for_held(other)
    kill(process)
    wait_until(lambda: (0,) == other.execute(WAITING).fetchone(), seconds=20)


def test_a_backup_removes_what_a_killed_one_left_and_not_what_another_is_writing(other, start, tmp_path):
    """Two at once to one file are both whole; the later one's stays."""
    folder = tmp_path / "copies"
    folder.mkdir()
    other.execute(HOLD_BACKUPS)
    process = start("backup", folder / "copy")
    wait_for_held(other)
    kill(process)
    (left,) = folder.iterdir()
    other.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE NOT granted")
    at_work = [start("backup", "--over", folder / "copy")]
    wait_for_held(other)
    at_work.append(start("backup", "--over", folder / "copy"))
    wait_for_held(other, 2)
    assert 2 == len(set(folder.iterdir()) - {left})
    assert not left.exists()
    other.execute("ROLLBACK")
    assert [(None, ""), (None, "")] == [process.communicate(timeout=60) for process in at_work]
    assert [0, 0] == [process.returncode for process in at_work]
    assert [folder / "copy"] == list(folder.iterdir())


def test_the_half_of_a_killed_copy_of_sqlite_is_removed_by_the_next(tmp_path):
    """It would take as much space as a copy, every time; what others keep beside it is left alone."""
    url, folder = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "copies"
    store = open_store(url)
    theirs = folder / ".copy.theirs" / "part"
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    done = subprocess.run([sys.executable, "-c", KILLED_BY_ITS_SIZE, url, str(folder / "copy")])
    assert -SIGXFSZ == done.returncode
    assert 2 == len(list(folder.iterdir()))
    backup(store, folder / "copy")
    assert {folder / "copy", theirs.parent} == set(folder.iterdir())
