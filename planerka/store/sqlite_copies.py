"""A SQLite store, copied into a file and put back, by SQLite itself: no file is moved from under anybody.

A copy is made in one step, of one state; writers go on meanwhile. To put it back is one transaction of the store's own
file, which is whole before and after, whenever it is cut.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from planerka.errors import BusyError, StoreError, UsageError
from planerka.store.database import shown


def copy_to(engine: sa.Engine, file: Path) -> None:
    """Copy the store as it is now into a file, and prove it sound. StoreError where it is not, or the disk is full."""
    try:
        with closing(engine.raw_connection()) as store, closing(sqlite3.connect(file)) as copy:
            assert store.driver_connection is not None
            store.driver_connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no other beside it
            refuse_unsound(copy)
    except sqlite3.Error as error:
        raise StoreError(
            f"The store {shown(engine.url)} cannot be copied ({error}): free as much space as it takes, and repeat; "
            "`planerka db check` says whether it is sound"
        ) from error


def version_in(engine: sa.Engine, file: Path) -> str:
    """The version of a copy, which is read whole. UsageError for a file that is none, or is damaged."""
    try:
        with closing(_read_only(file)) as copy:
            refuse_unsound(copy)
            return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError) as error:
        raise UsageError(
            f"{file} is no sound backup of a SQLite store ({error}): name a file that `planerka db backup` wrote"
        ) from error


def put_back(engine: sa.Engine, file: Path) -> None:
    """Make the store what a copy is. BusyError while any other program has it open."""
    path = engine.url.database
    assert path is not None
    try:
        with closing(sqlite3.connect(path)) as store, closing(_read_only(file)) as copy:
            # SQLite leaves its write-ahead log only for the last one that has the file open, and then keeps others out.
            store.execute("PRAGMA locking_mode = EXCLUSIVE")
            store.execute("PRAGMA journal_mode = DELETE")
            copy.backup(store)
    except sqlite3.Error as error:
        if "database is locked" in str(error):
            raise BusyError(f"{path} is open in another program: stop the worker and every run, and repeat") from error
        raise StoreError(
            f"{path} cannot be replaced ({error}): put it aside with {path}-wal and {path}-shm, and repeat"
        ) from error


def refuse_unsound(copy: sqlite3.Connection) -> None:
    """sqlite3.DatabaseError, in SQLite's words, for pages that contradict each other."""
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(" ".join(found.split()))


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
