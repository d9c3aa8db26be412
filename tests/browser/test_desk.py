"""The desk in Chromium: a morning's disputes by keyboard, the same without script, and nobody kept out."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from planerka.disputes import second_reading
from planerka.disputes.appeals import appeal
from planerka.disputes.ruling import rule
from planerka.model import Decision, Receipt
from planerka.people import Role
from planerka.store import commands, disputes, samples
from planerka.store.database import connect, upgrade
from planerka.store.dispute_steps import steps
from tests.axe import COLOURS, violations
from tests.builders_desk import DeskSite, desk_site
from tests.builders_disputes import docket_of
from tests.builders_rejudging import begun, judge, opened_all, reject
from tests.fakes.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

MORNING_N = 50
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@dataclass
class Office:
    """A desk that is served at `url`, over a queue of a morning."""

    site: DeskSite
    url: str
    numbers: list[int]

    @contextmanager
    def browser_of(self, chromium: "Browser", role: Role, **options: object) -> "Iterator[BrowserContext]":
        """A browser with an open session of somebody of that role."""
        context = chromium.new_context(**{"viewport": DESKTOP, **options})
        cookie = self.site.entered(role).headers["Cookie"]
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": self.url}])
        yield context
        context.close()

    def last_steps(self) -> list[tuple[str, str | None, str | None]]:
        """Action, author and comment of the last step of every dispute."""
        with self.site.desk.engine.connect() as connection:
            lasts = [steps(connection, number)[-1] for number in self.numbers]
        return [(str(step.action), step.author, step.comment) for step in lasts]


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the queue of a morning, to be copied."""
    path = tmp_path_factory.mktemp("morning") / "store.db"
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    begun(engine)
    for number in range(1, MORNING_N + 1):
        reject(engine, number)
    judge(engine)
    opened_all(engine)
    engine.dispose()
    return path


@contextmanager
def office_in(folder: Path, morning: Path) -> Iterator[Office]:
    shutil.copy(morning, folder / "store.db")
    engine = connect(f"sqlite:///{folder / 'store.db'}")
    with engine.connect() as connection:
        numbers = [view.id for view in disputes.listing(connection, "crm")]
    site = desk_site(engine, folder, source="crm", address="http://127.0.0.1:8080")
    with served(site.app) as url:
        yield Office(site, url, numbers)
    engine.dispose()


@pytest.fixture
def office(tmp_path: Path, morning: Path) -> Iterator[Office]:
    with office_in(tmp_path, morning) as office:
        yield office


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, morning: Path) -> Iterator[Office]:
    """One in which a dispute has come to each state that looks different; nothing is changed there any more."""
    with office_in(tmp_path_factory.mktemp("busy"), morning) as office:
        now, docket = office.site.clock(), docket_of(office.site.desk.engine)
        ruled, appealed, asked = office.numbers[:3]
        rule(docket, ruled, Decision.RETURN_TO_WORK, "Анна", "Две попытки", now)
        rule(docket, appealed, Decision.UPHOLD, "Анна", "Верно", now)
        appeal(docket, appealed, "Громова", "Клиент ждал звонка", now)
        rule(docket, asked, Decision.REQUEST_EVIDENCE, "Анна", "Пришлите записи", now)
        returned_and_read_again(office)
        yield office


def test_an_analyst_decides_fifty_disputes_by_keyboard_in_one_sitting(chromium: "Browser", office: Office) -> None:
    """A key, a comment, Ctrl+Enter, and the next one is there; in the Russian layout too, which has other letters."""
    with office.browser_of(chromium, Role.ANALYST) as context:
        tab = context.new_page()
        tab.goto(f"{office.url}/disputes")
        tab.keyboard.press("j")
        tab.keyboard.press("Enter")
        for number in range(1, MORNING_N + 1):
            tab.wait_for_selector("#comment")
            tab.keyboard.press(str(number % 3 + 1))
            tab.keyboard.type(f"comment {number}")
            with tab.expect_navigation():
                tab.keyboard.press("Control+Enter")
    rulings = ("uphold", "return_to_work", "request_evidence")
    expected = {(rulings[n % 3], "Name of analyst", f"comment {n}") for n in range(1, MORNING_N + 1)}
    assert expected == set(office.last_steps())


def test_a_ruling_is_taken_back_by_a_key(chromium: "Browser", office: Office) -> None:
    with office.browser_of(chromium, Role.ANALYST) as context:
        tab = context.new_page()
        tab.goto(f"{office.url}/disputes/{office.numbers[0]}")
        tab.keyboard.press("2")
        tab.keyboard.type("wrong key")
        with tab.expect_navigation():
            tab.keyboard.press("Control+Enter")
        with tab.expect_navigation():
            tab.keyboard.press("z")
    assert ("undo", "Name of analyst", None) == office.last_steps()[0]


