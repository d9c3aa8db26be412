"""Whatever is sent to the desk, by nobody or by somebody of any role, it answers, and without a crash."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance

from planerka.desk.app import all_routes
from planerka.desk.visit import form_token_of
from planerka.people import Person, Role
from planerka.store import desk_tokens
from planerka.store.database import connect
from planerka.store.desk_tokens import Purpose
from tests.builders_desk import NOON, PEOPLE, DeskSite, desk_site
from tests.builders_rulings import dispute_rejections
from tests.fakes.serving import served

EXAMPLES_N = int(os.environ.get("PLANERKA_DESK_EXAMPLES_N", "15"))
"""How much is sent to each route by nobody, by who may all and by the second reader, and a fifth of it by each role."""

MAY_ALL = Person(
    email="all@company.example", name="May All", roles=tuple(role for role in Role if role != Role.SECOND_READER)
)
"""All that one person may: the second reader is another one."""

READER = next(person for person in PEOPLE if Role.SECOND_READER in person.roles)
DISPUTES_N = 20
CHECKS = [not_a_server_error, status_code_conformance]
HURRIED = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@dataclass(frozen=True)
class Tried:
    """A desk that is served, and its description."""

    site: DeskSite
    url: str
    schema: Any

    def send(self, case: schemathesis.Case, email: str | None) -> None:
        """As whoever has that address; None: as nobody. Every other dispute that is asked for is one that there is."""
        headers, parts = {}, case.path_parameters
        if email:
            cookie, token = self.entered(email)
            headers = {"Cookie": cookie}
            if isinstance(case.body, dict):
                case.body["form_token"] = token
        if isinstance(parts, dict) and isinstance(parts.get("number"), int) and parts["number"] % 2:
            parts["number"] = 1 + parts["number"] // 2 % DISPUTES_N
        answer = case.call(base_url=self.url, headers=headers, allow_redirects=False)
        case.validate_response(answer, checks=CHECKS)

    def entered(self, email: str) -> tuple[str, str]:
        """The cookie of a new session, for the one before may have been left, and the token of its forms."""
        with self.site.desk.engine.begin() as connection:
            now = self.site.clock()
            session = desk_tokens.make(connection, Purpose.SESSION, now, timedelta(hours=12), person=email)
        return f"planerka={session}", form_token_of(session)


@pytest.fixture(scope="module")
def tried(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    folder = tmp_path_factory.mktemp("tried")
    (folder / "store.db").write_bytes(migrated_file.read_bytes())
    engine = connect(f"sqlite:///{folder / 'store.db'}")
    site = desk_site(engine, folder, (*PEOPLE, MAY_ALL), address="http://127.0.0.1:8080")
    dispute_rejections(engine, "sample", [f"L{n}" for n in range(DISPUTES_N)], NOON)
    with served(site.app) as url:
        yield Tried(site, url, schemathesis.openapi.from_dict(site.app.openapi()))
    engine.dispose()


def send_to(tried: Tried, route: APIRoute, email: str | None, examples_n: int) -> None:
    @settings(max_examples=examples_n, **HURRIED)
    @given(case=tried.schema[route.path][min(route.methods or ())].as_strategy())
    def send(case: schemathesis.Case) -> None:
        tried.send(case, email)

    send()


@pytest.mark.parametrize("email", [None, MAY_ALL.email, READER.email], ids=["nobody", "may-all", "reader"])
@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
def test_nothing_that_is_sent_breaks_the_desk(tried: Tried, route: APIRoute, email: str | None) -> None:
    """And every status is one that the description names."""
    send_to(tried, route, email, EXAMPLES_N)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.roles[0])
def test_nothing_that_somebody_of_one_role_sends_breaks_it(tried: Tried, person: Person) -> None:
    for route in all_routes():
        send_to(tried, route, person.email, EXAMPLES_N // 5)


def test_the_desk_still_answers(tried: Tried) -> None:
    assert "ok\n" == httpx.get(f"{tried.url}/health").text
