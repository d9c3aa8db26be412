"""`prefect deploy --all` on a real server. That it imports is no proof: with the wrong library versions everything
registers and nothing scheduled ever runs, and only the server's log says so."""

import time

import pytest
import yaml

from tests.flows.conftest import PROJECT, Server

DEPLOYMENTS = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]


@pytest.fixture(scope="module")
def deployed(prefect_server: Server) -> Server:
    made = prefect_server.prefect("work-pool", "create", "local", "--type", "process")
    assert 0 == made.returncode, made.stdout
    done = prefect_server.prefect("deploy", "--all")
    assert 0 == done.returncode, done.stdout
    return prefect_server


def deployment_ids(server: Server) -> dict[str, str]:
    return {found["name"]: found["id"] for found in server.ask("/deployments/filter")}


def scheduled_ids(server: Server) -> set[str]:
    """Deployments that have a run ahead."""
    ahead = server.ask("/flow_runs/filter", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})
    return {run["deployment_id"] for run in ahead}


def test_every_deployment_of_the_file_is_registered(deployed):
    """One for each flow, under the name of its flow."""
    assert {d["name"] for d in DEPLOYMENTS} == set(deployment_ids(deployed))
    assert [] == [d["entrypoint"] for d in DEPLOYMENTS if d["entrypoint"] != "flows.{0}.{0}".format(d["name"])]


def test_every_scheduled_deployment_has_a_run_ahead(deployed):
    """The scheduler looks for new deployments every few seconds."""
    ids = deployment_ids(deployed)
    expected = {ids[d["name"]] for d in DEPLOYMENTS if "schedules" in d}
    until = time.monotonic() + 90
    while scheduled_ids(deployed) != expected and time.monotonic() < until:
        time.sleep(1)
    assert expected == scheduled_ids(deployed)


def test_parameters_are_chosen_in_a_form(deployed):
    """A rerun for any week is a form in Prefect's page: nothing is required, the week and the moment may be given."""
    schema = {d["name"]: d["parameter_openapi_schema"] for d in deployed.ask("/deployments/filter")}["weekly_cycle"]
    assert [] == schema.get("required", [])
    assert {"week", "as_of", "deliver"} <= set(schema["properties"])


def test_a_worker_runs_the_weekly_cycle_to_a_pack(deployed, tmp_path):
    """As a click on the button does: another process, the code of this clone, the settings of its environment."""
    parameters = {"as_of": "2026-11-24T06:00:00Z"}
    cycle_id = deployment_ids(deployed)["weekly_cycle"]
    run_id = deployed.ask(f"/deployments/{cycle_id}/create_flow_run", parameters=parameters)["id"]
    folders = {"PLANERKA_DATA": str(tmp_path / "var"), "PLANERKA_OUT": str(tmp_path / "out")}
    worked = deployed.prefect(
        *("worker", "start", "--pool", "local", "--run-once"), PLANERKA_SOURCE__LEADS_N="600", **folders
    )
    (run,) = deployed.ask("/flow_runs/filter", flow_runs={"id": {"any_": [run_id]}})
    assert "COMPLETED" == run["state_type"], worked.stdout
    assert [".eml", ".html"] == sorted({path.suffix for path in (tmp_path / "out").rglob("*.*") if path.is_file()})


def test_the_server_log_holds_no_error(deployed):
    """The scheduler's failures show nowhere else."""
    assert [] == deployed.errors()
