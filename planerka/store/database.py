"""Opening the store: SQLite by default, PostgreSQL for a company, always at the version of this code."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from planerka.errors import (
    PlanerkaError,
    SettingsError,
    StoreBusyError,
    StoreError,
    StoreGoneError,
    StoreVersionError,
)

if TYPE_CHECKING:
    from alembic.config import Config

JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
"""Cyrillic stays readable in the database; NaN, which is no JSON, is refused."""

MIGRATIONS = Path(__file__).with_name("migrations")

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another one, in both databases."""

POOL = {
    "pool_size": 5,  # a run holds one for its work and one for each lock
    "pool_pre_ping": True,  # a server that was restarted is met by a new connection, not by an error
    "pool_recycle": 1800,  # firewalls forget a connection that has said nothing for an hour
}

DRIVER = {
    "fallback_application_name": "planerka",
    "connect_timeout": 10,  # seconds; a host that is switched off would be waited for two minutes
    "keepalives_idle": 60,  # a network that is cut is noticed in a minute and a half, not in two hours
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""Of libpq, for PostgreSQL; the store's url may name others."""

SERVER = {
    "timezone": "UTC",
    "statement_timeout": "10min",  # what takes longer has lost its way
    "idle_in_transaction_session_timeout": "10min",  # of a run that hangs; a source may think for minutes in between
    "idle_session_timeout": "0",  # the connection that holds a run's lock says nothing for as long as the run
    "tcp_keepalives_idle": "60",  # a run whose machine lost its power holds its lock no longer than that
    "client_connection_check_interval": "10s",  # and a killed one no longer than that, whatever it had asked for
}
"""Of a session on PostgreSQL."""

REMEDIES = {
    "is full": "free some space on its disk, and repeat",
    "readonly": "give yourself the right to write to the file and its folder, and repeat",
    "unable to open": "check the path in `store` or `data`, and your rights to the folder",
    "not a database": "name another file by `store`",
    "malformed": "put a copy back in its place",
    "permission denied": "give the user of its url rights to it",
    "read-only transaction": "name the server that may be written to",
    "authentication failed": "correct the user or the password in `store`",
    "no pg_hba.conf entry": "let this user in from this machine in the server's pg_hba.conf",
    "does not exist": "create it, or correct its name in `store`",
    "No space left": "free some space on the server's disk, and repeat",
}
"""What a person must do about a failing database, by words of its message; anything else may pass by itself."""

CLOSED = ("42501", "25006", "25P03")
"""SQLSTATE of PostgreSQL: insufficient privilege, read-only transaction, idle in a transaction for too long. Its driver
takes them for faults of ours."""

LOCK_TIMEOUT = "55P03"

PRAGMAS = (
    "journal_mode = WAL",  # readers and the writer do not wait for each other
    "synchronous = NORMAL",  # with WAL: a power cut can lose the last commit, never the file
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "cache_size = -65536",  # KB: as fast for a first load as twice as many
    "wal_autocheckpoint = 16000",  # pages, 64 MB: the default copies the same pages back after every few commits
)


def open_store(url: str) -> sa.Engine:
    """An engine on a store of the right version.

    A new SQLite file is set up at once, so that a first run needs no other command. An empty PostgreSQL
    database is not: somebody chose it, perhaps wrongly. Raises SettingsError, StoreVersionError, StoreError,
    StoreBusyError.
    """
    engine = connect(url)
    if engine.dialect.name == "sqlite" and is_empty(engine):
        upgrade(engine)
    check_version(engine)
    return engine


def connect(url: str) -> sa.Engine:
    """An engine on a database of any version, or of none; `sqlite:///file` or `postgresql://…`."""
    try:
        address = sa.make_url(url)
        make = {"sqlite": _sqlite, "postgresql": _postgresql}[address.get_backend_name()]
    except (sa.exc.ArgumentError, KeyError, ValueError):
        raise SettingsError("The store's url is neither sqlite:///file nor postgresql://user@host/name") from None
    engine = make(address, json_serializer=JSON.encode, hide_parameters=True)
    sa.event.listen(engine, "handle_error", _in_words)
    return engine


def shown(url: sa.URL) -> str:
    """A store by its address, without any secret: SQLAlchemy hides the password alone, and not one in the query."""
    return repr(url.difference_update_query([name for name in url.query if "pass" in name]))


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees one state of the store and takes no lock from the writer."""
    with engine.connect().execution_options(is_reading=True) as connection:
        yield connection


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the version of this code, all or nothing; one process at a time."""
    from alembic import command  # 0.2 s that only an upgrade should cost

    refuse_a_newer(engine)
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
    refuse_a_newer(engine)
    found, wanted = version_of(engine), head_version()
    if found is None or found < wanted:
        state = "has no tables yet" if found is None else f"is at version {found}, this planerka needs {wanted}"
        raise StoreVersionError(f"The store {shown(engine.url)} {state}: run `planerka db upgrade`")


def refuse_a_newer(engine: sa.Engine) -> None:
    """An upgrade cannot mend it: only a newer planerka knows what it holds."""
    found, wanted = version_of(engine), head_version()
    if found is not None and found > wanted:
        raise StoreVersionError(
            f"The store {shown(engine.url)} is at version {found}, this planerka knows only {wanted}: "
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
    if address.database in (None, "", ":memory:"):
        raise SettingsError(
            f"The store {shown(address)} is in memory, and gone when a command ends: name a file, as sqlite:///var/planerka.db"
        )
    _make_folder(Path(address.database).parent)
    # isolation_level None: the driver begins nothing by itself, `_begin` does.
    driver = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None}
    engine = sa.create_engine(address, connect_args=driver, **options)
    sa.event.listen(engine, "connect", _set_pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "give yourself rights to it, or name another in the store's url"
        raise StoreError(f"The folder of the store cannot be made: {error}; {remedy}") from None


def _postgresql(address: sa.URL, **options: Any) -> sa.Engine:
    session = SERVER | {"lock_timeout": f"{BUSY_TIMEOUT_S}s"}
    ours = " ".join(f"-c {name}={value}" for name, value in session.items())
    driver = {name: value for name, value in DRIVER.items() if name not in address.query}
    driver["options"] = f"{ours} {address.query.get('options', '')}"
    address = address.set(drivername="postgresql+psycopg")
    return sa.create_engine(address, connect_args=driver, **POOL, **options)


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer takes its lock at once: a transaction that reads first and writes later can fail in between."""
    is_reading = connection.get_execution_options().get("is_reading")
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")


@contextmanager
def in_words(engine: sa.Engine) -> Iterator[None]:
    """For what the bare driver does in the block: its errors are those that the engine's own statements would raise."""
    try:
        yield
    except engine.dialect.loaded_dbapi.Error as error:
        if trouble := _trouble(error, engine.dialect, engine.url):
            raise trouble from error
        _quote_no_row(error)
        raise


def _in_words(context: sa.engine.ExceptionContext) -> None:
    """Trouble by its name and remedy, and no error with a row in it: Prefect would keep it as the state of a run."""
    if context.is_pre_ping:  # the pool opens another connection in place of one that has died
        return
    url = context.engine.url if context.engine else None
    if trouble := _trouble(context.original_exception, context.dialect, url):
        raise trouble from context.original_exception
    if isinstance(context.sqlalchemy_exception, sa.exc.DBAPIError):
        _quote_no_row(context.original_exception)
        kind = type(context.sqlalchemy_exception)
        raise kind(context.statement, None, context.original_exception, hide_parameters=True)


def _quote_no_row(error: BaseException) -> None:
    """PostgreSQL quotes the failing row below the first line, and the error is shown as a cause wherever it goes."""
    error.args = (_first_line(error),)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _trouble(error: BaseException, dialect: sa.Dialect, url: sa.URL | None) -> PlanerkaError | None:
    """Trouble with the database itself, in its own words.

    None for a statement that is wrong or breaks a constraint: a fault of ours, that stays what it is.
    """
    said = _first_line(error)
    if "database is locked" in said or getattr(error, "sqlstate", None) == LOCK_TIMEOUT:
        return StoreBusyError(
            f"Another program has been writing to the store for {BUSY_TIMEOUT_S} s: wait for it, or stop it, and repeat"
        )
    if "invalid connection option" in said:
        return SettingsError(f"The store's url: {said}")
    is_damaged = type(error) is sqlite3.DatabaseError  # the driver has no class of its own for it
    is_closed = getattr(error, "sqlstate", None) in CLOSED
    if not (is_damaged or is_closed or isinstance(error, dialect.loaded_dbapi.OperationalError)):
        return None
    failed = f"The store {shown(url)} failed ({said})" if url else f"The store failed ({said})"
    remedy = next((REMEDIES[words] for words in REMEDIES if words in said), None)
    return (
        StoreError(f"{failed}: {remedy}") if remedy else StoreGoneError(f"{failed}: check that it is there, and repeat")
    )
