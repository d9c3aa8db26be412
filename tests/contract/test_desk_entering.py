"""Into the desk by a link that works once, and out of it again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from planerka.desk.app import desk_app
from planerka.people import Role
from planerka.sections import DeliverySettings, SmtpSettings
from planerka.store.tables import audit, desk_token
from tests.builders_desk import ADDRESS, LINK, PEOPLE, DeskSite, desk_site, form_token
from tests.builders_mail import ScriptedPost, mail_server
from tests.fakes.serving import served

OPS = "ops@company.example"
LOCAL = "http://127.0.0.1:8080"


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    return desk_site(engine, tmp_path)


@pytest.fixture
def local_url(site: DeskSite, tmp_path: Path) -> Iterator[str]:
    """The desk on a port of this machine, without TLS."""
    local = desk_site(site.desk.engine, tmp_path, address=LOCAL)
    with served(local.app) as url:
        yield url


def test_somebody_enters_by_the_link_that_the_mail_brings(site: DeskSite) -> None:
    """And then sees the page that was asked for at first."""
    browser = site.visitor()
    asked = browser.get("/audit?page=1")
    form = browser.get(asked.headers["Location"])
    browser.post("/login", data={"email": OPS, "next": "/audit?page=1", "form_token": form_token(form.text)})
    link = LINK.search(site.mails()[0])[0].removeprefix(ADDRESS)
    page = browser.get(link)
    entered = browser.post(link, data={"next": "/audit?page=1", "form_token": form_token(page.text)})
    assert [303, 200, "Name of ops" in page.text, 303, "/audit?page=1", 200] == [
        asked.status_code,
        form.status_code,
        "Name of ops" in page.text,
        entered.status_code,
        entered.headers["Location"],
        browser.get("/audit?page=1").status_code,
    ]


def test_the_login_answers_alike_whether_somebody_is_known_or_not(site: DeskSite) -> None:
    known, unknown = (site.visitor().post("/login", data={"email": email}) for email in (OPS, "nobody@company.example"))
    assert (200, known.status_code, known.text, 1) == (
        known.status_code,
        unknown.status_code,
        unknown.text,
        len(site.mails()),
    )


def test_the_address_is_the_same_person_in_any_case(site: DeskSite) -> None:
    site.visitor().post("/login", data={"email": " OPS@Company.Example "})
    assert 1 == len(site.mails())


@pytest.mark.parametrize(
    "email",
    [
        " ",
        "ops@company.example\r\nBcc: thief@example.com",
        "ops@company.example, thief@example.com",
        "<script>alert(1)</script>@company.example",
        "x" * 320,
    ],
)
def test_what_is_nobodys_address_gets_no_mail(site: DeskSite, email: str) -> None:
    answer = site.visitor().post("/login", data={"email": email})
    assert (200, 0, False) == (answer.status_code, len(site.mails()), "<script>" in answer.text)


def test_an_address_that_nobody_has_is_not_kept(site: DeskSite) -> None:
    """It may be a client's."""
    site.visitor().post("/login", data={"email": "client@home.example"})
    (entry,) = site.journal()
    assert ("link_asked", True, False) == (entry.action, (entry.subject or "").startswith("? "), "client" in str(entry))


def test_programs_that_look_into_mails_do_not_use_a_link_up(site: DeskSite) -> None:
    link = site.link(OPS)
    looks = [site.visitor().get(link).status_code for _ in range(3)]
    assert [200, 200, 200, 303] == [*looks, site.visitor().post(link).status_code]


def test_a_link_works_once(site: DeskSite) -> None:
    link = site.link(OPS)
    answers = [site.visitor().post(link), site.visitor().post(link), site.visitor().get(link)]
    assert [303, 410, 410] == [answer.status_code for answer in answers]
    assert all("Ask for another" in answer.text for answer in answers[1:])
    assert [False, False] == ["set-cookie" in answer.headers for answer in answers[1:]]


def test_a_link_lives_a_quarter_of_an_hour(site: DeskSite) -> None:
    early, late = site.link(OPS), site.link(OPS)
    site.clock.move(minutes=14, seconds=59)
    first = site.visitor().post(early)
    site.clock.move(seconds=1)
    assert [303, 410] == [first.status_code, site.visitor().post(late).status_code]


