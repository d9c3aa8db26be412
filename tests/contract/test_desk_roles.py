"""Each page of the desk says who may ask for it, and is asked by every role, by nobody and by other sites."""

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from planerka.desk import routes
from planerka.desk.access import DeskRouter, refuse_forged, roles_of
from planerka.desk.app import ROUTERS, all_routes
from planerka.desk.navigation import ENTRIES, ROLE_TITLES
from planerka.desk.routes.journal import TITLES
from planerka.people import Role
from planerka.store import desk_tokens, disputes
from planerka.store.audit import Action
from planerka.store.database import reading
from planerka.store.desk_tokens import Purpose
from tests.builders_desk import NOON, DeskSite, desk_site, on_one_database
from tests.builders_rulings import dispute_rejections

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


@on_one_database
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


MATRIX = """
    route                          | nobody | analyst | second_reader | marketing | sales | director | ops
    -------------------------------+--------+---------+---------------+-----------+-------+----------+----
    GET /                          | login  | 303     | 303           | 303       | 303   | 303      | 303
    GET /login                     | 200    | 200     | 200           | 200       | 200   | 200      | 200
    POST /login                    | 200    | 200     | 200           | 200       | 200   | 200      | 200
    GET /enter/{token}             | 200    | 200     | 200           | 200       | 200   | 200      | 200
    POST /enter/{token}            | 303    | 303     | 303           | 303       | 303   | 303      | 303
    POST /logout                   | 403    | 303     | 303           | 303       | 303   | 303      | 303
    GET /static/{name}             | 200    | 200     | 200           | 200       | 200   | 200      | 200
    GET /health                    | 200    | 200     | 200           | 200       | 200   | 200      | 200
    GET /answer/{token}            | 410    | 410     | 410           | 410       | 410   | 410      | 410
    POST /answer/{token}           | 410    | 410     | 410           | 410       | 410   | 410      | 410
    GET /disputes                  | login  | 200     | 403           | 200       | 200   | 200      | 403
    GET /disputes/{number}         | login  | 200     | 403           | 200       | 200   | 200      | 403
    POST /disputes/{number}/ruling | 403    | 303     | 403           | 403       | 403   | 403      | 403
    POST /disputes/{number}/assign | 403    | 303     | 403           | 403       | 403   | 403      | 403
    POST /disputes/{number}/undo   | 403    | 409     | 403           | 403       | 403   | 409      | 403
    POST /disputes/{number}/appeal | 403    | 403     | 403           | 409       | 409   | 403      | 403
    POST /disputes/{number}/final  | 403    | 403     | 403           | 403       | 403   | 422      | 403
    GET /disputes/{number}/same    | login  | 200     | 403           | 403       | 403   | 403      | 403
    POST /disputes/{number}/same   | 403    | 303     | 403           | 403       | 403   | 403      | 403
    GET /history                   | login  | 200     | 403           | 200       | 200   | 200      | 403
    GET /director                  | login  | 403     | 403           | 403       | 403   | 200      | 403
    GET /agreement                 | login  | 200     | 403           | 200       | 200   | 200      | 403
    GET /ledger                    | login  | 200     | 403           | 200       | 200   | 200      | 403
    GET /ledger.csv                | login  | 200     | 403           | 200       | 200   | 200      | 403
    GET /readings                  | login  | 403     | 200           | 403       | 403   | 403      | 403
    GET /readings/{number}         | login  | 403     | 404           | 403       | 403   | 403      | 403
    POST /readings/{number}        | 403    | 403     | 404           | 403       | 403   | 403      | 403
    GET /raise                     | login  | 403     | 403           | 200       | 403   | 403      | 403
    POST /raise                    | 403    | 403     | 403           | 422       | 403   | 403      | 403
    GET /audit                     | login  | 403     | 403           | 403       | 403   | 200      | 200
"""
"""What each is answered, on a desk with one dispute that nobody has touched. `login`: is sent there.

The roles of a page are changed here and at its route, or not at all.
"""
HEAD, RULE, *LINES = MATRIX.strip().splitlines()
VISITORS = [cell.strip() for cell in HEAD.split("|")][1:]
EXPECTED = {line.split("|")[0].strip(): [cell.strip() for cell in line.split("|")[1:]] for line in LINES}

