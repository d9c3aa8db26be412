"""The programs some tests need besides Python: found on this machine, started for the tests, ended with them."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import psycopg
import pytest

T = TypeVar("T")

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PREFECT_DATABASE = Path(sys.prefix) / "prefect" / "prefect.db"
"""Prefect's own tables without rows, as `make` leaves them beside the libraries: to make them takes eight seconds."""

THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "listen_addresses": ""}


def missing(what: str, package: str) -> NoReturn:
    """Skip with a reason that is printed; in CI a test that cannot run is a failure."""
    reason = f"{what} is not on this machine: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str, what: str, package: str) -> str:
    """The path of a program that a test runs, or the end of that test."""
    return shutil.which(name) or missing(what, package)


def without_event_loop(work: Callable[[], T]) -> T:
    """Playwright leaves a loop running in its thread: what Prefect does at once becomes a coroutine there, and no other
    loop can run.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, whatever has run in this process before."""
    return without_event_loop(lambda: asyncio.run(work))


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def find_postgres() -> Path | None:
    """The folder with `initdb` and `postgres`; Debian keeps it off PATH. The newest of several."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def unprivileged_user() -> str | None:
    """Whom PostgreSQL runs as: root may not, so somebody who exists and owns nothing; anyone else as they are."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def prefect_home(folder: Path) -> None:
    """A folder of Prefect's whose database is there; one that is in use stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    if PREFECT_DATABASE.exists() and not (folder / "prefect.db").exists():
        shutil.copy(PREFECT_DATABASE, folder)


@contextmanager
def postgres_cluster(binaries: Path) -> Iterator[str]:
    """A cluster of our own in a temporary folder, reachable by its socket only; yields the folder of the socket."""
    with postgres_folder(binaries) as folder, postgres_server(binaries, folder):
        yield str(folder)


@contextmanager
def postgres_folder(binaries: Path) -> Iterator[Path]:
    """The folder of a new cluster, for `postgres_server` to be started in."""
    user = unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="planerka-pg-"))
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "planerka", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    try:
        subprocess.run(initdb, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgres_server(binaries: Path, folder: Path, **settings: str) -> Iterator[None]:
    """The server of a cluster, for as long as the block runs: then it stops at once, whoever is connected."""
    options = [f"--{name}={value}" for name, value in (THROWAWAY | settings).items()]
    command = [binaries / "postgres", "-D", folder / "data", "-k", folder, *options]
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(command, user=unprivileged_user(), cwd=folder, stdout=log, stderr=log)
    try:
        wait_for_postgres(server, folder)
        yield
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(30)


def wait_for_postgres(server: subprocess.Popen[bytes], folder: Path) -> None:
    """Return once the cluster takes connections; RuntimeError with its log if it ended or took half a minute."""
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(host=str(folder), user="planerka", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'server.log').read_text()}")


@contextmanager
def postgres_database(socket_folder: str, name: str, template: str = "template1") -> Iterator[str]:
    """A copy of the template; yields its SQLAlchemy URL and drops it with whoever is still connected."""
    with psycopg.connect(host=socket_folder, user="planerka", dbname="postgres", autocommit=True) as admin:
        # From 15 on the default writes every page to the log too: 0.17 s of CPU instead of 0.06, for each of 500 tests.
        strategy = "STRATEGY FILE_COPY" if admin.info.server_version >= 150_000 else ""
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
        try:
            yield f"postgresql+psycopg://planerka@/{name}?host={socket_folder}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
