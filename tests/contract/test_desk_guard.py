"""What stands around every page of the desk, whoever asks and whatever they send."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from planerka.desk import routes
from planerka.desk.access import PUBLIC, Allowed, DeskRouter, allowed, refuse_forged, roles_of
from planerka.desk.app import ROUTERS, all_routes
from planerka.desk.navigation import ENTRIES, ROLE_TITLES
from planerka.desk.refusals import Refused
from planerka.desk.routes.journal import TITLES
from planerka.desk.visit import Visit
from planerka.errors import BusyError, StoreBusyError, UsageError
from planerka.people import Role
from planerka.store.audit import Action
from planerka.store.database import connect
from tests.builders_desk import DeskSite, desk_site, form_token
from tests.fakes.serving import served

PUBLIC_PATHS = {"/login", "/enter/{token}", "/static/{name}", "/health"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
POSTS = sorted(route.path for route in all_routes() if "POST" in (route.methods or ()))

trouble = DeskRouter()
"""Routes that fail, each in its way."""


@trouble.get("/trouble/{kind}")
def fail(visit: Annotated[Visit, PUBLIC], kind: str) -> None:
    raise {
        "usage": UsageError("Dispute 7 is closed: see the history"),
        "busy": BusyError("another run"),
        "writing": StoreBusyError("another program"),
        "lost": Refused(409, "{name} ruled on it", name="<b>Irina</b>"),
        "bug": RuntimeError("secret of the inside"),
    }[kind]


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    site.app.include_router(trouble)
    return site


@pytest.fixture
def url(site: DeskSite) -> Iterator[str]:
    """A real server: what a client library would put right arrives as it was sent."""
    with served(site.app) as url:
        yield url


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


def test_every_module_of_routes_is_served() -> None:
    modules = {path.stem for path in Path(routes.__path__[0]).glob("*.py")} - {"__init__"}
    served_modules = {route.endpoint.__module__.rpartition(".")[2] for route in all_routes()}
    assert (modules, len(modules)) == (served_modules, len(ROUTERS))


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
def test_every_role_gets_what_the_route_says(site: DeskSite, route: APIRoute) -> None:
    """Nobody is sent to the login, or refused where there is nothing to come back to."""
    roles, method = roles_of(route), min(route.methods or ())
    path = route.path.format(**dict.fromkeys(route.param_convertors, "1"))
    if roles is None:
        return
    nobody = site.visitor().request(method, path)
    assert (303 if method == "GET" else 403) == nobody.status_code
    for role in Role:
        browser = site.entered(role)
        answer = browser.request(method, path, data={"form_token": form_token(browser.get("/").text)})
        assert (role, role not in roles) == (role, answer.status_code == 403)


def test_a_refusal_says_which_role_may(site: DeskSite) -> None:
    answer = site.entered(Role.ANALYST).get("/audit")
    assert (403, True) == (answer.status_code, "This is only for: commercial director, operations." in answer.text)


def test_somebody_of_two_roles_may_what_either_may(engine: sa.Engine, tmp_path: Path) -> None:
    both = desk_site(engine, tmp_path).desk.people[0].model_copy(update={"roles": (Role.ANALYST, Role.OPS)})
    assert 200 == desk_site(engine, tmp_path, (both,)).entered(Role.ANALYST).get("/audit").status_code


def test_the_navigation_shows_what_the_role_may_open(site: DeskSite) -> None:
    pages = {role: site.entered(role).get("/").text for role in Role}
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
    answer = browser.post(path.format(token="x"), data={"form_token": token, "email": "ops@company.example"})
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


def asked_anything(site: DeskSite) -> list[httpx.Response]:
    """An answer of every kind."""
    nobody, ops = site.visitor(raise_server_exceptions=False), site.entered(Role.OPS)
    get = [
        "/",
        "/login",
        "/enter/x",
        "/static/desk.css",
        "/health",
        "/nope",
        "/audit?page=x",
        "/%00",
        "/login?next=%00",
    ]
    failed = [nobody.get(f"/trouble/{kind}") for kind in ("usage", "busy", "writing", "lost", "bug")]
    wrong_host = nobody.get("/login", headers={"Host": "thief.example"})
    return [*map(nobody.get, get), *failed, wrong_host, ops.get("/audit"), nobody.post("/audit"), nobody.put("/login")]


def test_every_answer_forbids_what_a_page_need_not_do(site: DeskSite) -> None:
    answers = asked_anything(site)
    assert {200, 303, 400, 403, 404, 405, 409, 422, 500, 503} == {answer.status_code for answer in answers}
    expected = {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000",
        "cache-control": "no-store",
    }
    for answer in answers:
        assert (answer.url, expected) == (answer.url, {name: answer.headers.get(name) for name in expected})


def test_on_the_same_machine_nobody_is_told_to_come_by_https(engine: sa.Engine, tmp_path: Path) -> None:
    local = desk_site(engine, tmp_path, address="http://127.0.0.1:8080")
    assert "strict-transport-security" not in local.visitor().get("/login").headers


TROUBLE = [
    ("/trouble/usage", 422, "Dispute 7 is closed: see the history"),
    ("/trouble/busy", 503, "Повторите через минуту"),
    ("/trouble/writing", 503, "Повторите через минуту"),
    ("/trouble/lost", 409, "&lt;b&gt;Irina&lt;/b&gt; ruled on it"),
    ("/trouble/bug", 500, "Что-то сломалось"),
    ("/nope", 404, "Такой страницы нет"),
    ("/logout", 405, "Здесь так сделать нельзя"),
    ("/audit?page=0", 422, "Что-то заполнено неверно"),
    ("/audit?page=9999999999999999999", 422, "Что-то заполнено неверно"),
    ("/docs", 404, "Такой страницы нет"),
    ("/openapi.json", 404, "Такой страницы нет"),
]


@pytest.mark.parametrize("path, status, words", TROUBLE)
def test_a_refusal_is_a_page_in_the_readers_language(site: DeskSite, path: str, status: int, words: str) -> None:
    """Without a word from inside."""
    browser = site.entered(Role.OPS, raise_server_exceptions=False)
    browser.headers["Cookie"] += "; planerka-language=ru"
    answer = browser.get(path)
    assert (status, True, True, False) == (
        answer.status_code,
        'lang="ru"' in answer.text,
        words in answer.text,
        any(inside in answer.text for inside in ("Traceback", "RuntimeError", "secret of the inside", ".py")),
    )
    assert ("30" if status == 503 else None) == answer.headers.get("retry-after")


def test_a_store_that_is_gone_ends_no_page_in_a_traceback(tmp_path: Path) -> None:
    gone = connect("postgresql://nobody@127.0.0.1:9/nothing")
    browser = desk_site(gone, tmp_path).visitor(headers={"Cookie": "__Host-planerka=x"})
    assert [503, 503, 503] == [browser.get(path).status_code for path in ("/", "/login", "/enter/x")]


def test_the_desk_is_healthy_while_its_store_answers(site: DeskSite, tmp_path: Path) -> None:
    gone = desk_site(connect("postgresql://nobody@127.0.0.1:9/nothing"), tmp_path)
    well, ill = site.visitor().get("/health"), gone.visitor().get("/health")
    assert (200, "ok\n", 503) == (well.status_code, well.text, ill.status_code)


HOSTS = [
    ("desk.company.example", 200),
    ("DESK.company.example:443", 200),
    ("127.0.0.1:8080", 200),
    ("localhost", 200),
    ("[::1]:8080", 200),
    ("thief.example", 400),
    ("desk.company.example.thief.example", 400),
    ("desk.company.example@thief.example", 400),
    ("desk.company.example/..", 400),
    ("desk.company.example:x", 400),
    ("", 400),
]


@pytest.mark.parametrize("host, expected", HOSTS)
def test_the_desk_is_asked_for_by_its_own_name(site: DeskSite, host: str, expected: int) -> None:
    """No page under another name, so none that a foreign site could have its visitors read."""
    assert expected == site.visitor().get("/login", headers={"Host": host}).status_code


def test_a_mailed_link_names_the_desk_whatever_name_it_was_asked_by(site: DeskSite) -> None:
    headers = {"Host": "localhost", "X-Forwarded-Host": "thief.example"}
    site.visitor().post("/login", data={"email": "ops@company.example"}, headers=headers)
    assert (1, True) == (site.mails()[0].count("://"), "https://desk.company.example/enter/" in site.mails()[0])


PROXIES = [
    ((), "10.0.0.1", "198.51.100.7", "10.0.0.1"),
    (("10.0.0.1",), "10.0.0.1", "198.51.100.7", "198.51.100.7"),
    (("10.0.0.1",), "10.0.0.1", "203.0.113.1, 198.51.100.7", "198.51.100.7"),
    (("10.0.0.1", "10.0.0.2"), "10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
    (("10.0.0.1",), "10.0.0.2", "198.51.100.7", "10.0.0.2"),
    (("10.0.0.1",), "10.0.0.1", "<script>", "unknown"),
    (("10.0.0.1",), "10.0.0.1", "", "10.0.0.1"),
    (("fd00::1",), "fd00::1", "2001:db8::7", "2001:db8::7"),
]


@pytest.mark.parametrize("proxies, asked_from, forwarded, expected", PROXIES)
def test_only_a_named_proxy_is_believed(
    engine: sa.Engine, tmp_path: Path, proxies: tuple[str, ...], asked_from: str, forwarded: str, expected: str
) -> None:
    site = desk_site(engine, tmp_path, proxies=proxies)
    site.visitor(client=(asked_from, 5000)).post("/enter/x", headers={"X-Forwarded-For": forwarded})
    assert [expected] == [entry.from_address for entry in site.journal()]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e/app.py",
        "/static/....//app.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/",
        "/static/desk.css%00.svg",
        "/static/layout.html.j2",
        "//thief.example/static/desk.css",
    ],
)
def test_only_the_files_that_are_meant_are_given_out(url: str, path: str) -> None:
    with httpx.Client(headers={"Host": "desk.company.example"}) as client:
        request = client.build_request("GET", url)
        request.url = httpx.URL(url).copy_with(raw_path=path.encode())
        answer = client.send(request)
    assert answer.status_code in (400, 404)
    assert not any(inside in answer.text for inside in ("root:", "import", "{%"))


def test_a_file_of_the_version_of_the_page_is_kept_by_the_browser(site: DeskSite) -> None:
    browser = site.visitor()
    path = browser.get("/login").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    kept, other = browser.get(path), browser.get(path + "0")
    assert ("text/css; charset=utf-8", "public, max-age=31536000, immutable", "no-store") == (
        kept.headers["content-type"],
        kept.headers["cache-control"],
        other.headers["cache-control"],
    )


def in_pieces() -> Iterator[bytes]:
    for _ in range(60):
        yield b"&next=" + b"x" * 100_000


def test_more_than_a_page_takes_is_refused(url: str) -> None:
    """Whether it says how long it is or not."""
    headers = {"Host": "desk.company.example", "Content-Type": "application/x-www-form-urlencoded"}
    with httpx.Client(base_url=url, headers=headers) as client:
        announced = client.post("/login", content=b"email=" + b"x" * 5_000_000)
        in_chunks = client.post("/login", content=in_pieces())
    assert [413, 413] == [announced.status_code, in_chunks.status_code]


def part(head: bytes, body: bytes) -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n--x--\r\n"


BODIES = [
    (b"email=\xff\xfe", "application/x-www-form-urlencoded"),
    (b"email=%FF%00", "application/x-www-form-urlencoded"),
    (b"email=a&email=b&" * 2000, "application/x-www-form-urlencoded"),
    (b"\xff\xfe\x00", "multipart/form-data; boundary=x"),
    (b"", "multipart/form-data"),
    (part(b'name="email"', b"\\ud800"), "multipart/form-data; boundary=x; charset=unicode_escape"),
    (part(b'name="email"; filename="a"', b"\xff"), "multipart/form-data; boundary=x"),
    (json.dumps({"email": "ops@company.example"}).encode(), "application/json"),
    (b"{" * 100_000, "application/json"),
    (b"", "text/plain\xff"),
]


@pytest.mark.parametrize("body, content_type", BODIES, ids=range(len(BODIES)))
def test_a_body_that_no_form_sends_breaks_nothing(site: DeskSite, body: bytes, content_type: str) -> None:
    answer = site.visitor().post("/login", content=body, headers={b"Content-Type": content_type.encode("latin-1")})
    assert answer.status_code in (200, 400, 403, 422)


def test_the_language_is_asked_for_once(site: DeskSite) -> None:
    """The settings say which it is before."""
    browser = site.visitor()
    languages = [browser.get(path).text.partition('lang="')[2][:2] for path in ("/login", "/login?lang=ru", "/login")]
    assert ["en", "ru", "ru"] == languages
    assert 'href="?next=%2Faudit&amp;lang=en"' in browser.get("/login?next=/audit").text


@pytest.mark.parametrize("language", ["xx", "ru\r\nX: y", "<script>", "../ru"])
def test_a_language_that_nobody_speaks_is_none(site: DeskSite, language: str) -> None:
    answer = site.visitor().get("/login", params={"lang": language})
    assert ('lang="en"' in answer.text, None) == (True, answer.headers.get("set-cookie"))


def test_what_is_logged_of_a_crash_names_no_session(site: DeskSite, caplog: pytest.LogCaptureFixture) -> None:
    session = site.entered(Role.OPS).headers["Cookie"]
    with served(site.app) as url:
        httpx.get(f"{url}/trouble/bug", headers={"Host": "desk.company.example", "Cookie": session})
    said = "\n".join(logging.Formatter().format(r) for r in caplog.records if r.name == "uvicorn.error")
    assert (True, False) == ("secret of the inside" in said, session.partition("=")[2] in said)


def test_the_description_names_every_route(site: DeskSite) -> None:
    """It is for tests that try everything; nobody is served it."""
    site.app = type(site)(desk=site.desk, clock=site.clock).app
    described = site.app.openapi()["paths"]
    assert {(route.path, min(route.methods or ()).lower()) for route in all_routes()} == {
        (path, method) for path, methods in described.items() for method in methods
    }


def test_allowed_is_what_is_looked_for() -> None:
    """The name by which a route says it, and what the test above finds."""
    assert [frozenset({Role.OPS}), None] == [
        need.dependency.roles for need in (allowed(Role.OPS), PUBLIC) if isinstance(need.dependency, Allowed)
    ]
