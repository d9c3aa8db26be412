"""A real Prefect server, and commands run against it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

PROJECT = Path(__file__).parents[2]
START_S = 120


@dataclass(frozen=True)
class Server:
    url: str
    log: Path
    env: dict[str, str]

    def prefect(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """One `prefect …` command, with these variables besides; its output is both streams."""
        command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
        return subprocess.run(
            command,
            cwd=PROJECT,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )

    def ask(self, path: str, **query: Any) -> Any:
        """The answer to a POST. A busy SQLite server says 503 now and then, as Prefect's own client knows."""
        transport = httpx.HTTPTransport(retries=3)
        with httpx.Client(base_url=self.url, transport=transport, timeout=60) as client:
            answer = client.post(path, json=query)
            return answer.raise_for_status().json()

    def errors(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if "ERROR" in line or "CRITICAL" in line]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`prefect server start` with all its services and an empty database."""
    home, port = tmp_path_factory.mktemp("prefect"), free_port()
    env = os.environ | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    server = Server(env["PREFECT_API_URL"], home / "server.log", env)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with server.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=env, stdout=log, stderr=log)
    try:
        wait_until_healthy(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def wait_until_healthy(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_S * 5):
        try:
            if httpx.get(f"{server.url}/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    raise RuntimeError(f"the Prefect server did not start:\n{server.log.read_text()}")
