"""Whatever is sent to the desk, by nobody or by somebody of every role, it answers, and without a crash."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from planerka.desk.app import all_routes
from planerka.people import Person, Role
from planerka.store.database import connect
from tests.builders_desk import DeskSite, desk_site
from tests.fakes.serving import served

MAY_ALL = Person(email="all@company.example", name="May All", roles=tuple(Role))
LIMITED = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Tried:
    """A desk that is served, and its description."""

    site: DeskSite
    url: str
    schema: Any


@pytest.fixture(scope="module")
def tried(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    folder = tmp_path_factory.mktemp("tried")
    (folder / "store.db").write_bytes(migrated_file.read_bytes())
    engine = connect(f"sqlite:///{folder / 'store.db'}")
    site = desk_site(engine, folder, (MAY_ALL,), address="http://127.0.0.1:8080")
    with served(site.app) as url:
        yield Tried(site, url, schemathesis.openapi.from_dict(site.app.openapi()))
    engine.dispose()


@pytest.mark.parametrize("is_entered", [False, True], ids=["nobody", "may-all"])
@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
def test_nothing_that_is_sent_breaks_the_desk(tried: Tried, route: APIRoute, is_entered: bool) -> None:
    browser = tried.site.entered(Role.OPS)
    headers, token = {"Cookie": browser.headers["Cookie"]} if is_entered else {}, tried.site.form_token(browser)
    operation = tried.schema[route.path][min(route.methods or ())]

    @LIMITED
    @given(case=operation.as_strategy())
    def send(case: schemathesis.Case) -> None:
        if is_entered and isinstance(case.body, dict):
            case.body["form_token"] = token
        answer = case.call(base_url=tried.url, headers=headers, allow_redirects=False)
        case.validate_response(answer, checks=[not_a_server_error])

    send()


def test_the_desk_still_answers(tried: Tried) -> None:
    assert "ok\n" == httpx.get(f"{tried.url}/health").text
