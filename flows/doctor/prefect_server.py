"""The Prefect server: what it has been told, and whether it will do it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from flows.doctor.finding import Finding, Level, Said, looked_at
from flows.doctor.machine import difference
from flows.quiet import answers, be_quiet, shown
from planerka.errors import PlanerkaError
from planerka.settings import PROJECT, Settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

ANSWER_S = 3

SEEN = timedelta(minutes=2)
"""A worker tells of itself every 30 s."""

TAG = "planerka"

SET_FOLDER = "prefect.deployments.steps.set_working_directory"


@dataclass(frozen=True)
class Deployed:
    """`folder`: where its runs are at work, and so whose settings they read; None where it does not say."""

    is_paused: bool
    next_at: datetime | None
    folder: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServerState:
    """What a server says of itself. `zone` and `folder`: the company's; `wanted`: the deployments of prefect.yaml; the
    rest by name, `pools` paused or not, `seen_at` the last sign of a worker of a pool."""

    version: str
    own_version: str
    at: datetime
    zone: str
    folder: Path
    wanted: list[dict[str, Any]]
    pools: dict[str, bool]
    seen_at: dict[str, datetime]
    deployed: dict[str, Deployed]

    @property
    def wanted_pools(self) -> list[str]:
        return sorted({deployment["work_pool"]["name"] for deployment in self.wanted})


def prefect(settings: Settings) -> Iterator[Finding]:
    """Schedules are kept: the server answers, knows every deployment, and a worker waits for them."""
    be_quiet()
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if not url:
        remedy = "`export PREFECT_API_URL=http://127.0.0.1:4200/api`"
        yield Finding("prefect", Level.WARNING, f"no server is named, so nothing runs on a schedule: {remedy}")
        return
    if not answers(url, ANSWER_S):
        remedy = "`systemctl start planerka-server`, or correct PREFECT_API_URL"
        yield Finding("prefect", Level.WRONG, f"{shown(url)} does not answer: {remedy}")
        return
    server = state_of_server(url, settings.time_zone)
    yield Finding("prefect", Level.OK, f"{shown(url)} answers")
    yield from looked_at(server, prefect_version, prefect_clock, work_pools, workers, deployments, schedules, next_runs)


def state_of_server(url: str, zone: str) -> ServerState:
    """PlanerkaError where it lets nobody in who does not give the word."""
    import prefect
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            pools = {pool.name: pool.is_paused for pool in client.read_work_pools()}
            return ServerState(
                version=client.api_version(),
                own_version=prefect.__version__,
                at=parsedate_to_datetime(client.request("GET", "/health").headers["date"]),
                zone=zone,
                folder=Path.cwd(),
                wanted=yaml.safe_load(deployments_file().read_text("utf-8"))["deployments"],
                pools=pools,
                seen_at={pool: at for pool in pools if (at := last_seen(client, pool))},
                deployed=deployed_on(client),
            )
    except PrefectHTTPStatusError as refused:
        said = f"{shown(url)} refuses us ({refused.response.status_code})"
        raise PlanerkaError(f"{said}: set PREFECT_API_AUTH_STRING as the server has it") from None


def deployments_file() -> Path:
    """That of this folder, or of the installation where the company has none of its own."""
    own = Path("prefect.yaml")
    return own if own.is_file() else PROJECT / own


def deploy() -> str:
    """The command, for the folder that the doctor was called in."""
    file = deployments_file()
    return "`prefect --no-prompt deploy --all" + (f" --prefect-file {file}`" if file.is_absolute() else "`")


def last_seen(client: "SyncPrefectClient", pool: str) -> datetime | None:
    workers = client.read_workers_for_work_pool(pool)
    return max((worker.last_heartbeat_time for worker in workers if worker.last_heartbeat_time), default=None)


def deployed_on(client: "SyncPrefectClient") -> dict[str, Deployed]:
    found = [one for one in client.read_deployments() if TAG in one.tags]  # others may share the server
    ahead = client.get_scheduled_flow_runs_for_deployments([deployment.id for deployment in found])
    next_at: dict[Any, datetime] = {}
    for run in ahead:
        at = run.next_scheduled_start_time
        if at and run.deployment_id:
            next_at[run.deployment_id] = min(at, next_at.get(run.deployment_id, at))
    return {
        one.name: Deployed(
            is_paused=one.paused or not any(s.active for s in one.schedules),
            next_at=next_at.get(one.id),
            folder=folder_of(one.pull_steps or []),
        )
        for one in found
    }


def folder_of(pull_steps: list[dict[str, Any]]) -> str | None:
    """The one that a deployment was made in, or that a company's own prefect.yaml names; None where there is no such
    step, and for one that is known only at the run, as below a clone."""
    folders = [step[SET_FOLDER]["directory"] for step in pull_steps if SET_FOLDER in step]
    return folders[-1] if folders and os.path.isabs(folders[-1]) else None


def prefect_version(server: ServerState) -> Iterator[Said]:
    """Server and worker are of one version."""
    if server.version == server.own_version:
        yield Level.OK, server.version
    else:
        remedy = "install requirements.lock on both, and `systemctl restart planerka-server planerka-worker`"
        yield Level.WRONG, f"the server is {server.version}, this installation {server.own_version}: {remedy}"


def prefect_clock(server: ServerState) -> Iterator[Said]:
    """The server tells the same time, to the second."""
    yield difference("the Prefect server's clock", server.at)


def work_pools(server: ServerState) -> Iterator[Said]:
    """What prefect.yaml sends work to is there and goes on."""
    for pool in server.wanted_pools:
        if pool not in server.pools:
            yield Level.WRONG, f"{pool} is not there: `prefect work-pool create {pool} --type process`"
        elif server.pools[pool]:
            yield Level.WRONG, f"{pool} is paused: `prefect work-pool resume {pool}`"
        else:
            yield Level.OK, pool


def workers(server: ServerState) -> Iterator[Said]:
    """Somebody waits for the work."""
    for pool in server.wanted_pools:
        seen_at = server.seen_at.get(pool)
        if seen_at and server.at - seen_at < SEEN:
            yield Level.OK, f"one of pool {pool} was seen {max(0, (server.at - seen_at).seconds)} s ago"
        else:
            since = f"since {seen_at:%Y-%m-%d %H:%M} UTC" if seen_at else "yet"
            remedy = f"`systemctl start planerka-worker`, or `prefect worker start --pool {pool}`"
            yield Level.WRONG, f"none of pool {pool} was seen {since}: {remedy}"


def deployments(server: ServerState) -> Iterator[Said]:
    """Every deployment of prefect.yaml is on the server, for this company, and none of another version."""
    missing = [d["name"] for d in server.wanted if d["name"] not in server.deployed]
    if missing:
        yield Level.WRONG, f"not registered: {', '.join(missing)}; {deploy()}"
    else:
        yield Level.OK, f"registered: all {len(server.wanted)} of prefect.yaml"
    for folder, names in elsewhere(server).items():
        said = f"{', '.join(names)} run in {folder}, with its settings, and this is {server.folder}"
        yield Level.WARNING, f"{said}: {deploy()} here, or call the doctor there"
    if left := sorted(server.deployed.keys() - {d["name"] for d in server.wanted}):
        yield Level.WARNING, f"left over from another version: {', '.join(left)}; delete them in the server's page"


def elsewhere(server: ServerState) -> dict[str, list[str]]:
    """Deployments by the folder in which they run, where it is another than this: they are another company's then."""
    found: dict[str, list[str]] = {}
    for name in (d["name"] for d in server.wanted if d["name"] in server.deployed):
        folder = server.deployed[name].folder
        if folder and os.path.realpath(folder) != str(server.folder):
            found.setdefault(folder, []).append(name)
    return found


