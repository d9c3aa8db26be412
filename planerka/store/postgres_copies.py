"""A PostgreSQL store, copied into a file and put back, by the programs that belong to the server."""

import ctypes
import os
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from signal import SIGKILL

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from planerka.errors import BusyError, StoreError, UsageError
from planerka.store.database import BUSY_TIMEOUT_S, SERVER, reading, shown

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version: they are not all on PATH."""

LIBC = ctypes.CDLL(None)

PR_SET_PDEATHSIG = 1
"""Of Linux's prctl: the signal that a process is sent when the one that began it has ended."""

OTHERS = """
SELECT min(backend_start) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
AND application_name = current_setting('application_name')
"""

LET_GO = f"-c client_connection_check_interval={SERVER['client_connection_check_interval']}"
"""For a killed program the server would go on waiting for a lock, with everybody else behind it."""

ALL_OR_NOTHING = ("--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges")


def copy_to(engine: sa.Engine, file: Path) -> None:
    """Dump the store as it is now into a file. StoreError in the words of `pg_dump`, UsageError where there is none."""
    wait = f"--lock-wait-timeout={BUSY_TIMEOUT_S}s"
    _run_on(engine, "pg_dump", "--format=custom", wait, f"--file={file}")


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
    _run_on(engine, "pg_restore", *ALL_OR_NOTHING, str(file))


def _run_on(engine: sa.Engine, name: str, *arguments: str) -> None:
    """Run a program on the store. Everybody may read its command line, so the password is in its environment."""
    _, parts = engine.dialect.create_connect_args(engine.url)
    password, _ = parts.pop("password", None), parts.pop("context", None)  # the latter is the driver's own
    parts["options"] = f"{LET_GO} {parts.get('options', '')}"
    _run(name, "--no-password", f"--dbname={make_conninfo(**parts)}", *arguments, password=password)


def _run(name: str, *arguments: str, password: str | None = None) -> str:
    """What a program prints. StoreError with its first complaint: those that follow may quote rows."""
    done = subprocess.run(
        [_program(name), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=partial(_prepare_child, os.getpid(), password),
    )
    if done.returncode:
        complaints = done.stderr.splitlines()
        said = next((line for line in complaints if "error:" in line), f"{name} ended with {done.returncode}")
        raise StoreError(said.strip())
    return done.stdout


def _prepare_child(parent: int, password: str | None) -> None:
    """In the child, before it becomes the program: it ends with its parent, however that ends.

    A `pg_restore` left behind would commit what nobody waits for any more; of a killed one the server takes all back.
    """
    LIBC.prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:  # it had ended before
        os._exit(1)
    if password:
        os.putenv("PGPASSWORD", password)


def _program(name: str) -> str:
    """Its path: on PATH, or the newest that Debian keeps."""
    kept = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = shutil.which(name) or (kept and str(kept[-1]))
    if not found:
        raise UsageError(f"{name} is not on this machine: install postgresql-client, of the server's version or newer")
    return found
