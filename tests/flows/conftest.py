"""A real Prefect server, commands run against it, and the verbs of the shell in this process."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from flows import cli
from tests import services

PROJECT = Path(__file__).parents[2]
START_S = 120


@dataclass(frozen=True)
class Server:
    url: str
    log: Path
    env: dict[str, str]

    @property
    def is_on_postgres(self) -> bool:
        return "PREFECT_SERVER_DATABASE_CONNECTION_URL" in self.env

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A command of this Python, with these variables besides; its output is both streams."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=PROJECT,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    def prefect(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """One `prefect …` command."""
        return self.run("-m", "prefect", "--no-prompt", *arguments, **env)

    def make_pool(self) -> None:
        """The pool that prefect.yaml names, as `prefect work-pool create local --type process` makes it in three
        seconds of an interpreter's time.
        """
        self.ask("/work_pools/", name="local", type="process")

    def post(self, path: str, **query: Any) -> httpx.Response:
        """A busy SQLite server says 503 now and then, as Prefect's own client knows."""
        transport = httpx.HTTPTransport(retries=3)
        with httpx.Client(base_url=self.url, transport=transport, timeout=60) as client:
            return client.post(path, json=query)

    def ask(self, path: str, **query: Any) -> Any:
        """The answer to a POST."""
        return self.post(path, **query).raise_for_status().json()

    def deployment_ids(self) -> dict[str, str]:
        return {found["name"]: found["id"] for found in self.ask("/deployments/filter")}

    def scheduled_ids(self) -> set[str]:
        """Deployments that have a run ahead."""
        ahead = self.ask("/flow_runs/filter", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})
        return {run["deployment_id"] for run in ahead}

    def errors(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if "ERROR" in line or "CRITICAL" in line]


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


def planerka(folder: Path, env: dict[str, str], *arguments: object) -> Answer:
    """A verb of the shell, in this process: a fresh one has the same answer after three seconds of imports."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))  # bytes too, as a spreadsheet has them
    argv = ["planerka", *map(str, arguments)]
    with (
        chdir(folder),
        patch.dict(os.environ, env, clear=True),
        patch.object(sys, "argv", argv),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        cli.main()
    return Answer(int(ended.value.code or 0), written(out), written(err))


def written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment(home: Path, database_url: str | None = None) -> dict[str, str]:
    """The variables of a server on a port of its own, and of its clients. A run is late after a second."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PLANERKA_", "PREFECT_"))}
    database = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url} if database_url else {}
    return inherited | database | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1",
        "PREFECT_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }  # fmt: skip


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """`prefect server start` with all its services; its log goes on where it was."""
    port = server.url.removesuffix("/api").rpartition(":")[2]
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with server.log.open("ab") as log:
        process = subprocess.Popen(command, cwd=server.log.parent, env=server.env, stdout=log, stderr=log)
    try:
        wait_until_healthy(server, process)
        yield process
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def prefect_tables(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with Prefect's tables, to be copied."""
    name, home = "prefect_tables", tmp_path_factory.mktemp("prefect")
    with services.postgres_database(postgres, name) as url:
        upgrade = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
        subprocess.run(upgrade, env=environment(home, asyncpg(url)), check=True, stdout=subprocess.DEVNULL)
        yield name


@pytest.fixture(scope="module")
def prefect_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody has used yet: on PostgreSQL, as a company has it, or on SQLite where there is none."""
    home = tmp_path_factory.mktemp("prefect")
    if services.find_postgres() is None:
        services.prefect_home(home)
        yield from started(home, None)
        return
    tables, cluster = request.getfixturevalue("prefect_tables"), request.getfixturevalue("postgres")
    with services.postgres_database(cluster, "prefect", tables) as url:
        yield from started(home, asyncpg(url))


def asyncpg(url: str) -> str:
    return url.replace("psycopg", "asyncpg")


def started(home: Path, database_url: str | None) -> Iterator[Server]:
    env = environment(home, database_url)
    server = Server(env["PREFECT_API_URL"], home / "server.log", env)
    with running(server):
        yield server


def wait_until_healthy(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_S * 5):
        try:
            if httpx.get(f"{server.url}/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    raise RuntimeError(f"the Prefect server did not start:\n{server.log.read_text()}")
