"""A desk of its own people, whose clock a test moves, and a browser on it."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from planerka.clock import WorkCalendar
from planerka.desk.access import PUBLIC, DeskRouter
from planerka.desk.app import DeskApp, desk_app
from planerka.desk.desk import Desk
from planerka.desk.refusals import Refused
from planerka.desk.visit import Visit, form_token_of
from planerka.errors import BusyError, StoreBusyError, UsageError
from planerka.people import Person, Role
from planerka.settings import Settings
from planerka.store import desk_tokens
from planerka.store.audit import Entry, listing
from planerka.store.desk_tokens import Purpose
from tests.builders_store import instant

NOON = instant("2026-11-24T09:00")
ADDRESS = "https://desk.company.example"
LINK = re.compile(r"https?://\S+/enter/\S+")

on_one_database = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""For what is not asked of the database: another one would answer the same."""

PEOPLE = tuple(Person(email=f"{role}@company.example", name=f"Name of {role}", roles=(role,)) for role in Role)
"""One of each role."""


@dataclass
class MovedClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class DeskSite:
    """A desk, and whoever opens it: `app` may be served, or asked by a browser of `visitor`."""

    desk: Desk
    clock: MovedClock
    app: DeskApp = field(init=False)

    def __post_init__(self) -> None:
        self.app = desk_app(self.desk)
        self.app.state.ledger.patience_s = None  # who asks for the ledger in a test gets it

    def visitor(self, **options: Any) -> TestClient:
        """A browser of somebody who has not entered."""
        address = self.desk.settings.desk.address
        client = {"client": ("10.0.0.9", 5000), "base_url": address, "follow_redirects": False, **options}
        return TestClient(self.app, **client)

    def entered(self, role: Role, **options: Any) -> TestClient:
        """A browser with an open session of the one who has that role."""
        email = next(person.email for person in self.desk.people if role in person.roles)
        with self.desk.engine.begin() as connection:
            session = desk_tokens.make(connection, Purpose.SESSION, self.clock(), timedelta(hours=12), person=email)
        browser = self.visitor(**options)
        name = "__Host-planerka" if self.desk.settings.desk.is_encrypted else "planerka"
        browser.headers["Cookie"] = f"{name}={session}"
        return browser

    def form_token(self, browser: TestClient) -> str:
        """What the forms of this browser's session send along."""
        return form_token_of(browser.headers["Cookie"].partition("=")[2].partition(";")[0])

    def ruled(self, number: int, decision: str, comment: str) -> TestClient:
        """The browser of the analyst, who has just ruled so on a dispute that nobody had touched."""
        browser = self.entered(Role.ANALYST)
        ruling = {"decision": decision, "seen": 1, "comment": comment, "form_token": self.form_token(browser)}
        browser.post(f"/disputes/{number}/ruling", data=ruling)
        return browser

    def link(self, email: str) -> str:
        """The path of a new link for this person."""
        with self.desk.engine.begin() as connection:
            token = desk_tokens.make(connection, Purpose.ENTER, self.clock(), timedelta(minutes=15), person=email)
        return f"/enter/{token}"

    def journal(self) -> list[Entry]:
        with self.desk.engine.begin() as connection:
            return listing(connection, 1, 1000)

    def mails(self) -> list[str]:
        """The text of every mail in the folder that stands for everybody's inbox."""
        files = sorted((self.desk.settings.out / "notes").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=default).get_content() for path in files]


def desk_site(
    engine: sa.Engine, out: Path, people: tuple[Person, ...] = PEOPLE, source: str = "sample", **desk_settings: Any
) -> DeskSite:
    """`desk_settings`: those of `[desk]`."""
    desk_settings = {"address": ADDRESS, "people": people, **desk_settings}
    settings = Settings.model_validate({"out": out, "language": "en", "desk": desk_settings})
    calendar, clock = WorkCalendar(zone=settings.zone), MovedClock()
    desk = Desk(
        engine=engine,
        source=source,
        settings=settings,
        office=calendar,
        review=calendar,
        people=settings.desk.people,
        clock=clock,
    )
    return DeskSite(desk=desk, clock=clock)


def form_token(page: str) -> str:
    """What the forms of a page send along."""
    found = re.search(r'name="form_token" value="(\w*)"', page)
    assert found, "the page has no form"
    return found[1]


TROUBLE_ROUTES = DeskRouter()
"""Routes that fail, each in its way."""


@TROUBLE_ROUTES.get("/trouble/{kind}")
def fail(visit: Annotated[Visit, PUBLIC], kind: str) -> None:
    raise {
        "usage": UsageError("Dispute 7 is closed: see the history"),
        "busy": BusyError("another run"),
        "writing": StoreBusyError("another program"),
        "lost": Refused(409, "{name} ruled on it", name="<b>Irina</b>"),
        "bug": RuntimeError("secret of the inside"),
    }[kind]
