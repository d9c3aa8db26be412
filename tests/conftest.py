"""What tests of several folders stand on."""

import gc
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from planerka.store.database import connect, upgrade
from planerka.store.tables import metadata
from tests import services

KINDS = ("sqlite", "postgres")
"""Of stores: what a test asks of one it asks of the other."""

DATABASE_NUMBERS = count(1)
TABLES = [table.name for table in reversed(metadata.sorted_tables)]
COUNTED = [f"{table.name}_id_seq" for table in metadata.sorted_tables if table.autoincrement_column is not None]
DISCONNECT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
HAS_GROWN = """
    SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 1000000 LIMIT 1
"""
DELETE = "; ".join([f"DELETE FROM {name}" for name in TABLES] + [f"ALTER SEQUENCE {name} RESTART" for name in COUNTED])
TRUNCATE = f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY"
"""As long as making a new store, but of one that has grown nothing is left to be read past."""


def pytest_configure() -> None:
    """As the shell does (flows.cli): looking for cycles every 700 objects is a third of the time of collecting."""
    gc.set_threshold(50_000)


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: no search for cycles walks through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster for the whole session of this worker, as the folder of its socket."""
    binaries = services.find_postgres()
    if binaries is None:
        services.missing("PostgreSQL (initdb)", "postgresql")
    with services.postgres_cluster(binaries) as socket_folder:
        yield socket_folder


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        with services.postgres_database(request.getfixturevalue("postgres"), f"test_{next(DATABASE_NUMBERS)}") as url:
            yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres: str) -> Iterator[str]:
    """The name of a PostgreSQL database to copy; nobody may be connected to it meanwhile."""
    with services.postgres_database(postgres, "migrated") as url:
        migrate(url)
        yield "migrated"


def migrate(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def kept_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "store.db"


@pytest.fixture(scope="session")
def kept_database(postgres: str, migrated_database: str) -> Iterator[str]:
    with services.postgres_database(postgres, "kept", migrated_database) as url:
        yield url


@pytest.fixture(params=KINDS)
def migrated_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a store without rows, once of each kind: to migrate takes longer than most tests. It is at the same
    place for each of them, so that one engine serves them all."""
    if request.param == "sqlite":
        path = request.getfixturevalue("kept_file")
        for old in path.parent.iterdir():
            old.unlink()
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("kept_database")
        yield url
        clear(url)


def clear(url: str) -> None:
    """Leave nothing in a PostgreSQL store, nor anybody connected to it: in a fifth of the time that a new one takes."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(DISCONNECT)
        has_grown = connection.execute(HAS_GROWN).fetchone()
        connection.execute(TRUNCATE if has_grown else DELETE)


@pytest.fixture(scope="session")
def engines() -> dict[str, sa.Engine]:
    """By URL. An engine keeps the statements that it has compiled, which takes longer than to execute them."""
    return {}


@pytest.fixture
def engine(migrated_url: str, engines: dict[str, sa.Engine]) -> Iterator[sa.Engine]:
    engine = engines.setdefault(migrated_url, connect(migrated_url))
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction for the whole test."""
    with engine.begin() as connection:
        yield connection
