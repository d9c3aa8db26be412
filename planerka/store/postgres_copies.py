"""A PostgreSQL store, copied into a file and put back, by the programs that belong to the server."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from planerka.errors import BusyError, StoreError, UsageError
from planerka.store.database import BUSY_TIMEOUT_S, reading, shown

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version: they are not all on PATH."""

OTHERS = """
SELECT min(backend_start) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
AND application_name = current_setting('application_name')
"""

ALL_OR_NOTHING = ("--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges")


def copy_to(engine: sa.Engine, file: Path) -> None:
    """Dump the store as it is now into a file. StoreError in the words of `pg_dump`, UsageError where there is none."""
    with _where(engine) as conninfo:
        wait = f"--lock-wait-timeout={BUSY_TIMEOUT_S}s"
        _run("pg_dump", "--format=custom", wait, f"--file={file}", "--no-password", f"--dbname={conninfo}")


def version_in(engine: sa.Engine, file: Path) -> str:
    """The version of a dump, which is read whole. UsageError for a file that is none, or is damaged."""
    try:
        told = _run("pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(file))
        _run("pg_restore", "--file=/dev/null", str(file))
    except StoreError as error:
        raise UsageError(f"{file} cannot be read: {error}; name a file that `planerka db backup` wrote") from error
    found = re.search(r"^COPY .*\balembic_version\b.*\n(\w+)$", told, re.MULTILINE)
    if found is None:
        raise UsageError(f"{file} is a dump of another database: name a file that `planerka db backup` wrote")
    return found[1]


def put_back(engine: sa.Engine, file: Path) -> None:
    """Make the store what a dump is, in one transaction. BusyError while any other planerka is connected."""
    with reading(engine) as connection:
        since = connection.scalar(sa.text(OTHERS))
    if since:
        raise BusyError(
            f"another planerka has been connected to {shown(engine.url)} since {since:%Y-%m-%d %H:%M} UTC: stop "
            "the worker and every run, and repeat"
        )
    engine.dispose()
    with _where(engine) as conninfo:
        _run("pg_restore", *ALL_OR_NOTHING, "--no-password", f"--dbname={conninfo}", str(file))


@contextmanager
def _where(engine: sa.Engine) -> Iterator[str]:
    """How to connect, for a command line, which everybody may read: the password is in a file of our own meanwhile."""
    _, parts = engine.dialect.create_connect_args(engine.url)
    password, _ = parts.pop("password", None), parts.pop("context", None)  # the latter is the driver's own
    with NamedTemporaryFile("w", encoding="utf-8") as passfile:
        if password:
            passfile.write("*:*:*:*:" + re.sub(r"([:\\])", r"\\\1", password))
            passfile.flush()
            parts["passfile"] = passfile.name
        yield make_conninfo(**parts)


def _run(name: str, *arguments: str) -> str:
    """What a program prints. StoreError with its first complaint: those that follow may quote rows."""
    done = subprocess.run([_program(name), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        complaints = done.stderr.splitlines()
        said = next((line for line in complaints if "error:" in line), f"{name} ended with {done.returncode}")
        raise StoreError(said.strip())
    return done.stdout


def _program(name: str) -> str:
    """Its path: on PATH, or the newest that Debian keeps."""
    kept = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = shutil.which(name) or (kept and str(kept[-1]))
    if not found:
        raise UsageError(f"{name} is not on this machine: install postgresql-client, of the server's version or newer")
    return found
