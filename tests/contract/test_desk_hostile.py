"""What thieves and bad luck put into the store, the address and the forms of the desk: it stays text, or is refused."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.disputes.export import COLUMNS, queue_rows, write_sheet
from planerka.model import Event, Lead, Reference, Rejection
from planerka.people import Person, Role
from planerka.store.database import reading
from planerka.store.dispute_steps import Step, steps
from tests.builders_desk import NOON, PEOPLE, DeskSite, desk_site, on_one_database
from tests.builders_rulings import dispute_rejections, keep
from tests.fakes.serving import served

HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}{% raw %}"
LEAD = f"L{HOSTILE}"
SECOND = Person(email="second@company.example", name="Second analyst", roles=(Role.ANALYST,))


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    """Two disputes that are the same case, numbers 1 and 2."""
    site = desk_site(engine, tmp_path, (*PEOPLE, SECOND))
    dispute_rejections(engine, "sample", ["L1", "L2"], NOON)
    return site


@pytest.fixture
def url(site: DeskSite) -> Iterator[str]:
    """A real server: what a client library would put right arrives as it was sent."""
    with served(site.app) as url:
        yield url


def post(site: DeskSite, browser: TestClient, path: str, **form: object) -> httpx.Response:
    return browser.post(path, data={"form_token": site.form_token(browser), **form})


def rule(site: DeskSite, browser: TestClient, number: int = 1, query: str = "", **form: object) -> httpx.Response:
    fields = {"decision": "uphold", "seen": 1, "comment": "Clear", **form}
    return post(site, browser, f"/disputes/{number}/ruling{query}", **fields)


def taken(site: DeskSite, number: int = 1) -> list[Step]:
    with reading(site.desk.engine) as connection:
        return steps(connection, number)


class Elements(HTMLParser):
    """Every element of a page with its attributes, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @property
    def dangerous(self) -> list[object]:
        """Scripts that are not ours, pictures, handlers, and links to anything but a page."""
        return [
            (tag, told)
            for tag, told in self.found
            if (tag == "script" and not (told.get("src") or "").startswith("/static/"))
            or tag in ("img", "iframe", "object", "base")
            or any(name.startswith("on") for name in told)
            or re.match(r"\s*(javascript|data|vbscript):", told.get("href") or told.get("action") or "", re.I)
        ]


PAGES = [
    (Role.ANALYST, "/disputes"),
    (Role.ANALYST, "/disputes/3"),
    (Role.ANALYST, "/disputes/3/same"),
    (Role.ANALYST, f"/disputes?reason_id={HOSTILE}&mine={HOSTILE}"),
    (Role.ANALYST, f"/history?text={HOSTILE}"),
    (Role.MARKETING, "/history"),
    (Role.MARKETING, "/disputes/4"),
    (Role.MARKETING, f"/raise?lead={HOSTILE}"),
    (Role.DIRECTOR, "/director"),
    (Role.DIRECTOR, "/audit"),
]


@pytest.fixture
def poisoned(site: DeskSite) -> DeskSite:
    """Names, titles, comments, a card and the id of a lead that would like to be script; dispute 4 is decided."""
    engine = site.desk.engine
    site.app.state.desk = replace(site.desk, people=tuple(p.model_copy(update={"name": HOSTILE}) for p in PEOPLE))
    dispute_rejections(engine, "sample", [LEAD, f"{LEAD}2"], NOON)
    at = "2026-11-23T09:00Z"
    for kind, key in (("reason", "17"), ("manager", "M1"), ("stage", "S1")):
        keep(engine, "sample", Reference, {"kind": kind, "id": key, "title": f"{HOSTILE} of {kind}"})
    for lead_id in (LEAD, f"{LEAD}2"):
        lead = {"id": lead_id, "status": "rejected", "url": "javascript:alert(1)", "manager_id": "M1"}
        event = {"id": f"E{lead_id}", "lead_id": lead_id, "kind": "rejected", "at": at, "recorded_at": at}
        card = {"comment": HOSTILE, "wish": HOSTILE, "offer": HOSTILE, "competitor": HOSTILE}
        keep(engine, "sample", Lead, lead)
        keep(engine, "sample", Event, {**event, "manager_id": "M1", "reason_id": "17"})
        keep(engine, "sample", Event, {**event, "id": f"S{lead_id}", "kind": "stage_changed", "to_stage_id": "S1"})
        keep(engine, "sample", Rejection, {"id": f"E{lead_id}", "lead_id": lead_id, **card})
    rule(site, site.entered(Role.ANALYST), 4, comment=HOSTILE)
    return site