def schedules(server: ServerState) -> Iterator[Said]:
    """Eight o'clock in prefect.yaml is eight o'clock in the company."""
    zones = {s["timezone"] for d in server.wanted for s in d.get("schedules", ())}
    if others := sorted(zones - {server.zone}):
        remedy = f"correct one of the two, and {deploy()}"
        yield Level.WARNING, f"prefect.yaml has {', '.join(others)}, `time_zone` is {server.zone}: {remedy}"
    else:
        yield Level.OK, f"prefect.yaml and `time_zone` agree: {server.zone}"


def next_runs(server: ServerState) -> Iterator[Said]:
    """What has a schedule has a run ahead."""
    scheduled = {d["name"]: server.deployed[d["name"]] for d in server.wanted if is_due(d, server)}
    paused = [name for name, found in scheduled.items() if found.is_paused]
    if paused:
        yield Level.WARNING, f"schedules are paused: {', '.join(paused)}; switch them on in the server's page"
    lost = [name for name, found in scheduled.items() if not found.is_paused and not found.next_at]
    if lost:
        remedy = "wait a minute after a deploy, then look for ERROR in `journalctl -u planerka-server`"
        yield Level.WRONG, f"no run is ahead of {', '.join(lost)}: {remedy}"
    ahead = {name: found.next_at for name, found in scheduled.items() if found.next_at}
    if ahead and not lost:
        name, at = min(ahead.items(), key=lambda one: one[1])
        yield Level.OK, f"{name} at {at:%Y-%m-%d %H:%M} UTC is next, of {len(ahead)}"


def is_due(deployment: dict[str, Any], server: ServerState) -> bool:
    return "schedules" in deployment and deployment["name"] in server.deployed
