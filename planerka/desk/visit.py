"""One request: who asks, in which language, and the page that answers."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Request
from starlette.responses import HTMLResponse

from planerka.desk.desk import Desk
from planerka.desk.navigation import ROLE_TITLES, Link, links
from planerka.desk.pages import rendered
from planerka.people import Person, Role
from planerka.store import audit, desk_tokens
from planerka.store.audit import Action, Entry
from planerka.store.database import reading
from planerka.store.desk_tokens import Purpose
from planerka.words import LOCALES, Words, words_for

LANGUAGE_COOKIE = "planerka-language"
YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Visit:
    """`person` and `session`, the token of it, are None for somebody who has not entered."""

    desk: Desk
    request: Request
    now: datetime
    words: Words
    person: Person | None = None
    session: str | None = None

    @property
    def form_token(self) -> str:
        """What every form of this session sends along, and no other site can know; "" where there is no session."""
        return form_token_of(self.session) if self.session else ""

    @property
    def from_address(self) -> str:
        """The browser's machine; `unknown` where a proxy says something that is no address."""
        try:
            return str(ip_address(self.request.client.host if self.request.client else ""))
        except ValueError:
            return "unknown"

    def is_any_of(self, *roles: Role) -> bool:
        return self.person is not None and bool(set(roles) & set(self.person.roles))

    def record(
        self, connection: sa.Connection, action: Action, subject: str | None = None, detail: str | None = None
    ) -> None:
        """A row of the audit; in the transaction of what it tells of. No token may stand in it, nor a client."""
        who = self.person
        audit.put(
            connection,
            Entry(
                at=self.now,
                action=action,
                person=who.email if who else None,
                roles=who.roles if who else (),
                subject=subject,
                from_address=self.from_address,
                detail=detail,
            ),
        )

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """A page through its template, which gets `values` and the words and the person of this visit."""
        answer = HTMLResponse(rendered(template, self.words, dict(**self.shell(), **values)), status)
        if self.request.query_params.get("lang") == self.words.language:
            is_encrypted = self.desk.settings.desk.is_encrypted
            answer.set_cookie(
                LANGUAGE_COOKIE, self.words.language, YEAR_S, secure=is_encrypted, httponly=True, samesite="lax"
            )
        return answer

    def shell(self) -> dict[str, object]:
        """What the frame of every page shows."""
        return {
            "person": self.person,
            "roles": [self.words.say(ROLE_TITLES[role]) for role in self.person.roles] if self.person else [],
            "company": self.desk.settings.company_title,
            "links": self.links(),
            "form_token": self.form_token,
            "languages": self.languages(),
            "zone": self.desk.settings.zone,
        }

    def links(self) -> list[Link]:
        """The navigation: what this person may open."""
        if self.person is None:
            return []
        return links(self.request.app.state.roles_of, self.person.roles, self.request.url.path, self.words)

    def languages(self) -> dict[str, str]:
        """Each other language and how to get this page in it; none where asking again would not give this page."""
        if self.request.method != "GET":
            return {}
        query = [(name, value) for name, value in self.request.query_params.multi_items() if name != "lang"]
        others = [language for language in LOCALES if language != self.words.language]
        return {language: "?" + urlencode([*query, ("lang", language)]) for language in others}


def form_token_of(session: str) -> str:
    """Follows from the token of a session, which it does not give away."""
    return hashlib.sha256(f"planerka form {session}".encode()).hexdigest()


def visit_of(request: Request) -> Visit:
    """Who asks: whoever the session was opened for, while the settings still name them."""
    known = stranger(request)
    desk, session = known.desk, request.cookies.get(session_cookie(known.desk))
    if session:
        with reading(desk.engine) as connection:
            grant = desk_tokens.find(connection, Purpose.SESSION, session)
        person = desk.person(grant.person) if grant and grant.is_good(known.now) else None
        if person:
            known = Visit(desk=desk, request=request, now=known.now, words=known.words, person=person, session=session)
    request.state.visit = known
    return known


def stranger(request: Request) -> Visit:
    """A visit of somebody who has shown nothing yet: the store is not asked."""
    desk: Desk = request.app.state.desk
    return Visit(desk=desk, request=request, now=desk.clock(), words=words_of(request, desk))


def words_of(request: Request, desk: Desk) -> Words:
    """In the language that was asked for now, or some time before, or that of the settings."""
    asked = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return words_for(next((language for language in asked if language in LOCALES), desk.settings.language))


def session_cookie(desk: Desk) -> str:
    """Under a name of `__Host-` a browser takes it by https only, and from no other machine of the domain."""
    return "__Host-planerka" if desk.settings.desk.is_encrypted else "planerka"
