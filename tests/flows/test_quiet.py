"""A run from the shell without a server: nothing stray is printed, nothing is lost, nothing is left running."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.quiet import answers
from tests.flows.conftest import PROJECT, Server

ALONE = "Starting a temporary Prefect server …"

RUN = """
import sys
from pathlib import Path
from flows.quiet import prefect_api
from planerka.errors import GateStoppedError, PlanerkaError

try:
    with prefect_api(Path(sys.argv[1])) as api:
        from prefect import flow, get_run_logger, task

        @task
        def step(number):
            get_run_logger().warning("step %d", number)
            return number

        @flow
        def toy(tasks_n, is_stopped):
            done = [step(n) for n in range(tasks_n)]
            if is_stopped:
                raise GateStoppedError("the data are not fit")
            return sum(done)

        print(api.greeting or "A running server:", api.run(toy, tasks_n=8, is_stopped="stop" in sys.argv))
except PlanerkaError as error:
    print(type(error).__name__)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from flows.quiet import prefect_api

with prefect_api(Path(sys.argv[1])) as api:
    print(api.child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run(home: Path, *arguments: str, folder: Path = PROJECT, **env: str) -> tuple[int, str, str]:
    """Exit code, output and error output of a fresh process that runs the toy flow, in that folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    command = [sys.executable, "-c", RUN, str(home), *arguments]
    done = subprocess.run(command, cwd=folder, env=clean | env, capture_output=True, text=True, timeout=240)
    return done.returncode, done.stdout, done.stderr


def test_a_home_that_cannot_be_used_is_named(tmp_path):
    """One line, before any server is started."""
    (tmp_path / "file").write_text("where a folder should be")
    code, out, err = run(tmp_path / "file" / "prefect")
    assert (0, "ServerNotStartedError\n", "") == (code, out, err)


def stored(home: Path) -> list[tuple[str, str, int]]:
    """Flow state, task state and number of task runs, of each flow run in the temporary server's database."""
    sql = """
        SELECT flow_run.state_name, task_run.state_name, count(*)
        FROM flow_run LEFT JOIN task_run ON task_run.flow_run_id = flow_run.id
        GROUP BY flow_run.id, 1, 2 ORDER BY flow_run.created
    """
    with sqlite3.connect(home / "prefect.db") as database:
        return database.execute(sql).fetchall()


SILENT = "http://127.0.0.1:1/api"
PASSED_OVER = "The Prefect server of PREFECT_API_URL does not answer, and will not see this run."

RUNS = [
    ({}, [], f"{ALONE} 28"),
    ({"PREFECT_API_URL": SILENT}, [], f"{PASSED_OVER} {ALONE} 28"),
    ({}, ["stop"], "GateStoppedError"),
]
"""The variables and arguments of three runs after one another, and what each prints."""


@dataclass(frozen=True)
class Ran:
    """What three runs by temporary servers printed, what each server wrote to its log, and where their database is."""

    home: Path
    answers: list[tuple[int, str, str]]
    logs: list[str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Those of RUNS, in a home that is not there before the first."""
    home, answers, logs = tmp_path_factory.mktemp("quiet") / "prefect", [], []
    for env, arguments, _ in RUNS:
        answers.append(run(home, *arguments, **env))
        logs.append((home / "server.log").read_text())
    return Ran(home, answers, logs)


def test_three_runs_are_silent_and_complete(ran):
    """The first makes its database; every task run of all three is stored.

    An address where nobody answers is passed over: the weekly meeting does not wait for a server that is down. An
    error of the flow is raised and not printed: the command says what happened in its own words, and the traceback is
    with the server.
    """
    assert [(0, f"{printed}\n", "") for *_, printed in RUNS] == ran.answers
    assert [(state, "Completed", 8) for state in ("Completed", "Completed", "Failed")] == stored(ran.home)
    assert ["", "", ""] == ran.logs


def test_a_server_that_cannot_start_is_an_error_with_its_log(tmp_path):
    """A database that is none does not hang the run."""
    (tmp_path / "prefect.db").write_bytes(b"no database " * 1000)
    assert (0, "ServerNotStartedError\n", "") == run(tmp_path)
    assert "file is not a database" in (tmp_path / "server.log").read_text()


@pytest.mark.parametrize("url", [None, "", "127.0.0.1:4200/api", "http://127.0.0.1:port/api", "http://127.0.0.1:1/api"])
def test_what_is_no_address_of_a_server_does_not_answer(url):
    assert not answers(url, timeout_s=5)


@pytest.mark.parametrize(
    "environment, env_file", [("{url}", None), (None, "{url}"), ("{url}", SILENT)], ids=["environment", ".env", "both"]
)
def test_a_running_server_is_used(environment, env_file, prefect_server: Server, tmp_path):
    """The run is seen where the company's other runs are, and no other server is started. The environment goes before
    .env, as it does for Prefect."""
    before_n = prefect_server.ask("/flow_runs/count")
    if env_file:
        (tmp_path / ".env").write_text(f"PREFECT_API_URL='{env_file.format(url=prefect_server.url)}'\n")
    env = {"PREFECT_API_URL": environment.format(url=prefect_server.url)} if environment else {}
    assert (0, "A running server: 28\n", "") == run(tmp_path / "home", folder=tmp_path, **env)
    assert before_n + 1 == prefect_server.ask("/flow_runs/count")
    assert not (tmp_path / "home").exists()


def test_the_server_ends_with_a_killed_run(ran):
    """Its stdin closes when the run dies, however it dies."""
    command = [sys.executable, "-c", KILLED, str(ran.home)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, timeout=60)
    assert -signal.SIGKILL == done.returncode
    assert is_gone_within(int(done.stdout), seconds=30)


def is_gone_within(pid: int, seconds: int) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().split(")")[1].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False