@on_one_database
@pytest.mark.parametrize("role, path", PAGES, ids=[f"{role} {path[:20]}" for role, path in PAGES])
def test_what_is_stored_stays_text(poisoned: DeskSite, role: Role, path: str) -> None:
    """Neither a browser nor a template takes it for its own."""
    page = poisoned.entered(role).get(path)
    assert (200, [], True) == (page.status_code, Elements(page.text).dangerous, "{{7*7}}{% raw %}" in page.text)


@on_one_database
def test_what_was_typed_is_shown_as_text_when_it_is_refused(poisoned: DeskSite) -> None:
    answers = [
        rule(poisoned, poisoned.entered(Role.ANALYST), 3, seen=9, comment=f"</textarea>{HOSTILE}"),
        post(poisoned, poisoned.entered(Role.MARKETING), "/raise", lead=HOSTILE, comment=f"</textarea>{HOSTILE}"),
        post(poisoned, poisoned.entered(Role.ANALYST), "/disputes/3/same", comment=HOSTILE, chosen="9:1"),
    ]
    assert [409, 422, 409] == [answer.status_code for answer in answers]
    assert [[], [], []] == [Elements(answer.text).dangerous for answer in answers]


CARDS = [
    ("https://crm.company.example/leads/1", True),
    ("http://10.0.0.5/leads/1", True),
    ("javascript:alert(1)", False),
    (" javascript:alert(1)", False),
    ("JaVaScRiPt:alert(1)", False),
    ("java\tscript:alert(1)", False),
    ("data:text/html,<script>alert(1)</script>", False),
    ("//thief.example/", False),
    ("https:///leads", False),
    ('https://a.b/"onmouseover="alert(1)', True),
    ("file:///etc/passwd", False),
]


@on_one_database
@pytest.mark.parametrize("card, is_link", CARDS)
def test_only_a_page_of_the_web_is_a_link_to_a_card(site: DeskSite, card: str, is_link: bool) -> None:
    """An export may hold anything in that column."""
    keep(site.desk.engine, "sample", Lead, {"id": "L1", "status": "rejected", "url": card})
    found = Elements(site.entered(Role.ANALYST).get("/disputes/1").text)
    assert ([], is_link) == (found.dangerous, ("a", card) in [(tag, told.get("href")) for tag, told in found.found])


@on_one_database
def test_what_is_typed_on_the_desk_is_no_formula_in_an_export(site: DeskSite, tmp_path: Path) -> None:
    rule(site, site.entered(Role.ANALYST), comment='=HYPERLINK("https://thief.example")')
    rule(site, site.entered(Role.ANALYST), 2, comment="\t@SUM(1)")
    rows = queue_rows(site.desk.engine, "sample", site.desk.settings.zone, is_all=True)
    write_sheet(tmp_path / "queue.csv", COLUMNS, rows)
    head, *cells = csv.reader((tmp_path / "queue.csv").read_text("utf-8-sig").splitlines())
    assert ['\'=HYPERLINK("https://thief.example")', "'@SUM(1)"] == [row[head.index("comment")] for row in cells]


EVIL = "x%0d%0aX-Evil:%201%0d%0a%0d%0a<script>"
ADDRESSES = [
    (path, 200 if "done" not in path else 422)
    for path in (
        f"/disputes?lang={EVIL}",
        f"/disputes?mine={EVIL}",
        f"/disputes?manager_id={EVIL}",
        f"/disputes?done={EVIL}",
        f"/disputes/1?reason_id={EVIL}",
        f"/history?text={EVIL}",
        f"/login?next=/{EVIL}",
    )
]


