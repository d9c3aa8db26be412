"""What the desk says when it refuses or cannot: in whose language, and with nothing from inside."""

import logging
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from planerka.people import Role
from planerka.store.database import connect
from tests.builders_desk import TROUBLE_ROUTES, DeskSite, desk_site, on_one_database
from tests.fakes.serving import served


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    site.app.include_router(TROUBLE_ROUTES)
    return site


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


@on_one_database
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
