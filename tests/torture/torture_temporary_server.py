"""The temporary Prefect server, forty times over: whole runs lose nothing, killed ones leave nothing behind."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

from tests.flows.conftest import PROJECT
from tests.flows.test_quiet import ALONE, RUN, run, stored

RUNS_N = 20


def test_no_task_run_is_ever_lost(tmp_path: Path):
    """The race is between the child that still stores and the parent that ends it."""
    assert [(0, f"{ALONE} 28\n", "")] * RUNS_N == [run(tmp_path) for _ in range(RUNS_N)]
    assert [("Completed", "Completed", 8)] * RUNS_N == stored(tmp_path)


def test_runs_killed_at_any_moment_leave_no_server_and_a_usable_database(tmp_path: Path):
    """Killed while it migrates, starts, runs or stores; the next run works."""
    dice = Random(7)
    for _ in range(RUNS_N):
        process = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path)], cwd=PROJECT, stdout=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.2, 6))
        process.kill()
        process.wait()
    until = time.monotonic() + 240  # an abandoned server finishes its migrations first: half of one breaks the database
    while servers_in(tmp_path) and time.monotonic() < until:
        time.sleep(1)
    assert [] == servers_in(tmp_path)
    assert (0, f"{ALONE} 28\n", "") == run(tmp_path)


def servers_in(home: Path) -> list[str]:
    """Processes whose log is in `home`: the servers that were started there."""
    return [str(fd) for fd in Path("/proc").glob("[0-9]*/fd/1") if is_link_to(fd, home / "server.log")]


def is_link_to(link: Path, target: Path) -> bool:
    try:
        return link.readlink() == target
    except OSError:
        return False