@on_one_database
@pytest.mark.parametrize("path, status", ADDRESSES)
def test_an_address_adds_no_header(site: DeskSite, path: str, status: int) -> None:
    answer = site.entered(Role.ANALYST).get(path)
    assert (status, None, []) == (answer.status_code, answer.headers.get("x-evil"), Elements(answer.text).dangerous)


@on_one_database
@pytest.mark.parametrize("name", ["mine", "manager_id", "reason_id", "lang", "next"])
def test_a_filter_that_is_taken_along_adds_no_header(site: DeskSite, name: str) -> None:
    answer = rule(site, site.entered(Role.ANALYST), query=f"?{name}={EVIL}")
    assert (303, None) == (answer.status_code, answer.headers.get("x-evil"))
    assert re.fullmatch(r"/disputes[/\w?&=%.+-]*", answer.headers["location"])


PATHS = [
    ("/disputes/..%2faudit", {404, 422}),
    ("/disputes/../audit", {403, 404}),
    ("/disputes/1/../../audit", {403, 404}),
    ("/disputes/%2e%2e/audit", {403, 404}),
    ("/disputes//audit", {404}),
    ("/disputes/1%2fsame", {200}),
    ("/disputes/0", {422}),
    ("/disputes/-1", {422}),
    ("/disputes/3", {404}),
    ("/disputes/2147483648", {422}),
    ("/disputes/99999999999999999999", {422}),
    ("/disputes/1e0", {422}),
    ("/disputes/%D9%A1", {422}),
    ("/disputes/1%00", {400}),
    ("/disputes/1;x=y", {422}),
    ("/disputes/1'--", {422}),
    ("/disputes/1?done=1%00", {400}),
    ("/static/../app.py", {404}),
    ("/history?page=99999999999", {422}),
    ("/history?text=%ED%A0%80", {200}),
    ("/history?text=" + "x" * 201, {422}),
]


@on_one_database
@pytest.mark.parametrize("path, statuses", PATHS, ids=[path[:40] for path, _ in PATHS])
def test_a_crooked_path_leads_nowhere(site: DeskSite, url: str, path: str, statuses: set[int]) -> None:
    cookie = site.entered(Role.ANALYST).headers["Cookie"]
    with httpx.Client(headers={"Host": "desk.company.example", "Cookie": cookie}) as client:
        request = client.build_request("GET", url)
        request.url = httpx.URL(url).copy_with(raw_path=path.encode())
        answer = client.send(request)
    assert answer.status_code in statuses
    assert "root:" not in answer.text


COMMENTS = [
    ("x" * 4000, 303, "x" * 4000),
    ("x" * 4001, 422, None),
    ("\r\n".join(["x" * 39] * 100), 303, "\n".join(["x" * 39] * 100)),  # 3999 signs, as a browser counts them
    ("x" * 4_900_000, 400, None),
    ("x" * 5_100_000, 413, None),
    ("zero \0 byte", 422, None),
    (" \r\n\t ", 422, None),
    ("emoji 🏠 и кириллица", 303, "emoji 🏠 и кириллица"),
]


@pytest.mark.parametrize("comment, status, kept", COMMENTS, ids=range(len(COMMENTS)))
def test_a_comment_is_kept_whole_or_refused(site: DeskSite, comment: str, status: int, kept: str | None) -> None:
    answer = rule(site, site.entered(Role.ANALYST), comment=comment)
    last = taken(site)[-1]
    assert (status, kept) == (answer.status_code, last.comment if last.action == "uphold" else None)


@pytest.mark.parametrize("body", [b"comment=%ED%A0%80", b"comment=%FF%FE", b"comment=\xed\xa0\x80"])
def test_half_of_a_sign_breaks_nothing(site: DeskSite, body: bytes) -> None:
    browser = site.entered(Role.ANALYST)
    told = f"form_token={site.form_token(browser)}&decision=uphold&seen=1&".encode() + body
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = browser.post("/disputes/1/ruling", content=told, headers=headers)
    assert (303, "uphold") == (answer.status_code, taken(site)[-1].action)
