"""Who may ask for what. Every route says it by the one parameter that it gets its visit by:

    visit: Annotated[Visit, allowed(Role.OPS, Role.DIRECTOR)]

and by `PUBLIC` where anybody may. A test fails for a route that says neither.
"""

from collections.abc import Callable
from hmac import compare_digest
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from planerka.desk.navigation import ROLE_TITLES
from planerka.desk.refusals import Refused, Unsent
from planerka.desk.visit import Visit, visit_of
from planerka.people import Role
from planerka.phones import masked
from planerka.store.audit import Action
from planerka.words import _

LONGEST_NEXT = 500

FORGED = _("The page was open for too long, or this was sent by another site. Open the page again and repeat.")


class Allowed:
    """Lets in whoever has one of the roles; with `roles` None, anybody."""

    def __init__(self, roles: frozenset[Role] | None) -> None:
        self.roles = roles

    def __call__(self, visit: Annotated[Visit, Depends(visit_of)]) -> Visit:
        if self.roles is None or visit.is_any_of(*self.roles):
            return visit
        if visit.person is None:
            raise ask_to_enter(visit.request)
        with visit.desk.engine.begin() as connection:
            parts = visit.request.url.path[:LONGEST_NEXT].split("/")  # which anybody may have written
            visit.record(connection, Action.ROLE_REFUSED, "/".join(map(masked, parts)))
        titles = ", ".join(visit.words.say(title) for role, title in ROLE_TITLES.items() if role in self.roles)
        raise Refused(403, _("This is only for: {roles}."), roles=titles)


def allowed(*roles: Role) -> Any:
    """For whoever has one of these roles."""
    return Depends(Allowed(frozenset(roles)))


PUBLIC = Depends(Allowed(None))
"""For anybody, also who has not entered."""

ANYBODY_ENTERED = allowed(*Role)


def ask_to_enter(request: Request) -> Exception:
    """A page is shown after the login; what was sent is refused and shown, for it cannot be sent after it."""
    if request.method != "GET":
        return Unsent(403, _("You are not signed in any more, and nothing was changed. Sign in, and send it again."))
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return HTTPException(303, headers={"Location": f"/login?next={quote(asked, safe='')}"})


def own_path(path: str) -> str:
    """The path where it is one of ours, else "/": nobody is sent to another site by a link into the desk."""
    is_plain = path.isascii() and path.isprintable() and not set(' \\"<>') & set(path) and len(path) <= LONGEST_NEXT
    return path if is_plain and path.startswith("/") and not path.startswith("//") else "/"


def roles_of(route: APIRoute) -> frozenset[Role] | None:
    """Who may ask for it; None for anybody. ValueError for a route that does not say it once."""
    said = [need.call for need in route.dependant.dependencies if isinstance(need.call, Allowed)]
    if len(said) != 1:
        raise ValueError(f"{route.path} must say once who may ask for it: allowed(…) or PUBLIC")
    return said[0].roles


class DeskRouter(APIRouter):
    """Routes of the desk: whatever changes something is sent by a form of ours, and by nobody else's."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if set(options["methods"]) - {"GET"}:
            options["dependencies"] = [*(options.get("dependencies") or ()), Depends(refuse_forged)]
        super().add_api_route(path, endpoint, **options)


async def refuse_forged(
    request: Request, visit: Annotated[Visit, Depends(visit_of)], form_token: Annotated[str, Form()] = ""
) -> None:
    """Refused: what another site sent by this browser, and what no database keeps.

    Without a session there is nothing that another site could misuse but the login itself: then the browser's own word
    for where the form was is all there is, and enough.
    """
    if is_from_elsewhere(request):
        raise Refused(403, FORGED)
    sent = (await request.form()).multi_items()
    texts = [text for name, value in sent if name != "form_token" for text in (name, value) if isinstance(text, str)]
    if not all(is_text(text) for text in texts):
        raise Refused(422, _("There are characters in it that cannot be kept. Remove them and send it again."))
    if visit.session and not compare_digest(form_token.encode(errors="replace"), visit.form_token.encode()):
        raise Unsent(403, FORGED)


def is_from_elsewhere(request: Request) -> bool:
    """By the headers that no page can set; a browser that sends neither is old."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    # Under `Referrer-Policy: no-referrer` some browsers say null of our own pages too.
    return origin not in (None, "null") and urlsplit_host(origin or "") != request.headers.get("host")


def urlsplit_host(origin: str) -> str | None:
    """Host and port of an origin; None where it is none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def is_text(text: str) -> bool:
    """PostgreSQL keeps no zero byte, and half of a pair of surrogates is no sign."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
