"""Copies of the store: made while runs go on, whole or not at all, and put back when nobody is at work."""

import fcntl
import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import sqlalchemy as sa

from planerka.errors import PlanerkaError, StoreError, StoreGoneError, StoreVersionError, UsageError
from planerka.store import postgres_copies, sqlite_copies
from planerka.store.database import head_version, is_empty, reading, shown, version_of
from planerka.store.tables import lead, pull_window


class Copies(Protocol):
    """How a database of one kind is copied; its two modules implement it."""

    def copy_to(self, engine: sa.Engine, file: Path) -> None: ...

    def version_in(self, engine: sa.Engine, file: Path) -> str: ...

    def put_back(self, engine: sa.Engine, file: Path) -> None: ...


COPIES: dict[str, Copies] = {"sqlite": sqlite_copies, "postgresql": postgres_copies}


@dataclass(frozen=True, kw_only=True)
class Restored:
    """The version that the store is at from now on, and what it held before (None: nothing)."""

    version: str
    replaced: str | None


def backup(engine: sa.Engine, file: Path, *, over: bool = False) -> None:
    """Copy the store as it is at this moment into a file that only its owner may read.

    UsageError for a file that is there already, unless it is to be written `over`, and for a store without tables.
    """
    if file.exists() and not over:
        raise UsageError(f"{file} is there already: name another file, or replace it with --over")
    refuse_the_store_itself(engine, file)
    if version_of(engine) is None:
        raise UsageError(f"the store {shown(engine.url)} holds nothing of planerka's yet: there is nothing to copy")
    with _whole(file) as part:
        COPIES[engine.dialect.name].copy_to(engine, part)


def restore(engine: sa.Engine, file: Path, *, over: bool = False) -> Restored:
    """Make the store what it was when a backup of it was made, all or nothing.

    UsageError for a file that is no backup and, unless it is to be written `over`, for a store that is not empty;
    StoreVersionError for a backup of a newer planerka; BusyError while another run is at work.
    """
    if not file.is_file():
        raise UsageError(f"{file} is not there: name a file that `planerka db backup` wrote")
    refuse_the_store_itself(engine, file)
    copies = COPIES[engine.dialect.name]
    version = copies.version_in(engine, file)
    if version > head_version():
        raise StoreVersionError(
            f"{file} is of version {version}, this planerka knows {head_version()}: update planerka"
        )
    held = contents(engine)
    if held and not over:
        raise UsageError(f"the store {shown(engine.url)} holds {held}: replace all of it with --over")
    engine.dispose()  # our own connections would be in the way
    copies.put_back(engine, file)
    return Restored(version=version, replaced=held)


def refuse_the_store_itself(engine: sa.Engine, file: Path) -> None:
    """SQLite would wait for itself for ever, or write into a file that has been taken from under it."""
    if engine.dialect.name == "sqlite" and file.resolve() == Path(str(engine.url.database)).resolve():
        raise UsageError(f"{file} is the store itself: name another file")


def contents(engine: sa.Engine) -> str | None:
    """What a store holds, for the one who may lose it: `1000 leads, last pulled 2026-11-24 06:00 UTC`, or None."""
    try:
        if is_empty(engine):
            return None
        if version_of(engine) is None:
            return "tables that are not planerka's"
        with reading(engine) as connection:
            leads_n = connection.scalar(sa.select(sa.func.count()).select_from(lead))
            pulled_at = connection.scalar(sa.select(sa.func.max(pull_window.c.pulled_at)))
    except StoreGoneError:
        raise
    except StoreError:
        return "what cannot be read any more"
    return f"{leads_n} leads, {f'last pulled {pulled_at:%Y-%m-%d %H:%M} UTC' if pulled_at else 'never pulled'}"


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A file beside the one that is meant, which takes its place once it is complete and on the disk."""
    try:
        _remove_halves(file)
        with (
            TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder,
            Path(folder, "lock").open("w") as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)  # dies with us; no part is ever there without it
            part = Path(folder, "part")
            part.touch(mode=0o600)
            yield part
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(file)
    except OSError as wrong:
        raise PlanerkaError(f"{file} cannot be written ({wrong.strerror}): give it space and rights") from wrong


def _remove_halves(file: Path) -> None:
    """Remove what killed backups have left beside a file, as far as we may; not what another one is writing now."""
    for part in file.parent.glob(f".{glob.escape(file.name)}.*/part"):
        with suppress(OSError):
            with part.with_name("lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            shutil.rmtree(part.parent)
