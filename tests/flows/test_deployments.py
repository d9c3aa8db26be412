"""`prefect deploy --all` on a real server. That it imports is no proof: with the wrong library versions everything
registers and nothing scheduled ever runs, and only the server's log says so."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flows.conftest import PROJECT, Server

DEPLOYMENTS = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT06:00:00Z}"
SECRETS = {
    "PLANERKA_PHONE_KEY": "secret-of-the-hashes",
    "PLANERKA_ALARMS__WEBHOOK": "https://chat.example/secret-token",
}
LATER = [
    ("weekly_pack", {"week": "2099-W02"}, "week 2099-W02 is not over until 2099-01-11"),
    ("backfill", {"first_on": "1999-01-01", "last_on": "1999-12-31"}, "holds no day of the data, which are of "),
]
"""What only the data can refuse, and what is said."""
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@pytest.fixture(scope="module")
def deployed(prefect_server: Server) -> Server:
    made = prefect_server.prefect("work-pool", "create", "local", "--type", "process")
    assert 0 == made.returncode, made.stdout
    done = prefect_server.prefect("deploy", "--all", **SECRETS)
    assert 0 == done.returncode, done.stdout
    return prefect_server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("company")


@pytest.fixture(scope="module")
def company(deployed: Server, folder: Path) -> Server:
    """The server, with the variables of a company in a folder of its own, secrets among them, for whoever runs it."""
    settings = {
        "PLANERKA_DATA": str(folder / "var"),
        "PLANERKA_OUT": str(folder / "out"),
        "PLANERKA_SOURCE__LEADS_N": "600",
        "PLANERKA_DELIVERY__OWNER": "ops@company.example",
    }
    return replace(deployed, env=deployed.env | SECRETS | settings)


@contextmanager
def working(server: Server, log: Path) -> Iterator[None]:
    """A worker of the pool, for as long as the block runs."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "local", "--limit", "1"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=PROJECT, env=server.env, stdout=out, stderr=out, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # a worker that is asked to end waits for the runs of its schedules
        process.wait(60)


def start(server: Server, deployment: str, **parameters: Any) -> str:
    """A run asked for, as the form of Prefect's page does; returns its id."""
    path = f"/deployments/{server.deployment_ids()[deployment]}/create_flow_run"
    return server.ask(path, parameters=parameters)["id"]


def states(server: Server, run_ids: Iterable[str]) -> dict[str, Any]:
    """The runs by id."""
    asked = {"id": {"any_": list(run_ids)}}
    return {run["id"]: run for run in server.ask("/flow_runs/filter", flow_runs=asked)}


def ended(server: Server, run_id: str) -> dict[str, Any]:
    """The run, once it has ended or five minutes are over."""
    until = time.monotonic() + 300
    while (run := states(server, [run_id])[run_id])["state_type"] not in ENDED and time.monotonic() < until:
        time.sleep(0.5)
    return run


ENGINE = """
import sys
from prefect.flow_engine import load_flow, load_flow_run, run_flow

for run_id in sys.argv[1:]:
    run = load_flow_run(run_id)
    run_flow(load_flow(run), flow_run=run, return_type="state")
"""
"""What a worker's process does with the id of a run (prefect.engine), with one after the other."""


def run_at_once(server: Server, *lists: list[str]) -> None:
    """Run what was asked for by these ids, each list in a process of its own, all at once."""
    with ThreadPoolExecutor() as threads:
        done = list(threads.map(lambda run_ids: server.run("-c", ENGINE, *run_ids), lists))
    assert [0] * len(lists) == [process.returncode for process in done], [process.stdout for process in done]


@pytest.fixture(scope="module")
def asked(company: Server, folder: Path) -> dict[str, str]:
    """The ids of what was asked for and has been run, a run of every deployment and those of LATER, by name.

    A worker takes the cycle first, which finds an empty company. The rest is run at once by processes that do as the
    worker's do, but several runs each: to import a flow takes ten times longer than it runs.
    """
    with working(company, folder / "worker.log"):
        first = start(company, "weekly_cycle", as_of=YESTERDAY)
        ended(company, first)
    parameters = {
        "backfill": {"first_on": "2026-01-15", "last_on": "2026-03-15"},
        "rejudge": {"why": "Calls came late", "since": "2026-01-15"},
    }
    others = [d["name"] for d in DEPLOYMENTS if d["name"] != "weekly_cycle"]
    ids = {name: start(company, name, **parameters.get(name, {})) for name in others}
    later = {f"{name} later": start(company, name, **wrong) for name, wrong, _ in LATER}
    run_at_once(company, [ids[name] for name in others[::2]], [*(ids[name] for name in others[1::2]), *later.values()])
    return {"weekly_cycle": first} | ids | later


