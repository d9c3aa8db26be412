"""A Prefect API for a run from the shell, quiet and complete.

The server named by PREFECT_API_URL, in the environment or in .env, is used when it answers. Otherwise a temporary one
is started in a child process before anything here imports Prefect, so that it comes up on the second core while this
process imports the flow; Prefect's own temporary server is started by the first client and waited for, which takes
2.2 s longer.

    with prefect_api(home) as api:
        from flows.weekly_cycle import weekly_cycle
        api.run(weekly_cycle, week="2026-W47")
"""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

from planerka.errors import PlanerkaError, UsageError

if TYPE_CHECKING:
    from uuid import UUID

START_TIMEOUT_S = 120
"""A new database is migrated first: 8 s when measured, and a busy machine is several times slower."""

STORE_TIMEOUT_S = 10

FINISHED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]

QUIET = {
    "DO_NOT_TRACK": "1",
    # Without it telemetry is attempted all the same, and fails with 130 lines of traceback on every run.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The lines of a run, tracebacks included, go to the server; the shell shows what the command itself says.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


class ServerNotStartedError(PlanerkaError):
    """The temporary Prefect server did not come up."""


class ServerLostError(PlanerkaError):
    """A Prefect server went away while a run needed it."""


class RunningServer:
    """A server that somebody else keeps running."""

    greeting = ""

    def run(self, flow: Callable[..., Any], **parameters: Any) -> Any:
        """What the flow returns, or raises; ServerLostError where the server did not come back in time."""
        from httpx import TransportError

        try:
            return flow(**parameters)
        except TransportError as lost:
            remedy = "start it and run this again: what is done is not done twice"
            raise ServerLostError(f"the Prefect server has been away for two minutes ({lost}): {remedy}") from lost


class TemporaryServer:
    """A server in a child process, with its database and its log in `home`. `greeting` says why there is one.

    The socket listens before the child starts: no other process can take the port, and the first request waits in
    its backlog instead of being repeated. The child ends when its stdin closes, so it cannot outlive this process.
    """

    def __init__(self, home: Path, greeting: str) -> None:
        self.greeting = greeting
        self.log_path = home / "server.log"
        with socket.create_server(("127.0.0.1", 0)) as listener, self.log_path.open("wb") as log:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
            self.child = subprocess.Popen(
                [sys.executable, "-m", "flows.quiet", str(listener.fileno())],
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=os.environ | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"},
                start_new_session=True,  # Ctrl-C is for the flow: the server has yet to hear how it ended
            )

    def run(self, flow: Callable[..., Any], **parameters: Any) -> Any:
        """What the flow returns, or raises, once the server has stored every task run of it."""
        from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

        if not answers(self.url, START_TIMEOUT_S):
            raise ServerNotStartedError(f"the temporary Prefect server did not start: {self.log_path} says why")
        # A heartbeat tells a server of a flow that died; this server dies with it, and its thread costs up to 1 s.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            try:
                state = flow(return_state=True, **parameters)
            finally:
                send_reports()
        wait_until_stored(state.state_details.flow_run_id)
        return state.result()

    def stop(self) -> None:
        self.child.communicate()


@contextmanager
def prefect_api(home: Path) -> Iterator[RunningServer | TemporaryServer]:
    """The API for the flows run inside; enter it before the first `import prefect` of this process."""
    be_quiet()
    url = named_server()
    if answers(url, timeout_s=5):
        yield RunningServer()
        return
    os.environ["PREFECT_HOME"] = str(home.resolve())
    try:
        home.mkdir(parents=True, exist_ok=True)
        why = "The Prefect server of PREFECT_API_URL does not answer, and will not see this run. " if url else ""
        server = TemporaryServer(home, f"{why}Starting a temporary Prefect server …")
    except OSError as wrong:
        remedy = "give yourself rights to it, or name another folder by `data`"
        raise ServerNotStartedError(f"{home} cannot hold a Prefect server ({wrong.strerror}): {remedy}") from None
    os.environ["PREFECT_API_URL"] = server.url
    try:
        yield server
    finally:
        server.stop()


def be_quiet() -> None:
    """Before the first `import prefect` of this process."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def named_server() -> str | None:
    """The url of the environment or, where it names none, of .env in this folder: there Prefect will find it too."""
    return (dotenv_values(".env") | os.environ).get("PREFECT_API_URL")


def answers(url: str | None, timeout_s: float) -> bool:
    """Whether a Prefect API answers at `url`; a refusal to let us in is an answer too."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=timeout_s):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError, http.client.HTTPException):  # the last: a port that is no number, no HTTP at all
        return False


def shown(url: str) -> str:
    """Without the login that may stand in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def require_server() -> None:
    """UsageError unless the server that PREFECT_API_URL names answers."""
    url = named_server()
    if not answers(url, timeout_s=5):
        named = f"PREFECT_API_URL names {shown(url)}, and nobody answers there" if url else "PREFECT_API_URL is not set"
        raise UsageError(f"{named}: start the Prefect server, and name it (docs/operation.md)")


def send_reports() -> None:
    """Send the server the log lines and events that still wait in this process."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=STORE_TIMEOUT_S)
    EventsWorker.drain_all(timeout=STORE_TIMEOUT_S)


def wait_until_stored(flow_run_id: "UUID") -> None:
    """Wait until every task run of the flow run is stored: the server writes them from events, and stopped too early
    it loses some. They are stored once all are finished and their number stands still."""
    from prefect.client.orchestration import get_client

    ours = {"flow_runs": {"id": {"any_": [str(flow_run_id)]}}}
    finished = ours | {"task_runs": {"state": {"type": {"any_": FINISHED}}}}
    seen_n, until = -1, time.monotonic() + STORE_TIMEOUT_S
    with get_client(sync_client=True) as client:
        while time.monotonic() < until:
            stored_n, finished_n = (client.request("POST", "/task_runs/count", json=q).json() for q in (ours, finished))
            if seen_n == stored_n == finished_n:
                return
            seen_n = stored_n
            time.sleep(0.1)


def serve(listener_fd: int) -> None:
    """Serve the API on a socket that already listens, until stdin closes."""
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, final=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))

    def stop_when_abandoned() -> None:
        os.read(sys.stdin.fileno(), 1)
        server.should_exit = True

    threading.Thread(target=stop_when_abandoned, daemon=True).start()
    server.run(sockets=[socket.socket(fileno=listener_fd)])
    os._exit(0)  # all is stored; taking Prefect's modules apart would add 0.7 s


if __name__ == "__main__":
    serve(int(sys.argv[1]))