FORMS = {
    "POST /login": {"email": "nobody@company.example"},
    "POST /disputes/{number}/ruling": {"decision": "uphold", "seen": "1", "comment": "Clear"},
    "POST /disputes/{number}/assign": {"seen": "1"},
    "POST /disputes/{number}/appeal": {"seen": "1", "comment": "No"},
    "POST /disputes/{number}/final": {"decision": "uphold", "seen": "1", "comment": "For good"},
    "POST /disputes/{number}/same": {"chosen": "1:1", "comment": "Clear"},
    "POST /readings/{number}": {"decision": "uphold", "comment": "Clear"},
    "POST /raise": {"lead": "L1", "comment": "Why?"},
}
"""What is sent: of the other forms nothing but their token."""


def name_of(route: APIRoute) -> str:
    return f"{min(route.methods or ())} {route.path}"


def asked(site: DeskSite, route: APIRoute, visitor: str, **form: str) -> httpx.Response:
    """The answer of a route to somebody who has that role, with what its form would send; links are not asked for too
    often."""
    site.clock.move(minutes=16)
    browser = site.visitor() if visitor == "nobody" else site.entered(Role(visitor))
    token = site.form_token(browser) if visitor != "nobody" else ""
    data = {"form_token": token, **FORMS.get(name_of(route), {}), **form}
    parts = {"number": "1", "name": "desk.css", "token": token_for(site, route.path)}
    return browser.request(min(route.methods or ()), route.path.format(**parts), data=data)


def token_for(site: DeskSite, path: str) -> str:
    """A good one."""
    if path.startswith("/answer/"):
        with site.desk.engine.begin() as connection:
            return desk_tokens.make(connection, Purpose.ANSWER, site.clock(), timedelta(days=1), dispute_id=1)
    return site.link("ops@company.example").removeprefix("/enter/")


def told(answer: httpx.Response) -> str:
    return "login" if answer.headers.get("location", "").startswith("/login?next=") else str(answer.status_code)


def test_the_matrix_has_every_route_and_every_role() -> None:
    assert (sorted(map(name_of, all_routes())), ["nobody", *Role]) == (sorted(EXPECTED), VISITORS)


@pytest.mark.parametrize("route", all_routes(), ids=name_of)
def test_the_matrix_and_the_route_name_the_same_roles(route: APIRoute) -> None:
    cells = dict(zip(VISITORS, EXPECTED[name_of(route)], strict=True))
    let_in = {visitor for visitor, cell in cells.items() if cell not in ("403", "login")}
    assert (set(Role) | {"nobody"} if (roles := roles_of(route)) is None else set(roles)) == let_in


@on_one_database
@pytest.mark.parametrize("route", all_routes(), ids=name_of)
def test_everybody_is_answered_as_the_matrix_says(site: DeskSite, route: APIRoute) -> None:
    dispute_rejections(site.desk.engine, "sample", ["L1"], NOON)
    assert EXPECTED[name_of(route)] == [told(asked(site, route, visitor)) for visitor in VISITORS]


@on_one_database
@pytest.mark.parametrize("route", [r for r in all_routes() if r.methods != {"GET"}], ids=name_of)
def test_without_the_token_of_its_form_nobody_changes_anything(site: DeskSite, route: APIRoute) -> None:
    """Not even who may: another site could have sent it."""
    dispute_rejections(site.desk.engine, "sample", ["L1"], NOON)
    for role in Role:
        assert (role, 403) == (role, asked(site, route, role, form_token="").status_code)
    with reading(site.desk.engine) as connection:
        assert 1 == disputes.show(connection, "sample", 1).steps_n
    assert {"role_refused"} >= {entry.action for entry in site.journal()}


@on_one_database
def test_a_refusal_says_which_role_may(site: DeskSite) -> None:
    answer = site.entered(Role.ANALYST).get("/audit")
    assert (403, True) == (answer.status_code, "This is only for: commercial director, operations." in answer.text)


@on_one_database
def test_somebody_of_two_roles_may_what_either_may(engine: sa.Engine, tmp_path: Path) -> None:
    both = desk_site(engine, tmp_path).desk.people[0].model_copy(update={"roles": (Role.ANALYST, Role.OPS)})
    assert 200 == desk_site(engine, tmp_path, (both,)).entered(Role.ANALYST).get("/audit").status_code


@on_one_database
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


@on_one_database
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


@on_one_database
@pytest.mark.parametrize("headers, expected", ORIGINS)
def test_nobody_is_let_in_by_a_form_of_another_site(site: DeskSite, headers: dict[str, str], expected: int) -> None:
    """As the thief, that is, whose link it was: there is no session yet whose token the form could lack."""
    assert expected == site.visitor().post(site.link("ops@company.example"), headers=headers).status_code