@pytest.mark.parametrize("token", ["x" * 43, "%3Cscript%3E", "%F0%9F%92%A9", "'%20OR%201=1--", "x" * 5000])
def test_a_forged_link_lets_nobody_in(site: DeskSite, token: str) -> None:
    browser = site.visitor()
    answers = [browser.get(f"/enter/{token}"), browser.post(f"/enter/{token}")]
    assert [403, 403] == [answer.status_code for answer in answers]
    assert "<script>" not in answers[0].text


def test_a_session_is_no_link(site: DeskSite) -> None:
    """Nor a link a session: a token is good for what it was made for."""
    session = site.entered(Role.OPS).headers["Cookie"].partition("=")[2]
    token = site.link(OPS).removeprefix("/enter/")
    by_link = site.visitor(headers={"Cookie": f"__Host-planerka={token}"}).get("/audit")
    assert [403, 303] == [site.visitor().post(f"/enter/{session}").status_code, by_link.status_code]


def test_of_two_who_use_a_link_at_once_one_gets_in(site: DeskSite) -> None:
    for _ in range(5):
        link = site.link(OPS)
        with ThreadPoolExecutor(4) as at_once:
            answers = list(at_once.map(lambda _, link=link: site.visitor().post(link).status_code, range(4)))
        assert [303, 410, 410, 410] == sorted(answers)


def test_the_cookie_of_a_session_is_safe(site: DeskSite) -> None:
    cookie = site.visitor().post(site.link(OPS)).headers["set-cookie"]
    name_and_token, *flags = cookie.split("; ")
    assert ("__Host-planerka", 43) == (name_and_token.partition("=")[0], len(name_and_token.partition("=")[2]))
    assert ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=lax", "Secure"] == flags


def test_without_tls_the_cookie_comes_back_on_the_same_machine(local_url: str, site: DeskSite) -> None:
    with httpx.Client(base_url=local_url) as browser:
        entered = browser.post(site.link(OPS))
        assert [303, 200] == [entered.status_code, browser.get("/audit").status_code]
    assert entered.headers["set-cookie"].startswith("planerka=")
    assert "Secure" not in entered.headers["set-cookie"]


def test_a_session_ends_after_twelve_hours(site: DeskSite) -> None:
    browser = site.entered(Role.OPS)
    site.clock.move(hours=11, minutes=59)
    before = browser.get("/audit").status_code
    site.clock.move(minutes=1)
    assert [200, 303] == [before, browser.get("/audit").status_code]


def test_who_leaves_is_out_and_so_is_who_kept_the_cookie(site: DeskSite) -> None:
    browser = site.entered(Role.OPS)
    token = form_token(browser.get("/audit").text)
    left = browser.post("/logout", data={"form_token": token})
    assert (303, "/login") == (left.status_code, left.headers["Location"])
    assert [303, 403] == [
        browser.get("/audit").status_code,
        browser.post("/logout", data={"form_token": token}).status_code,
    ]


def test_who_enters_anew_ends_the_session_before(site: DeskSite) -> None:
    browser = site.entered(Role.OPS)
    token = form_token(browser.get("/audit").text)
    assert 303 == browser.post(site.link(OPS), data={"form_token": token}).status_code
    assert 303 == browser.get("/audit").status_code


def test_who_is_taken_off_the_settings_is_out_at_once(site: DeskSite) -> None:
    """And so is a role that somebody has no more."""
    browser, link = site.entered(Role.OPS), site.link(OPS)
    site.app.state.desk = replace(site.desk, people=PEOPLE[:1])
    removed = [browser.get("/audit").status_code, site.visitor().post(link).status_code]
    analyst = PEOPLE[0].model_copy(update={"email": OPS})
    site.app.state.desk = replace(site.desk, people=(analyst,))
    assert [303, 403, 403] == [*removed, browser.get("/audit").status_code]


@pytest.mark.parametrize("asked_n, email", [(5, OPS), (40, "somebody{}@company.example")])
def test_links_are_not_asked_for_too_often(site: DeskSite, asked_n: int, email: str) -> None:
    """For one person, and from one machine for whomever; a quarter of an hour later it is forgotten."""
    browser = site.visitor()
    answers = [browser.post("/login", data={"email": email.format(n)}).status_code for n in range(asked_n + 2)]
    site.clock.move(minutes=15, seconds=1)
    later = browser.post("/login", data={"email": OPS}).status_code
    assert ([200] * asked_n + [429, 429], 200) == (answers, later)


