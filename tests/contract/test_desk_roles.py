"""Each page of the desk says who may ask for it, and is asked by every role, by nobody and by other sites."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from planerka.desk import routes
from planerka.desk.access import DeskRouter, refuse_forged, roles_of
from planerka.desk.app import ROUTERS, all_routes
from planerka.desk.navigation import ENTRIES, ROLE_TITLES
from planerka.desk.routes.journal import TITLES
from planerka.people import Role
from planerka.store.audit import Action
from tests.builders_desk import DeskSite, desk_site

PUBLIC_PATHS = {"/login", "/answer/{token}", "/enter/{token}", "/static/{name}", "/health"}
POSTS = sorted(route.path for route in all_routes() if "POST" in (route.methods or ()))


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    return desk_site(engine, tmp_path)


def filled(path: str) -> str:
    """With something in the place of each parameter."""
    return re.sub(r"\{[^}]+\}", "1", path)


def test_every_route_says_who_may_ask_for_it() -> None:
    """And those for anybody are these."""
    assert PUBLIC_PATHS == {route.path for route in all_routes() if roles_of(route) is None}


def test_a_route_that_says_nothing_is_refused() -> None:
    router = DeskRouter()
    router.add_api_route("/open", lambda: None, methods=["GET"])
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    with pytest.raises(ValueError, match="/open must say once who may ask for it"):
        roles_of(route)


def test_the_description_names_every_route(site: DeskSite) -> None:
    """It is for tests that try everything; nobody is served it."""
    described = site.app.openapi()["paths"]
    assert {(route.path, min(route.methods or ()).lower()) for route in all_routes()} == {
        (path, method) for path, methods in described.items() for method in methods
    }


def test_every_module_of_routes_is_served() -> None:
    modules = {path.stem for path in Path(routes.__path__[0]).glob("*.py")} - {"__init__"}
    served_modules = {route.endpoint.__module__.rpartition(".")[2] for route in all_routes()}
    assert (modules, len(modules)) == (served_modules, len(ROUTERS))


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
def test_every_role_gets_what_the_route_says(site: DeskSite, route: APIRoute) -> None:
    """Nobody is sent to the login, or refused where there is nothing to come back to."""
    roles, method = roles_of(route), min(route.methods or ())
    path = filled(route.path)
    if roles is None:
        return
    nobody = site.visitor().request(method, path)
    assert (303 if method == "GET" else 403) == nobody.status_code
    for role in Role:
        browser = site.entered(role)
        answer = browser.request(method, path, data={"form_token": site.form_token(browser)})
        assert (role, role not in roles) == (role, answer.status_code == 403)


def test_a_refusal_says_which_role_may(site: DeskSite) -> None:
    answer = site.entered(Role.ANALYST).get("/audit")
    assert (403, True) == (answer.status_code, "This is only for: commercial director, operations." in answer.text)


def test_somebody_of_two_roles_may_what_either_may(engine: sa.Engine, tmp_path: Path) -> None:
    both = desk_site(engine, tmp_path).desk.people[0].model_copy(update={"roles": (Role.ANALYST, Role.OPS)})
    assert 200 == desk_site(engine, tmp_path, (both,)).entered(Role.ANALYST).get("/audit").status_code


def test_the_navigation_shows_what_the_role_may_open(site: DeskSite) -> None:
    pages = {role: site.entered(role).get("/audit").text for role in Role}
    assert {Role.OPS, Role.DIRECTOR} == {role for role, page in pages.items() if 'href="/audit"' in page}


def test_what_people_read_has_words_for_everything() -> None:
    paths = {route.path for route in all_routes()}
    assert (set(Role), set(Action), set()) == (set(ROLE_TITLES), set(TITLES), {path for path, _ in ENTRIES} - paths)


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
def test_whatever_changes_something_is_guarded_against_other_sites(route: APIRoute) -> None:
    is_guarded = any(need.call is refuse_forged for need in route.dependant.dependencies)
    assert ({"GET"} != route.methods) == is_guarded


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("token", ["", "0" * 64, "é", "\0"])
def test_a_form_of_another_site_changes_nothing(site: DeskSite, path: str, token: str) -> None:
    """It cannot know what ours send along."""
    browser = site.entered(Role.OPS)
    answer = browser.post(filled(path), data={"form_token": token, "email": "ops@company.example"})
    assert (403, [], 200) == (answer.status_code, site.journal(), browser.get("/audit").status_code)


ORIGINS = [
    ({}, 303),
    ({"Sec-Fetch-Site": "same-origin"}, 303),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
    ({"Sec-Fetch-Site": "none"}, 303),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": "https://desk.company.example"}, 303),
    ({"Origin": "null"}, 303),
    ({"Origin": "https://thief.example"}, 403),
    ({"Origin": "https://desk.company.example.thief.example"}, 403),
    ({"Origin": "https://[thief"}, 403),
]


@pytest.mark.parametrize("headers, expected", ORIGINS)
def test_nobody_is_let_in_by_a_form_of_another_site(site: DeskSite, headers: dict[str, str], expected: int) -> None:
    """As the thief, that is, whose link it was: there is no session yet whose token the form could lack."""
    assert expected == site.visitor().post(site.link("ops@company.example"), headers=headers).status_code
