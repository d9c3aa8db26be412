"""Opening the store: SQLite by default, PostgreSQL for a company, always at the version of this code."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from planerka.errors import SettingsError, StoreBusyError, StoreVersionError

if TYPE_CHECKING:
    from alembic.config import Config

JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
"""Cyrillic stays readable in the database; NaN, which is no JSON, is refused."""

MIGRATIONS = Path(__file__).with_name("migrations")

BUSY_TIMEOUT_S = 30
STATEMENT_TIMEOUT_S = 600

PRAGMAS = (
    "journal_mode = WAL",  # readers and the writer do not wait for each other
    "synchronous = NORMAL",  # with WAL: a power cut can lose the last commit, never the file
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "cache_size = -131072",  # of a first load's pages, fewer are written twice
    "wal_autocheckpoint = 16000",  # pages, 64 MB: the default copies the same pages back after every few commits
)


def open_store(url: str) -> sa.Engine:
    """An engine on a store of the right version.

    A new SQLite file is set up at once, so that a first run needs no other command. An empty PostgreSQL
    database is not: somebody chose it, perhaps wrongly. Raises SettingsError, StoreVersionError, StoreBusyError.
    """
    engine = connect(url)
    try:
        if engine.dialect.name == "sqlite" and is_empty(engine):
            upgrade(engine)
        check_version(engine)
    except (sa.exc.DBAPIError, sqlite3.DatabaseError) as error:
        raise SettingsError(f"{engine.url!r} cannot be opened as a store: {error}. Check the store's url") from error
    return engine


def connect(url: str) -> sa.Engine:
    """An engine on a database of any version, or of none; `sqlite:///file` or `postgresql://…`."""
    try:
        address = sa.make_url(url)
        make = {"sqlite": _sqlite, "postgresql": _postgresql}[address.get_backend_name()]
    except (sa.exc.ArgumentError, KeyError):
        raise SettingsError("The store's url is neither sqlite:///file nor postgresql://user@host/name") from None
    return make(address, json_serializer=JSON.encode)


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees one state of the store and takes no lock from the writer."""
    with engine.connect().execution_options(is_reading=True) as connection:
        yield connection


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the version of this code, all or nothing; one process at a time."""
    from alembic import command  # 0.2 s that only an upgrade should cost

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("planerka upgrade"))))
        command.upgrade(migration_config(connection), "head")


def migration_config(connection: sa.Connection) -> "Config":
    """Alembic's settings, for a transaction that has begun."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def check_version(engine: sa.Engine) -> None:
    """Refuse a database that is older or newer than this code."""
    found, wanted = version_of(engine), head_version()
    if found is None or found < wanted:
        state = "has no tables yet" if found is None else f"is at version {found}, this planerka needs {wanted}"
        raise StoreVersionError(f"The store {engine.url!r} {state}: run `planerka db upgrade`")
    if found > wanted:
        raise StoreVersionError(
            f"The store {engine.url!r} is at version {found}, this planerka knows only {wanted}: "
            "update planerka, then run `planerka db upgrade`"
        )


def head_version() -> str:
    """The newest migration, from the names of the files: `0001_….py` is version 0001."""
    return max((path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")), default="0000")


def version_of(engine: sa.Engine) -> str | None:
    """The version a database is at; None where planerka has never been."""
    with reading(engine) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


def is_empty(engine: sa.Engine) -> bool:
    with reading(engine) as connection:
        return not sa.inspect(connection).get_table_names()


def _sqlite(address: sa.URL, **options: Any) -> sa.Engine:
    if address.database and address.database != ":memory:":
        _make_folder(Path(address.database).parent)
    # isolation_level None: the driver begins nothing by itself, `_begin` does.
    driver = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None}
    engine = sa.create_engine(address, connect_args=driver, **options)
    sa.event.listen(engine, "connect", _set_pragmas)
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "handle_error", _busy)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder of the store cannot be made: {error}. Name another in the store's url"
        ) from None


def _postgresql(address: sa.URL, **options: Any) -> sa.Engine:
    driver = {"options": f"-c statement_timeout={STATEMENT_TIMEOUT_S}s -c timezone=UTC"}
    address = address.set(drivername="postgresql+psycopg")
    return sa.create_engine(address, pool_pre_ping=True, connect_args=driver, **options)


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer takes its lock at once: a transaction that reads first and writes later can fail in between."""
    is_reading = connection.get_execution_options().get("is_reading")
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")


def _busy(context: sa.engine.ExceptionContext) -> None:
    if "database is locked" in str(context.original_exception):
        raise StoreBusyError(
            f"Another program has been writing to the store for {BUSY_TIMEOUT_S} s: wait for it, or stop it, and repeat"
        ) from context.original_exception
