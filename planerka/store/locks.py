"""Named locks that die with their holder: a killed run leaves nothing that the next one must wait for.

PostgreSQL holds an advisory lock for as long as a connection lives, SQLite has none, so there the operating system
holds one on a file beside the database. The table `run_lock` only says who holds it, for the one who may not.
"""

import fcntl
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa

from planerka.errors import BusyError, StoreError, StoreGoneError
from planerka.store.bulk import insert_into
from planerka.store.database import reading
from planerka.store.tables import run_lock


@contextmanager
def locked(engine: sa.Engine, name: str, holder: str, now: datetime) -> Iterator[None]:
    """Hold the lock `name` while the block runs; BusyError, naming the holder, where another run has it."""
    with _exclusive(engine, name) as is_ours:
        if not is_ours:
            raise BusyError(f"{name} is held by {_holder_of(engine, name)}: wait for that run to end")
        with engine.begin() as connection:
            insert = insert_into(connection, run_lock).values(name=name, holder=holder, since=now)
            values = {"holder": holder, "since": now}
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))
        yield


def _exclusive(engine: sa.Engine, name: str) -> AbstractContextManager[bool]:
    """Try to take a lock without waiting; gives whether it is ours."""
    if engine.dialect.name == "postgresql":
        return _advisory_lock(engine, name)
    return _file_lock(Path(f"{engine.url.database}.{re.sub(r'[^a-z0-9]+', '-', name.lower())}.lock"))


@contextmanager
def _advisory_lock(engine: sa.Engine, name: str) -> Iterator[bool]:
    key = sa.func.hashtext(f"planerka {name}")
    # AUTOCOMMIT: an open transaction of hours would keep PostgreSQL from cleaning up.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_ours = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key))))
        try:
            yield is_ours
        finally:
            if is_ours:
                with suppress(StoreGoneError):  # a server that was restarted meanwhile has let go of it
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _opened(path: Path) -> TextIO:
    try:
        return path.open("a")
    except OSError as error:
        remedy = "give yourself rights to it and its folder"
        raise StoreError(f"The lock beside the store cannot be made: {error}; {remedy}") from None


def _holder_of(engine: sa.Engine, name: str) -> str:
    with reading(engine) as connection:
        row = connection.execute(sa.select(run_lock).where(run_lock.c.name == name)).one_or_none()
    return f"{row.holder} since {row.since:%Y-%m-%d %H:%M} UTC" if row else "a run that has just begun"
