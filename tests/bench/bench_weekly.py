"""The main job against the least that Prefect can do: an empty flow in a fresh process without a server."""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.bench.registry import Ratio, bench, best_of, wall_s

EMPTY = "from prefect import flow\n\n@flow\ndef empty():\n    pass\n\nempty()\n"
ROUNDS_N = 3


def environment(home: Path) -> dict[str, str]:
    """Prefect's own temporary server without its failing telemetry, and a database that is already made, as set-up
    leaves it: the peer at its best."""
    prefect = {"PREFECT_HOME": str(home), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | prefect


def command(folder: Path, *arguments: str) -> None:
    """Run a program of this environment in the folder; what it prints is of interest only when it fails."""
    program, *rest = arguments
    env = environment(folder / "var" / "prefect")
    subprocess.run(
        [Path(sys.executable).with_name(program), *rest], cwd=folder, env=env, check=True, capture_output=True
    )


def weekly(folder: Path) -> None:
    command(folder, "planerka", "weekly")
    assert list(folder.glob("out/*")), "no pack was written: the time would be that of something else"


def fresh_folder(parent: str) -> Path:
    folder = Path(tempfile.mkdtemp(dir=parent))
    (folder / "var" / "prefect").mkdir(parents=True)
    command(folder, "prefect", "server", "database", "upgrade", "--yes")
    return folder


def empty_flow_s(parent: str) -> float:
    return best_of(ROUNDS_N, partial(command, fresh_folder(parent), "python", "-c", EMPTY))


@bench("weekly cycle of the sample company, first run, against an empty flow")
def first_run() -> Ratio:
    with tempfile.TemporaryDirectory() as parent:
        folders = [fresh_folder(parent) for _ in range(ROUNDS_N)]
        return Ratio(ours_s=min(wall_s(partial(weekly, f)) for f in folders), peer_s=empty_flow_s(parent), limit=3)


@bench("weekly cycle of the sample company, run again, against an empty flow")
def run_again() -> Ratio:
    with tempfile.TemporaryDirectory() as parent:
        folder = fresh_folder(parent)
        weekly(folder)
        return Ratio(ours_s=best_of(ROUNDS_N, partial(weekly, folder)), peer_s=empty_flow_s(parent), limit=3)
