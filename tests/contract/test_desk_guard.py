"""What stands around every page of the desk, whoever asks and whatever they send."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from planerka.people import Role
from tests.builders_desk import TROUBLE_ROUTES, DeskSite, desk_site, on_one_database
from tests.fakes.serving import served

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

pytestmark = on_one_database


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    site.app.include_router(TROUBLE_ROUTES)
    return site


@pytest.fixture
def url(site: DeskSite) -> Iterator[str]:
    """A real server: what a client library would put right arrives as it was sent."""
    with served(site.app) as url:
        yield url


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
