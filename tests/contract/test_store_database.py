"""Opening, upgrading and refusing a store."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from planerka.errors import SettingsError, StoreBusyError, StoreError, StoreVersionError
from planerka.store import database
from planerka.store.database import connect, open_store, reading, shown, upgrade
from planerka.store.tables import metadata, run_lock
from tests.builders_store import instant

NOW = instant("2026-11-23T08:00")


@pytest.fixture
def engine(store_url: str) -> Iterator[sa.Engine]:
    engine = connect(store_url)
    yield engine
    engine.dispose()


def set_version(engine: sa.Engine, version: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def test_the_migrations_lead_to_the_schema(engine: sa.Engine) -> None:
    """Whoever changes tables.py drafts a migration: `python -m planerka.store.migrations.draft "what changed"`."""
    upgrade(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)


def test_upgrading_twice_changes_nothing(engine: sa.Engine) -> None:
    """`planerka db upgrade` may be repeated without fear."""
    upgrade(engine)
    upgrade(engine)
    assert database.head_version() == database.version_of(engine)


def test_an_older_store_is_refused_with_the_command_that_mends_it(engine: sa.Engine) -> None:
    upgrade(engine)
    set_version(engine, "0000")
    with pytest.raises(StoreVersionError, match=r"is at version 0000, this planerka needs .*planerka db upgrade"):
        database.check_version(engine)


def test_a_newer_store_is_refused_and_asks_for_a_newer_planerka(engine: sa.Engine) -> None:
    upgrade(engine)
    set_version(engine, "9999")
    for refused in (database.check_version, upgrade):
        with pytest.raises(StoreVersionError, match=r"version 9999.*update planerka"):
            refused(engine)
    assert "9999" == database.version_of(engine)


def test_a_store_that_lost_its_version_is_refused(engine: sa.Engine) -> None:
    """The table is there and its row is not: the database was restored in part."""
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
    with pytest.raises(StoreVersionError, match="planerka db upgrade"):
        database.check_version(engine)


def test_only_an_empty_sqlite_file_is_set_up_at_once(store_url: str) -> None:
    """A first run needs no other command; an empty PostgreSQL database may be the wrong one."""
    if store_url.startswith("sqlite"):
        assert database.head_version() == database.version_of(open_store(store_url))
    else:
        with pytest.raises(StoreVersionError, match="has no tables yet: run `planerka db upgrade`"):
            open_store(store_url)


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    """Tables that are not ours, and none of ours: nothing is added to them."""
    file = tmp_path / "other.db"
    sqlite3.connect(file).execute("CREATE TABLE theirs (id)").connection.close()
    with pytest.raises(StoreVersionError, match="planerka db upgrade"):
        open_store(f"sqlite:///{file}")


@pytest.mark.parametrize(
    "url, words",
    [
        ("mysql://user:secret@host/name", "neither sqlite:///file nor postgresql://"),
        ("planerka.db", "neither sqlite:///file nor postgresql://"),
        ("sqlite://", "is in memory, and gone when a command ends: name a file, as sqlite:///var/planerka.db"),
        ("sqlite:///:memory:", "is in memory"),
        ("postgresql://user:secret@127.0.0.1:54x32/name", "neither sqlite:///file nor postgresql://"),
        ("postgresql://user:secret@127.0.0.1/name?nosuch=1", 'invalid connection option "nosuch"'),
    ],
)
def test_a_url_that_names_no_store_is_a_wrong_setting(url: str, words: str) -> None:
    """In words, and without the password."""
    with pytest.raises(SettingsError, match=words) as refusal:
        open_store(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url, words",
    [
        ("sqlite:////dev/null/planerka.db", "The folder of the store cannot be made: .*; give yourself rights to it"),
        ("sqlite:////dev", r"failed \(unable to open database file\): check the path in `store` or `data`"),
        ("sqlite:///letter.txt", r"failed \(file is not a database\): name another file by `store`"),
        ("sqlite:///damaged.db", r"failed \(database disk image is malformed\): put a copy back in its place"),
        ("postgresql://user:secret@127.0.0.1:1/name", r"failed \(.*refused.*\): check that it is there, and repeat"),
    ],
)
def test_a_store_that_cannot_be_opened_is_one_line_with_the_remedy(
    url: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the database's own words, and without the password."""
    monkeypatch.chdir(tmp_path)
    Path("letter.txt").write_text("Уважаемые коллеги! " * 100)
    open_store("sqlite:///whole.db").dispose()
    whole = Path("whole.db").read_bytes()
    Path("damaged.db").write_bytes(whole[:4096] + b"\xff" * 20_000 + whole[24_096:])
    with pytest.raises(StoreError, match=words) as refusal:
        open_store(url)
    assert "secret" not in str(refusal.value)
    assert 1 == len(str(refusal.value).splitlines())