def test_bad_links_are_not_tried_too_often(site: DeskSite) -> None:
    """By one machine; a good link is let in from it all the same."""
    browser = site.visitor()
    answers = [browser.post(f"/enter/{n}").status_code for n in range(42)]
    elsewhere = site.visitor(client=("10.0.0.10", 5000)).post("/enter/x").status_code
    assert ([403] * 40 + [429, 429], 403, 303, 40) == (
        answers,
        elsewhere,
        browser.post(site.link(OPS)).status_code,
        sum(entry.from_address == "10.0.0.9" and entry.action == "link_refused" for entry in site.journal()),
    )


@pytest.mark.parametrize(
    "next_path, expected",
    [
        ("/audit?page=2", "/audit?page=2"),
        ("", "/"),
        ("//thief.example", "/"),
        ("/\\thief.example", "/"),
        ("\\\\thief.example", "/"),
        ("https://thief.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("/\t/thief.example", "/"),
        ("/а", "/"),
        ("/" + "a" * 500, "/"),
    ],
)
def test_nobody_is_sent_to_another_site(site: DeskSite, next_path: str, expected: str) -> None:
    answer = site.visitor().post(site.link(OPS), data={"next": next_path})
    assert (303, expected, 1) == (
        answer.status_code,
        answer.headers["Location"],
        len(answer.headers.get_list("set-cookie")),
    )


def test_the_store_keeps_no_token(site: DeskSite) -> None:
    """Nor does the journal, whatever happened to it."""
    link, session = site.link(OPS), site.entered(Role.OPS).headers["Cookie"].partition("=")[2]
    site.visitor().post(link), site.visitor().post(link), site.visitor().post(f"/enter/{session}")
    with site.desk.engine.begin() as connection:
        kept = str([*connection.execute(sa.select(desk_token)), *connection.execute(sa.select(audit))])
    assert [False, False] == [token in kept for token in (link.removeprefix("/enter/"), session)]


def test_old_tokens_are_forgotten(site: DeskSite) -> None:
    site.link(OPS)
    site.clock.move(days=8)
    site.link(OPS)
    with site.desk.engine.begin() as connection:
        assert 1 == connection.scalar(sa.select(sa.func.count()).select_from(desk_token))


def test_the_journal_tells_who_came_and_who_did_not_get_in(site: DeskSite) -> None:
    link, browser = site.link(OPS), site.visitor()
    browser.post("/login", data={"email": OPS})
    browser.post(link), site.visitor().post(link)
    analyst = site.entered(Role.ANALYST)
    analyst.get("/audit")
    analyst.post("/logout", data={"form_token": site.form_token(analyst)})
    assert [
        (None, "link_asked", OPS),
        (OPS, "entered", None),
        (None, "link_refused", OPS),
        ("analyst@company.example", "role_refused", "/audit"),
        ("analyst@company.example", "left", None),
    ] == [(entry.person, entry.action, entry.subject) for entry in reversed(site.journal())]


def test_names_are_shown_as_they_are_written(engine: sa.Engine, tmp_path: Path) -> None:
    name = '<script>alert(1)</script> & "O\'Neil"'
    site = desk_site(engine, tmp_path, (PEOPLE[-1].model_copy(update={"name": name}),))
    page = site.entered(Role.OPS).get("/audit").text
    assert (False, True) == ("<script>" in page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in page)


def test_a_mail_server_that_refuses_us_stands_in_the_journal(site: DeskSite) -> None:
    """The answer to the visitor is the same."""
    with mail_server(ScriptedPost()) as port:
        smtp = SmtpSettings(host="127.0.0.1", port=port, security="starttls")
        delivery = DeliverySettings(how="smtp", smtp=smtp)
        settings = site.desk.settings.model_copy(update={"delivery": delivery})
        site.app = desk_app(replace(site.desk, settings=settings))
        answer = site.visitor().post("/login", data={"email": OPS})
    told = site.journal()[0]
    assert (200, "link_not_sent", OPS, True) == (
        answer.status_code,
        told.action,
        told.subject,
        "STARTTLS extension not supported" in (told.detail or ""),
    )
