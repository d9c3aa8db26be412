"""`planerka doctor` beside a real Prefect server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.flows.conftest import PROJECT, Server, free_port

STARTED_S = 60


def doctor(folder: Path, url: str) -> tuple[int, dict[str, list[str]]]:
    """The exit code, and what is not well, by check."""
    env = os.environ | {"PREFECT_API_URL": url, "PREFECT_HOME": str(folder / "prefect")}
    command = [sys.executable, "-c", "from flows.cli import main; main()", "doctor", "--json"]
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True, timeout=120, check=False)
    found: dict[str, list[str]] = {}
    for one in json.loads(done.stdout):
        if one["level"] != "ok":
            found.setdefault(one["check"], []).append(one["message"])
    return done.returncode, found


@pytest.fixture(scope="module")
def company(prefect_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A company's folder, deployed from as docs/install.md says, and a worker is at work."""
    folder = tmp_path_factory.mktemp("company")
    prefect_server.make_pool()
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    deploy = [*prefect, "deploy", "--all", "--prefect-file", str(PROJECT / "prefect.yaml")]
    subprocess.run(deploy, cwd=folder, env=prefect_server.env, stdout=subprocess.DEVNULL, timeout=120, check=True)
    worker = [*prefect, "worker", "start", "--pool", "local"]
    process = subprocess.Popen(
        worker, cwd=folder, env=prefect_server.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_work(prefect_server)
        yield folder
    finally:
        process.kill()  # on a busy machine a worker that is asked to end has taken minutes
        process.wait(60)


def await_work(server: Server) -> None:
    """Return once the worker has told of itself and every schedule has a run ahead, or after a minute."""
    scheduled_n = sum(
        "schedules" in d for d in yaml.safe_load((PROJECT / "prefect.yaml").read_text("utf-8"))["deployments"]
    )
    until = time.monotonic() + STARTED_S
    while time.monotonic() < until:
        if server.ask("/work_pools/local/workers/filter") and len(server.scheduled_ids()) == scheduled_n:
            return
        time.sleep(0.5)


def test_an_installation_that_is_well_has_nothing_to_mend(prefect_server, company):
    """The worker has told of itself, and the scheduler has looked at the deployments."""
    assert (0, {}) == doctor(company, prefect_server.url)


def test_deployments_of_another_folder_are_not_taken_for_those_of_this_one(prefect_server, company, tmp_path):
    """They would run with its settings: another company's leads, and the mails go to its people."""
    _, found = doctor(tmp_path, prefect_server.url)
    (said,) = found["deployments"]
    remedy = (
        f"`prefect --no-prompt deploy --all --prefect-file {PROJECT / 'prefect.yaml'}` here, or call the doctor there"
    )
    assert said.startswith("pull_leads, sweep_vanished, ")
    assert said.endswith(f" run in {company}, with its settings, and this is {tmp_path}: {remedy}")


def test_a_server_that_does_not_answer_is_named_with_the_command_that_starts_it(tmp_path):
    exit_code, found = doctor(tmp_path, f"http://127.0.0.1:{free_port()}/api")
    assert (2, ["prefect"]) == (exit_code, list(found))
    assert "does not answer: `systemctl start planerka-server`, or correct PREFECT_API_URL" in found["prefect"][0]