@pytest.mark.parametrize(
    "pragma, words",
    [
        ("max_page_count = 1", r"failed \(database or disk is full\): free some space on its disk"),
        ("query_only = ON", r"failed \(attempt to write a readonly database\): give yourself the right to write"),
    ],
)
def test_a_write_that_fails_says_why_and_quotes_no_row(tmp_path: Path, pragma: str, words: str) -> None:
    """SQLAlchemy's own message has the parameters in it, and they may be a client's."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    sa.event.listen(engine, "connect", lambda connection, _record: connection.execute(f"PRAGMA {pragma}"))
    engine.dispose()
    with pytest.raises(StoreError, match=words) as refusal, engine.begin() as connection:
        connection.execute(run_lock.insert().values(name="a client" * 10_000, holder="b", since=NOW))
    assert "client" not in str(refusal.value)
    assert 1 == len(str(refusal.value).splitlines())


@pytest.mark.parametrize(
    "state, words",
    [
        (
            "SET LOCAL ROLE clerk",
            r"failed \(permission denied for table run_lock\): give the user of its url rights to it",
        ),
        ("SET TRANSACTION READ ONLY", r"failed \(cannot execute INSERT in a read-only transaction\): name the server"),
    ],
)
@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_postgresql_that_may_not_be_written_is_one_line_too(engine: sa.Engine, state: str, words: str) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE ROLE clerk"))
        connection.execute(sa.text(state))
        with pytest.raises(StoreError, match=words):
            connection.execute(run_lock.insert().values(name="a", holder="b", since=NOW))


def test_processes_that_open_a_new_file_at_once_all_get_a_store(tmp_path: Path) -> None:
    """The first sets it up, the others wait for it."""
    code = f"from planerka.store.database import open_store; open_store('sqlite:///{tmp_path / 'new.db'}')"
    processes = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate()[1].decode() for process in processes]
    assert ["", "", ""] == errors


def test_opening_a_store_does_not_import_alembic(store_url: str) -> None:
    """A fifth of a second that only an upgrade should cost."""
    engine = connect(store_url)
    upgrade(engine)
    address = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    code = f"import sys, planerka.store.database as d; d.open_store({address!r}); print('alembic' in sys.modules)"
    assert "False\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_a_reader_neither_waits_for_the_writer_nor_sees_half_of_its_work(engine: sa.Engine) -> None:
    upgrade(engine)
    with engine.begin() as writing:
        writing.execute(run_lock.insert().values(name="a", holder="b", since=NOW))
        with reading(engine) as connection:
            assert 0 == connection.scalar(sa.select(sa.func.count()).select_from(run_lock))


def test_a_writer_that_waits_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer; the word for it is "busy", not a database error."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    first, second = open_store(url), open_store(url)
    with first.begin(), pytest.raises(StoreBusyError, match="writing to the store"), second.begin():
        pass


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "of_url, name, timeout",
    [("", "planerka", "30s"), ("&application_name=desk&options=-c%20lock_timeout%3D5s", "desk", "5s")],
)
def test_a_session_on_postgresql_has_its_name_and_its_time_outs(store_url: str, of_url: str, name: str, timeout: str):
    """What the url says goes before."""
    engine = connect(store_url + of_url)
    with reading(engine) as connection:
        names = ("application_name", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        said = [connection.scalar(sa.text(f"SHOW {setting}")) for setting in names]
    engine.dispose()
    assert [name, timeout, "10min", "10min"] == said


@pytest.mark.parametrize(
    "url, expected",
    [
        ("postgresql://anna:hunter2@db/planerka", "postgresql://anna:***@db/planerka"),
        ("postgresql://db/planerka?user=anna&password=hunter2", "postgresql://db/planerka?user=anna"),
        ("postgresql://db/planerka?sslpassword=hunter2&host=a", "postgresql://db/planerka?host=a"),
        ("sqlite:///var/planerka.db", "sqlite:///var/planerka.db"),
    ],
)
def test_a_store_is_shown_without_its_password(url: str, expected: str) -> None:
    """Wherever in the url it stands."""
    assert expected == shown(sa.make_url(url))


def test_json_keeps_cyrillic_readable(engine: sa.Engine) -> None:
    """Whoever looks into the database with their own eyes reads words, not escapes."""
    upgrade(engine)
    with engine.begin() as connection:
        values = {"source": "crm", "lacks": ["причина"], "data_until": NOW}
        connection.execute(metadata.tables["source"].insert().values(values))
        assert '["причина"]' == connection.scalar(sa.text("SELECT CAST(lacks AS TEXT) FROM source"))
