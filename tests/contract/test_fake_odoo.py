"""One table of questions, asked of the fake Odoo always, and of a real one where PLANERKA_TEST_ODOO_… lead to it."""

import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.builders_odoo import KINDS, MISSING, SETTINGS
from tests.fakes.odoo.app import OdooApp
from tests.fakes.odoo.database import OdooDatabase
from tests.fakes.odoo.probes import Probe, filled, read_probes
from tests.fakes.odoo.rights import Role
from tests.fakes.serving import served

SALESMAN = "PLANERKA_TEST_ODOO_SALESMAN_KEY"
"""The key of a user of the real server with "User: Own Documents Only"."""

PROBES = read_probes()


class Server:
    """A server to ask, with the keys of an administrator and of a salesman of own documents (None: has none)."""

    def __init__(self, url: str, database: str, key: str, salesman_key: str | None) -> None:
        self.client = httpx.Client(base_url=url, headers={"X-Odoo-Database": database}, timeout=60)
        self.key, self.salesman_key = key, salesman_key

    def call(self, path: str, arguments: Any, is_of_salesman: bool) -> httpx.Response:
        bearer = {"Authorization": f"bearer {self.salesman_key if is_of_salesman else self.key}"}
        return self.client.post(f"/json/2/{path}", json=arguments, headers=bearer)


@pytest.fixture(scope="module")
def fake() -> Iterator[Server]:
    database = OdooDatabase(clock=time.time)
    database.add_user("Salesman", Role.SALES_OWN, key="key-of-salesman")
    with served(OdooApp(database)) as url:
        yield Server(url, database.name, "key-of-administrator", "key-of-salesman")


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    """A server of each kind that there is."""
    if request.param == "real":
        return Server(*(os.environ[name] for name in SETTINGS), os.environ.get(SALESMAN))
    return request.getfixturevalue("fake")


@pytest.mark.skipif(bool(MISSING), reason=f"no real Odoo to ask: {', '.join(MISSING)} not set")
def test_a_real_odoo_is_asked_whatever_the_fake_one_is():
    assert ("fake", "real") == KINDS


def check(server: Server, probe: Probe) -> None:
    """Ask, and compare status and answer of the last call; all the others have to go well."""
    results: list[Any] = []
    for number, call in enumerate(probe.calls, 1):
        response = server.call(call.path, filled(call.arguments, results), call.is_of_salesman)
        results.append(response.json())
        assert number == len(probe.calls) or not response.is_error, response.text[:300]
    if response.is_error:
        assert {"name", "message", "arguments", "context", "debug"} == results[-1].keys()
        results[-1] = {"name": results[-1]["name"], "message": results[-1]["message"]}
    assert (probe.status, filled(probe.answer, results)) == (response.status_code, results[-1])


@pytest.mark.parametrize("probe", PROBES, ids=[probe.sentence for probe in PROBES])
def test_the_fake_and_a_real_server_answer_alike(server: Server, probe: Probe):
    if any(call.is_of_salesman for call in probe.calls) and server.salesman_key is None:
        pytest.skip(f"{SALESMAN} is not set")
    check(server, probe)


HTTP = """
    what is sent                    | status | type
    --------------------------------+--------+------------------------
    a wrong key                     | 401    | Unauthorized
    no key                          | 401    | Unauthorized
    a body that is no JSON          | 400    | BadRequest
    a form                          | 415    | html
    a GET                           | 404    | NotFound
    a path without a method         | 404    | NotFound
    another database                | 404    | html
    nothing in the body             | 422    | UnprocessableEntity
    a list in the body              | 422    | UnprocessableEntity
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in HTTP.strip().splitlines()[2:]]
SEARCH = "/json/2/crm.lead/search"


def sent(server: Server, what: str) -> httpx.Response:
    client, bearer = server.client, {"Authorization": f"Bearer {server.key}"}
    as_json = bearer | {"Content-Type": "application/json"}
    domain = {"domain": [], "limit": 1}
    return {
        "a wrong key": lambda: client.post(SEARCH, json=domain, headers={"Authorization": "bearer no"}),
        "no key": lambda: client.post(SEARCH, json=domain),
        "a body that is no JSON": lambda: client.post(SEARCH, content=b"{bad", headers=as_json),
        "a form": lambda: client.post(SEARCH, data={"domain": "[]"}, headers=bearer),
        "a GET": lambda: client.get(SEARCH, headers=bearer),
        "a path without a method": lambda: client.post("/json/2/crm.lead", json={}, headers=bearer),
        "another database": lambda: client.post(SEARCH, json=domain, headers=bearer | {"X-Odoo-Database": "other"}),
        "nothing in the body": lambda: client.post(SEARCH, headers=bearer),
        "a list in the body": lambda: client.post(SEARCH, json=[1], headers=bearer),
    }[what]()


def kind_of(response: httpx.Response) -> str:
    is_html = response.headers["Content-Type"].startswith("text/html")
    return "html" if is_html else response.json()["name"].removeprefix("werkzeug.exceptions.")


@pytest.mark.parametrize("what, status, kind", ROWS)
def test_the_fake_and_a_real_server_refuse_alike(server: Server, what: str, status: str, kind: str):
    response = sent(server, what)
    assert (int(status), kind) == (response.status_code, kind_of(response))


def test_a_wrong_key_is_asked_for_a_bearer(fake: Server):
    assert "Bearer" == sent(fake, "a wrong key").headers["WWW-Authenticate"]
