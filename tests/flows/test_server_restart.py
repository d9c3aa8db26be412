"""The Prefect server dies in the middle of a run, and comes back."""

import subprocess
import sys
from pathlib import Path

from tests import services
from tests.flows.conftest import Server, environment, planerka, running


def company(server: Server, folder: Path) -> dict[str, str]:
    """The variables of a company in that folder, beside that server."""
    return server.env | {
        "PLANERKA_DATA": str(folder / "var"),
        "PLANERKA_OUT": str(folder / "out"),
        "PLANERKA_SOURCE__LEADS_N": "1000",
    }


def weekly(server: Server, folder: Path) -> subprocess.Popen[str]:
    """`planerka weekly` of a company in that folder, against that server."""
    command, env = [str(Path(sys.executable).with_name("planerka")), "weekly"], company(server, folder)
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )


def test_a_run_waits_for_a_server_that_is_restarted(tmp_path):
    """Killed while the run pulls: the run goes on when it is back, and who comes next finds all of it done."""
    services.prefect_home(tmp_path)
    env = environment(tmp_path)
    server = Server(env["PREFECT_API_URL"], tmp_path / "server.log", env)
    with running(server) as first:
        run = weekly(server, tmp_path)
        assert run.stdout
        next(line for line in run.stdout if "pulled up to" in line)
        first.kill()
    with running(server):
        out, _ = run.communicate(timeout=240)
        assert (0, True) == (run.returncode, "Pack      " in out), out
        states = {found["state_type"] for found in server.ask("/flow_runs/filter")}
    assert {"COMPLETED"} == states
    pulled, packed = (planerka(tmp_path, company(server, tmp_path), verb) for verb in ("pull", "pack"))
    assert (0, True) == (pulled.code, "Pulled 0 rows: 0 new or changed, 0 quarantined." in pulled.out), pulled
    assert (0, True) == (packed.code, "It was frozen before: version 1 of " in packed.out), packed