def test_the_desk_works_with_script_off(chromium: "Browser", office: Office) -> None:
    """The same buttons, without keys: choose, write, decide, undo."""
    with office.browser_of(chromium, Role.ANALYST, java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(f"{office.url}/disputes")
        tab.click("table.disputes a.subject >> nth=0")
        first = int(tab.url.rsplit("/", 1)[1])
        tab.fill("#comment", "the calls are in the exchange")
        tab.click("button[value=uphold]")
        assert f"/disputes/{first}" not in tab.url.split("?")[0]
        tab.click(".done button")
    place = office.numbers.index(first)
    assert ("undo", "Name of analyst", None) == office.last_steps()[place]


def test_what_was_typed_survives_when_somebody_was_faster(chromium: "Browser", office: Office) -> None:
    """And the page says who did what."""
    with office.browser_of(chromium, Role.ANALYST) as context:
        tab = context.new_page()
        tab.goto(f"{office.url}/disputes/{office.numbers[0]}")
        docket = docket_of(office.site.desk.engine)
        rule(docket, office.numbers[0], Decision.UPHOLD, "Пётр", "Верно", office.site.clock())
        tab.fill("textarea", "my own reasons")
        tab.keyboard.press("Escape")
        with tab.expect_navigation():
            tab.keyboard.press("2")
        told = tab.text_content("[role=alert]") or ""
        kept = tab.input_value("textarea")
    assert ("my own reasons", True, True) == (kept, "Пётр" in told, "Верно" in told)


def test_a_phone_shows_every_page_without_scrolling_sideways(chromium: "Browser", busy: Office) -> None:
    wide = [
        name
        for name, tab in opened(chromium, busy, viewport=PHONE)
        if tab.evaluate("document.documentElement.scrollWidth") > PHONE["width"]
    ]
    assert [] == wide


def test_nobody_is_kept_out_of_a_page_of_the_desk(chromium: "Browser", busy: Office) -> None:
    """No violation of any rule of axe-core on any page, for whoever may open it, by day and by night."""
    found = {}
    for name, tab in opened(chromium, busy, color_scheme="light", bypass_csp=True):
        found[name] = violations(tab)
        tab.emulate_media(color_scheme="dark")
        found[f"{name} by night"] = violations(tab, COLOURS)
    assert {} == {name: violated for name, violated in found.items() if violated}


def test_no_page_asks_for_anything_that_its_policy_forbids(chromium: "Browser", busy: Office) -> None:
    """A style or a script in a page would be blocked by the policy, and the page look broken."""
    blocked: list[str] = []
    for _name, _tab in opened(chromium, busy, blocked):
        pass
    assert [] == blocked


def opened(
    chromium: "Browser", office: Office, said: list[str] | None = None, **options: object
) -> "Iterator[tuple[str, Page]]":
    """Every page under its name, in a browser of whose it is; to `said` goes what the browser says of it."""
    heard = [] if said is None else said
    for role, paths in groupby(pages(office), key=itemgetter(0)):
        with office.browser_of(chromium, role, **options) as context:
            for _role, path in paths:
                name, tab = f"{role} {path}", context.new_page()
                tab.on("console", lambda message, name=name: heard.append(f"{name}: {message.text}"))
                tab.on("pageerror", lambda error, name=name: heard.append(f"{name}: {error}"))
                answer = tab.goto(office.url + path)
                assert answer
                assert 200 == answer.status, name
                yield name, tab
                tab.close()


def pages(office: Office) -> list[tuple[Role, str]]:
    """Every page, with something on it, by role."""
    ruled, appealed, asked, waiting = office.numbers[:4]
    (unread,) = second_reading.unread(office.site.desk.engine, "crm", "Павел")
    return [
        (Role.ANALYST, "/disputes"),
        (Role.ANALYST, f"/disputes/{waiting}"),
        (Role.ANALYST, f"/disputes/{asked}"),
        (Role.ANALYST, f"/disputes/{waiting}/same"),
        (Role.ANALYST, "/history"),
        (Role.SALES, f"/disputes/{ruled}"),
        (Role.SALES, "/ledger"),
        (Role.MARKETING, "/raise"),
        (Role.DIRECTOR, "/director"),
        (Role.DIRECTOR, f"/disputes/{appealed}"),
        (Role.DIRECTOR, "/agreement"),
        (Role.SECOND_READER, "/readings"),
        (Role.SECOND_READER, f"/readings/{unread.id}"),
        (Role.OPS, "/audit"),
    ]


def returned_and_read_again(office: Office) -> None:
    """A lead that went back to work, and of two rulings one that was read otherwise and one that waits."""
    engine, now = office.site.desk.engine, office.site.clock()
    with engine.begin() as connection:
        (command,) = (one for one in commands.pending(connection, "crm") if one.kind == Decision.RETURN_TO_WORK)
        gone_at = now - timedelta(days=1)
        commands.put_receipt(connection, Receipt(marker=command.marker, handed_over_at=gone_at, confirmed_at=gone_at))
        ruled = samples.rulings(connection, "crm", gone_at, now + timedelta(seconds=1))
        samples.draw(connection, "crm", ruled, now, now + timedelta(days=1))
    first, *_others = second_reading.unread(engine, "crm", "Павел")
    second_reading.read(engine, "crm", first.id, Decision.UPHOLD, "Павел", "Звонков хватает", now - timedelta(hours=1))
