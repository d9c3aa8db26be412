"""A cycle that is killed, and two at once: nothing is lost, nothing is done twice, and the second is told who works."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from planerka.intake.pull import Step
from tests.builders_cycle import Ran, child, files_of, open_company, rows_of, run_cycle

LEADS_N = 1_000

State = tuple[dict[str, list[str]], dict[str, bytes]]
"""The rows and the files of a company."""


def run_killed(folder: Path, wait_s: float, *store_url: str) -> int:
    """Start the cycle in a process of its own and kill it that long after, unless it is faster; its exit code.

    1 is a run that found the lock of the one before it: PostgreSQL needs a moment to see that it was killed.
    """
    process = child(folder, LEADS_N, *store_url)
    assert process.stdout is not None
    assert "begins\n" == process.stdout.readline()
    with suppress(subprocess.TimeoutExpired):
        process.wait(wait_s)
    process.kill()
    said, _ = process.communicate()
    assert process.returncode <= 0 or said.startswith("BusyError cycle of sample is held by"), said
    return process.returncode


def undisturbed(ran: Ran, store_url: str | None = None) -> tuple[State, float]:
    """What a cycle leaves behind when nobody disturbs it, and the seconds that it took."""
    company = open_company(ran.folder, store_url=store_url, leads_n=LEADS_N)
    state = rows_of(company.engine), files_of(ran.folder / "out")
    company.engine.dispose()
    return state, ran.lasted_s


@pytest.fixture(scope="module")
def expected(ran_on_sqlite: Ran) -> tuple[State, float]:
    return undisturbed(ran_on_sqlite)


def test_a_cycle_killed_at_any_moment_goes_on_to_the_same_end(tmp_path, expected):
    """Killed again and again, then left alone: the rows and the files of a run that nobody disturbed."""
    dice, (state, lasts_s) = Random(2026), expected
    codes = [run_killed(tmp_path, dice.uniform(0, lasts_s)) for _ in range(3)]
    company = open_company(tmp_path, leads_n=LEADS_N)
    run_cycle(company)
    assert -SIGKILL in codes
    assert state == (rows_of(company.engine), files_of(tmp_path / "out"))


def test_of_two_cycles_at_once_the_second_is_told_who_works(tmp_path, expected):
    """It leaves without having touched anything, and the first goes on to its end."""
    company, heard = open_company(tmp_path, leads_n=LEADS_N), []

    def start_another(_step: Step) -> None:
        if not heard:
            heard.append(child(tmp_path, LEADS_N).communicate()[0])

    run_cycle(company, start_another)
    assert expected[0] == (rows_of(company.engine), files_of(tmp_path / "out"))
    (said,) = heard
    assert said.startswith("begins\nBusyError cycle of sample is held by ")
    assert f"process {os.getpid()} since" in said
