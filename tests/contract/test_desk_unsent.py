"""A form that comes too late, the session having ended or being another: nothing is done, and no text is lost."""

import re
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.desk.pages import HOME
from planerka.desk.refusals import TYPED
from planerka.people import Role
from planerka.store.database import reading
from planerka.store.dispute_steps import last_step
from tests.builders_desk import NOON, DeskSite, desk_site
from tests.builders_rulings import dispute_rejections

COMMENT = "Called </textarea><script>twice"
KEPT = ">Called &lt;/textarea&gt;&lt;script&gt;twice</textarea>"
SIGNED_OUT = "You are not signed in any more, and nothing was changed."
TOO_LONG = "The page was open for too long, or this was sent by another site."


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", ["L1"], NOON)
    return site


def rule(site: DeskSite, browser: TestClient, token: str, **headers: str) -> httpx.Response:
    ruling = {"form_token": token, "decision": "uphold", "seen": 1, "comment": COMMENT}
    return browser.post("/disputes/1/ruling", data=ruling, headers=headers)


def last_action(site: DeskSite) -> str:
    with reading(site.desk.engine) as connection:
        return last_step(connection, 1).action


def test_after_twelve_hours_the_text_is_shown_with_a_link_to_sign_in(site: DeskSite) -> None:
    browser = site.entered(Role.ANALYST)
    token = site.form_token(browser)
    site.clock.move(hours=12, seconds=1)
    answer = rule(site, browser, token)
    assert (403, [True, True, True, False, False], "open") == (
        answer.status_code,
        [inside in answer.text for inside in (SIGNED_OUT, KEPT, "<h1>Sign in again</h1>", "<script>twice", token)],
        last_action(site),
    )


BACK = [
    ("/disputes/1/ruling", "/disputes/1"),
    ("/disputes/1/ruling?reason_id=17&mine=Anna+B", "/disputes/1%3Freason_id%3D17%26mine%3DAnna%2BB"),
    ("/disputes/1/same", "/disputes/1/same"),
    ("/raise", "/raise"),
    ("/logout", "/"),
]


@pytest.mark.parametrize("sent_to, back", BACK)
def test_the_login_leads_back_to_the_page_of_the_form(site: DeskSite, sent_to: str, back: str) -> None:
    assert f'href="/login?next={back}"' in site.visitor().post(sent_to).text


def test_under_a_new_session_the_text_of_the_old_page_is_shown(site: DeskSite) -> None:
    old = site.form_token(site.entered(Role.ANALYST))
    answer = rule(site, site.entered(Role.ANALYST), old)
    assert (403, [True, True, False], "open") == (
        answer.status_code,
        [inside in answer.text for inside in (TOO_LONG, KEPT, old)],
        last_action(site),
    )


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_what_another_site_sent_is_not_shown(site: DeskSite, is_signed_in: bool) -> None:
    browser = site.entered(Role.ANALYST) if is_signed_in else site.visitor()
    token = site.form_token(browser) if is_signed_in else ""
    answer = rule(site, browser, token, **{"Sec-Fetch-Site": "cross-site"})
    assert (403, [True, False], "open") == (
        answer.status_code,
        [inside in answer.text for inside in (TOO_LONG, KEPT)],
        last_action(site),
    )


def test_half_of_a_sign_in_the_token_breaks_nothing(site: DeskSite) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n\\ud800\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    assert 403 == site.entered(Role.ANALYST).post("/disputes/1/undo", content=body, headers=headers).status_code


def test_every_field_that_people_write_in_is_known() -> None:
    """Those of the forms that change something; an address for a link is soon typed again."""
    templates = "".join(path.read_text() for path in (HOME / "templates").glob("*.j2"))
    written = set(re.findall(r'<(?:textarea|input type="text")[^>]* name="(\w+)"', templates))
    assert set(TYPED) == written
