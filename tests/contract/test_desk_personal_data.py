"""Whatever is typed on the desk is kept without what names a client: in every table, and in what goes to the CRM."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.model import Lead
from planerka.people import Role
from planerka.store import commands
from planerka.store.database import reading
from planerka.store.tables import audit, command, dispute_step, metadata
from tests.builders_desk import NOON, DeskSite, desk_site
from tests.builders_rulings import dispute_rejections, keep

PHONE, EMAIL, CHAT = "+7 916 123-45-67", "ivan.petrov@mail.example", "https://t.me/ivan_petrov"
TYPED = f"Asked {PHONE}, wrote to {EMAIL}, {CHAT}: 8(916)1234567"
KEPT = "Asked ***, wrote to ***, ***: ***"
NAMING = ("916 123", "(916)", "7916", "123-45", "1234567", "petrov", "mail.example", "t.me")
DIGEST = re.compile("[0-9a-f]{64}")
"""What a random link is kept by: any three digits turn up in one now and then."""


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path)
    dispute_rejections(engine, "sample", [f"L{n}" for n in range(1, 8)], NOON)
    return site


def send(site: DeskSite, role: Role, path: str, **form: object) -> int:
    site.clock.move(seconds=1)
    browser = site.entered(role)
    data = {"form_token": site.form_token(browser), "comment": TYPED, **form}
    return browser.post(path, data=data).status_code


def everything_typed(site: DeskSite) -> Iterator[int]:
    """The statuses of every form of the desk that takes a text, each with all that names a client."""
    yield send(site, Role.ANALYST, "/disputes/1/ruling", decision="uphold", seen=1)
    yield send(site, Role.ANALYST, "/disputes/2/ruling", decision="return_to_work", seen=1)
    yield send(site, Role.ANALYST, "/disputes/3/ruling", decision="request_evidence", seen=1)
    yield send(site, Role.SALES, "/disputes/2/appeal", seen=2)
    yield send(site, Role.DIRECTOR, "/disputes/2/final", decision="return_to_work", seen=3)
    yield send(site, Role.ANALYST, "/disputes/4/same", chosen=["4:1", "5:1"])
    yield send(site, Role.ANALYST, "/disputes/6/ruling", decision="return_to_work", seen=9)
    with reading(site.desk.engine) as connection:
        tasks = " ".join(one.task for one in commands.pending(connection, "sample"))
    token = tasks.partition("/answer/")[2].partition(" ")[0]
    yield site.visitor().post(f"/answer/{token}", data={"text": TYPED}).status_code
    yield site.visitor().post("/login", data={"email": EMAIL}).status_code


def test_nothing_that_names_a_client_is_kept(site: DeskSite) -> None:
    """Whichever form it was typed into, whether it was taken or refused."""
    assert [303, 303, 303, 303, 303, 303, 409, 200, 200] == list(everything_typed(site))
    with reading(site.desk.engine) as connection:
        rows = {table.name: str(connection.execute(sa.select(table)).all()) for table in metadata.sorted_tables}
        comments = connection.scalars(sa.select(dispute_step.c.comment).where(dispute_step.c.comment.is_not(None)))
        assert {KEPT} == set(comments)
        notes = [content["note"] for content in connection.scalars(sa.select(command.c.content))]
    assert 3 == sum(KEPT in note for note in notes)
    told = {name: DIGEST.sub("", text) for name, text in rows.items() if text != "[]"}
    assert [] == [(name, word) for name, text in told.items() for word in NAMING if word in text]
    assert {audit.name, dispute_step.name, command.name} <= set(told)


def test_a_dispute_raised_by_hand_is_masked_too(site: DeskSite) -> None:
    """And so is what a refusal shows to nobody but whoever typed it."""
    keep(site.desk.engine, "sample", Lead, {"id": "L9", "status": "open"})
    assert 422 == send(site, Role.MARKETING, "/raise", lead="L9")
    with reading(site.desk.engine) as connection:
        told = [str(connection.execute(sa.select(table)).all()) for table in (dispute_step, audit)]
    assert [] == [word for word in NAMING for text in told if word in text]


def test_nor_does_anybody_see_it_on_a_page(site: DeskSite) -> None:
    list(everything_typed(site))
    pages = [
        *(site.entered(Role.DIRECTOR).get(f"/disputes/{number}").text for number in range(1, 8)),
        *(site.entered(Role.DIRECTOR).get(path).text for path in ("/disputes", "/history", "/director", "/audit")),
    ]
    assert [] == [word for page in pages for word in NAMING if word in page]


def test_an_address_that_is_refused_is_masked_in_the_journal(site: DeskSite) -> None:
    """And cut, for anybody who has entered may ask for any."""
    for path in ("/disputes/%2B79161234567", f"/disputes/{EMAIL}", f"/disputes/{'1' * 9000}"):
        assert 403 == site.entered(Role.SECOND_READER).get(path).status_code
    subjects = [entry.subject or "" for entry in site.journal()]
    assert (3, [], 500) == (
        len(subjects),
        [word for word in NAMING for subject in subjects if word in subject],
        max(map(len, subjects)),
    )