@pytest.fixture(scope="module")
def runs(asked: dict[str, str], company: Server) -> dict[str, Any]:
    """One run of every deployment, by its name."""
    found = states(company, asked.values())
    return {d["name"]: found[asked[d["name"]]] for d in DEPLOYMENTS}


def artifacts(server: Server) -> dict[str, Any]:
    """The newest under each key."""
    return {found["key"]: found for found in server.ask("/artifacts/latest/filter")}


def test_every_deployment_of_the_file_is_registered(deployed):
    """One for each flow, under the name of its flow."""
    assert {d["name"] for d in DEPLOYMENTS} == set(deployed.deployment_ids())
    assert [] == [d["entrypoint"] for d in DEPLOYMENTS if d["entrypoint"] != "flows.{0}.{0}".format(d["name"])]


def test_every_deployment_says_what_it_is_for_and_keeps_to_one_run():
    """In Russian and in English; two runs of one never work at once."""
    texts = {d["name"]: d["description"].split("\n\n") for d in DEPLOYMENTS}
    assert [] == [name for name, parts in texts.items() if len(parts) != 2 or not parts[1].isascii()]
    assert {1} == {d["concurrency_limit"]["limit"] for d in DEPLOYMENTS}
    assert all("planerka" in d["tags"] for d in DEPLOYMENTS)


def test_every_scheduled_deployment_has_a_run_ahead(deployed):
    """The scheduler looks for new deployments every few seconds."""
    ids = deployed.deployment_ids()
    expected = {ids[d["name"]] for d in DEPLOYMENTS if "schedules" in d}
    until = time.monotonic() + 90
    while deployed.scheduled_ids() != expected and time.monotonic() < until:
        time.sleep(1)
    assert expected == deployed.scheduled_ids()


def test_every_deployment_runs_to_its_end(runs, folder):
    """From the API, by a worker: other processes, the code of this clone, the settings of their environment."""
    assert {} == {name: run["state"]["message"] for name, run in runs.items() if run["state_type"] != "COMPLETED"}
    assert {d["name"] for d in DEPLOYMENTS} == set(runs)
    assert [".eml", ".html"] == sorted({path.suffix for path in (folder / "out").rglob("*.*") if path.is_file()})


def test_a_run_says_its_week_its_source_and_what_it_did(runs):
    """In its name, its tags and the message of its state."""
    named = {name: run["name"] for name, run in runs.items()}
    assert [] == [name for name in named.values() if not name.endswith(" · sample")]
    assert all("sample" in run["tags"] for run in runs.values())
    week = named["weekly_pack"].split()[1]
    assert f"deliver_pack {week} · sample" == named["deliver_pack"]
    assert "backfill 2026-01-15…2026-03-15 · sample" == named["backfill"]
    assert f"Неделя {week}, версия 1" == runs["weekly_pack"]["state"]["message"]
    assert runs["backfill"]["state"]["message"].startswith("Дней в отрезке: 60; ")
    assert runs["rejudge"]["state"]["message"].endswith("; изменилось заключений: 0")


def test_a_pull_that_completed_has_rejections_judged(runs, company):
    """Not only by the hour: the server starts that run by itself."""
    judged = {"deployment_id": {"any_": [company.deployment_ids()["judge_rejections"]]}}
    until, found = time.monotonic() + 60, []
    while not found and time.monotonic() < until:
        all_runs = company.ask("/flow_runs/filter", flow_runs=judged)
        found = [run for run in all_runs if (run["created_by"] or {}).get("type") == "AUTOMATION"]
        time.sleep(0.5)
    assert found


