"""`planerka alarms` on a real server and a real receiver: people hear of what went wrong, also with no worker alive."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.flows.conftest import Server

TOKEN = "a-token-in-the-address"

QUICK = """
import sys
from datetime import timedelta
from pydantic import SecretStr
from flows.alarms import Patience, set_alarms
from planerka.words import words_for

quick = timedelta(seconds=10)
patience = Patience(pack=quick, pull=quick, between=timedelta(hours=1))
for _ in range(2):
    print(len(set_alarms(SecretStr(sys.argv[1]), words_for("en"), patience)))
"""


VERB = "import sys; from flows.cli import main; sys.argv[1:] = ['alarms']; main()"


class Receiver(ThreadingHTTPServer):
    """A chat's address for messages: keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        super().__init__(("127.0.0.1", 0), Listener)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{TOKEN}"

    def hears(self, *words: str) -> str:
        """The first message with all these words; waits for it."""
        until = time.monotonic() + 90
        while time.monotonic() < until:
            for text in list(self.told):
                if all(word in text for word in words):
                    return text
            time.sleep(0.2)
        raise AssertionError(f"nobody said {words}, but {self.told}")


class Listener(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body)["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def alarmed(prefect_server: Server, receiver: Receiver) -> Server:
    """Two deployments, no worker, and alarms that wait ten seconds, set twice."""
    prefect_server.make_pool()
    done = prefect_server.prefect("deploy", "--name", "weekly_pack", "--name", "send_disputes")
    assert 0 == done.returncode, done.stdout
    done = prefect_server.run("-c", QUICK, receiver.url)
    assert (0, "4\n4\n") == (done.returncode, done.stdout)
    return prefect_server


def run_of(server: Server, deployment: str, **query: object) -> str:
    path = f"/deployments/{server.deployment_ids()[deployment]}/create_flow_run"
    return server.ask(path, **query)["id"]


def test_set_twice_they_are_there_once(alarmed):
    """Found again by their names."""
    names = [found["name"] for found in alarmed.ask("/automations/filter") if found["name"].startswith("planerka")]
    assert 4 == len(names) == len(set(names))


def test_the_address_is_a_secret(alarmed):
    """It may hold a token: the block hides it, and no automation repeats it."""
    assert TOKEN not in alarmed.post("/block_documents/filter").text
    assert TOKEN not in alarmed.post("/automations/filter").text


def test_a_run_that_failed_is_told_once(alarmed, receiver):
    """By its name, with a link and what to do, whatever stands in the name; the next failure within an hour is not."""
    name = 'send "disputes" <script> {{ flow_run.id }}'
    for _ in range(2):
        run_id = run_of(alarmed, "send_disputes", name=name)
        state = {"type": "FAILED", "name": "Failed", "message": "a row of a client"}
        alarmed.ask(f"/flow_runs/{run_id}/set_state", state=state, force=True)
    told = receiver.hears(name, "ended as Failed", "run it again", "/runs/flow-run/")
    assert "a row of a client" not in told
    assert 1 == sum("ended as Failed" in text for text in receiver.told)


def test_a_late_pack_is_told_with_no_worker_at_all(alarmed, receiver):
    """Its run waits for somebody to take it; the server tells by itself."""
    run_of(alarmed, "weekly_pack", name="weekly_pack of this Monday")
    receiver.hears("weekly_pack has not completed", "weekly_pack of this Monday")


def test_pulls_that_stopped_are_told(alarmed, receiver):
    """Nothing happens at all: that is what it tells of."""
    receiver.hears("no pull has completed")


@pytest.mark.parametrize(
    "variables, said",
    [
        ({}, "alarms.webhook is missing"),
        ({"PLANERKA_ALARMS__WEBHOOK": "chat"}, "this is no address of the web: begin it with https://"),
        (
            {"PLANERKA_ALARMS__WEBHOOK": "https://chat.example/1", "PREFECT_API_URL": "http://127.0.0.1:1/api"},
            "PREFECT_API_URL names http://127.0.0.1:1/api, and nobody answers there: start the Prefect server",
        ),
    ],
    ids=["no address", "no web address", "no server"],
)
def test_what_it_lacks_is_named(prefect_server, variables, said):
    """Exit 2, and the remedy."""
    answer = prefect_server.run("-c", VERB, **variables)
    assert (2, True) == (answer.returncode, said in answer.stdout), answer.stdout


def test_the_server_may_be_named_in_env(prefect_server, receiver, tmp_path):
    """As Prefect itself and the doctor find it there."""
    url, webhook = prefect_server.url, receiver.url
    (tmp_path / ".env").write_text(f"PREFECT_API_URL='{url}'\nPLANERKA_ALARMS__WEBHOOK='{webhook}'\n", "utf-8")
    env = {name: value for name, value in prefect_server.env.items() if name != "PREFECT_API_URL"}
    command = [sys.executable, "-c", VERB]
    done = subprocess.run(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (0, 4) == (done.returncode, done.stdout.count("Set: planerka: "))
