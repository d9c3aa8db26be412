"""Entering and leaving: an address, a link by mail that works once, a session."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Form
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planerka.desk.access import ANYBODY_ENTERED, PUBLIC, DeskRouter, own_path
from planerka.desk.links import LIFETIME, send_link
from planerka.desk.refusals import Refused
from planerka.desk.visit import Visit, session_cookie
from planerka.people import Person
from planerka.store import audit, desk_tokens
from planerka.store.audit import Action
from planerka.store.bulk import one_writer
from planerka.store.database import reading
from planerka.store.desk_tokens import Grant, Purpose
from planerka.words import _

router = DeskRouter()

SESSION = timedelta(hours=12)

WINDOW = timedelta(minutes=15)
ASKED_FOR_ONE_N = 5
ASKED_FROM_ONE_N = 40
"""Links asked for within the window: for one address of mail, and from one machine, which may be that of an office."""
REFUSED_FROM_ONE_N = 40
"""Bad links within the window from one machine: nobody guesses 256 bits, and nobody need try."""

TOO_OFTEN = _("There were too many attempts. Wait a quarter of an hour.")
NO_LINK = _("This link is not ours, or not whole. Copy all of it from the mail, or ask for another.")
USED_LINK = _("This link was used, or is older than a quarter of an hour. Ask for another.")


@router.get("/login")
def login(visit: Annotated[Visit, PUBLIC], next: str = "") -> HTMLResponse:
    return visit.page("login.html.j2", next=own_path(next))


@router.post("/login")
def ask_for_link(
    visit: Annotated[Visit, PUBLIC],
    email: Annotated[str, Form(max_length=320)],
    later: BackgroundTasks,
    next: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Answered alike, and as fast, whether somebody has this address or not: the mail goes after the answer."""
    person = visit.desk.person(email.strip().lower())
    subject = subject_of(email, person)
    with visit.desk.engine.begin() as connection:
        one_writer(connection, "links of the desk")
        refuse_too_often(visit, connection, subject)
        visit.record(connection, Action.LINK_ASKED, subject)
    if person:
        later.add_task(send_link, visit.desk, person, own_path(next), visit.words)
    return visit.page("asked.html.j2", minutes_n=LIFETIME.seconds // 60)


@router.get("/enter/{token}")
def enter_page(visit: Annotated[Visit, PUBLIC], token: str, next: str = "") -> HTMLResponse:
    """A button, and nothing more: programs that look into mails open every link in them."""
    with reading(visit.desk.engine) as connection:
        found = desk_tokens.find(connection, Purpose.ENTER, token)
    person = visit.desk.person(found.person) if found and found.is_good(visit.now) else None
    if person is None:
        raise bad_link(visit, found)
    return visit.page("enter.html.j2", name=person.name, next=own_path(next))


@router.post("/enter/{token}")
def enter(visit: Annotated[Visit, PUBLIC], token: str, next: Annotated[str, Form()] = "") -> Response:
    """Use the link up, and open a session in place of the one there may be."""
    with visit.desk.engine.begin() as connection:
        taken = desk_tokens.take(connection, Purpose.ENTER, token, visit.now)
        person = visit.desk.person(taken.person) if taken else None
        found = taken or desk_tokens.find(connection, Purpose.ENTER, token)
        session = open_session(visit, connection, person) if person else None
    if session is None:
        raise bad_link(visit, found)
    answer = RedirectResponse(own_path(next), 303)
    is_encrypted = visit.desk.settings.desk.is_encrypted
    answer.set_cookie(
        session_cookie(visit.desk),
        session,
        int(SESSION.total_seconds()),
        secure=is_encrypted,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/logout")
def leave(visit: Annotated[Visit, ANYBODY_ENTERED]) -> Response:
    with visit.desk.engine.begin() as connection:
        end_session(visit, connection)
        visit.record(connection, Action.LEFT)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(
        session_cookie(visit.desk), secure=visit.desk.settings.desk.is_encrypted, httponly=True, samesite="lax"
    )
    return answer


def open_session(visit: Visit, connection: sa.Connection, person: Person) -> str:
    end_session(visit, connection)
    replace(visit, person=person).record(connection, Action.ENTERED)
    return desk_tokens.make(connection, Purpose.SESSION, visit.now, SESSION, person=person.email)


def end_session(visit: Visit, connection: sa.Connection) -> None:
    if visit.session:
        desk_tokens.take(connection, Purpose.SESSION, visit.session, visit.now)


def bad_link(visit: Visit, found: Grant | None) -> Refused:
    """Why a link lets nobody in; `found`: what it was made for, None where nobody made it."""
    with visit.desk.engine.begin() as connection:
        since, machine = visit.now - WINDOW, visit.from_address
        if audit.count_since(connection, Action.LINK_REFUSED, since, from_address=machine) >= REFUSED_FROM_ONE_N:
            return Refused(429, TOO_OFTEN)
        visit.record(connection, Action.LINK_REFUSED, found.person if found else None)
    is_old = found is not None and visit.desk.person(found.person) is not None
    return Refused(410, USED_LINK) if is_old else Refused(403, NO_LINK)


def refuse_too_often(visit: Visit, connection: sa.Connection, subject: str) -> None:
    since = visit.now - WINDOW
    for_one_n = audit.count_since(connection, Action.LINK_ASKED, since, subject=subject)
    from_one_n = audit.count_since(connection, Action.LINK_ASKED, since, from_address=visit.from_address)
    if for_one_n >= ASKED_FOR_ONE_N or from_one_n >= ASKED_FROM_ONE_N:
        raise Refused(429, TOO_OFTEN)


def subject_of(email: str, person: Person | None) -> str:
    """Whose link was asked for. An address that nobody has may be anybody's: only its digest is kept, to count by."""
    return person.email if person else "? " + hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]