def test_a_run_leaves_its_figures_on_the_page(runs, company):
    """The gates, the week's KPIs, the queue and the pack, in the company's language."""
    found = artifacts(company)
    assert {"gate-intake", "gate-pack", "headline-kpis", "open-disputes", "pack", "regulation"} == set(found)
    assert "пройдена" in found["gate-intake"]["description"]
    assert "Регламент: действует редакция 2024-01-01 · sample" == found["regulation"]["description"]
    figures, queue = (json.loads(found[key]["data"]) for key in ("headline-kpis", "open-disputes"))
    assert {"Показатель", "Эта неделя", "Пояснения", "Среднее за 4 недели", "Изменение"} == set(figures[0])
    assert f"{sum(group['Ждут решения'] for group in queue)} спор" in found["open-disputes"]["description"]
    assert "писем записано в папку: 1 из 1" in found["pack"]["data"]


WRONG = [
    ("weekly_pack", {"week": "47"}, "field 'week'"),
    ("weekly_pack", {"week": "2026-W54"}, "field 'week'"),
    ("weekly_cycle", {"as_of": "yesterday"}, "field 'as_of'"),
    ("weekly_cycle", {"deliver": "pigeon"}, "field 'deliver'"),
    ("backfill", {"first_on": "1.1.2026", "last_on": "2026-01-31"}, "field 'first_on'"),
    ("backfill", {"first_on": "2026-13-01", "last_on": "2026-01-31"}, "field 'first_on'"),
    ("backfill", {"first_on": "2026-01-01"}, "'last_on' is a required property"),
    ("rejudge", {}, "'why' is a required property"),
    ("rejudge", {"why": " "}, "field 'why'"),
]


@pytest.mark.parametrize("deployment, parameters, said", WRONG)
def test_what_cannot_be_right_is_refused_before_a_run_exists(deployed, deployment, parameters, said):
    """The form says it beside the field; the API answers 409."""
    path = f"/deployments/{deployed.deployment_ids()[deployment]}/create_flow_run"
    answer = deployed.post(path, parameters=parameters)
    assert (409, True) == (answer.status_code, said in answer.text), answer.text


@pytest.fixture(scope="module")
def failed(asked: dict[str, str], company: Server) -> list[dict[str, Any]]:
    """The runs of LATER."""
    found = states(company, asked.values())
    return [found[asked[f"{name} later"]] for name, *_ in LATER]


def test_what_only_the_data_can_tell_fails_with_a_sentence(failed):
    """In the message of the run, and not only in a traceback."""
    told = [(run, said) for run, (_, _, said) in zip(failed, LATER, strict=True)]
    assert [("FAILED", True)] * 2 == [(run["state_type"], said in run["state"]["message"]) for run, said in told]


def test_the_owner_is_told_why_there_is_no_pack(failed, folder):
    """By a mail of its own, with the sentence that the run ended with; a flow's hooks run after its end is told."""
    until, found = time.monotonic() + 60, []
    while not found and time.monotonic() < until:
        mails = [message_from_bytes(path.read_bytes(), policy=default) for path in (folder / "out/notes").glob("*.eml")]
        found = [mail for mail in mails if "2099-W02" in (mail["Subject"] or "")]
        time.sleep(0.5)
    (mail,) = found
    assert "ops@company.example" in mail["To"]
    assert "week 2099-W02 is not over until" in mail.get_content()


def test_no_secret_and_no_client_shows(runs, company, folder):
    """Neither in what is deployed, nor in runs, logs and artifacts."""
    paths = ("deployments", "flow_runs", "logs", "artifacts", "events", "block_documents", "work_pools", "automations")
    shown = {path: company.post(f"/{path}/filter").text for path in paths}
    assert all(answer != "[]" for path, answer in shown.items() if path not in ("block_documents", "events"))
    words = ["secret-of-the-hashes", "secret-token", "example.com", "+7"]
    assert [] == [(path, word) for path, text in shown.items() for word in words if word in text]


def test_the_server_log_holds_no_error(runs, company):
    """The scheduler's failures show nowhere else."""
    if not company.is_on_postgres:
        pytest.skip("Prefect's server on SQLite logs “database is locked” when runs meet: apt-get install postgresql")
    assert [] == company.errors()
