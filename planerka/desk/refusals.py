"""What the desk refuses, and the page that says so: in the reader's language, and without anything from inside."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from planerka.desk.visit import Visit, stranger
from planerka.errors import BusyError, StoreBusyError, StoreGoneError, UsageError
from planerka.words import _

TITLES = {
    400: _("The request cannot be read"),
    403: _("Not allowed"),
    404: _("There is no such page"),
    405: _("This cannot be done here"),
    409: _("Somebody was faster"),
    410: _("This link is too old"),
    413: _("This is too large"),
    422: _("Something in the form is not right"),
    429: _("Too often"),
    500: _("Something is broken"),
    503: _("One moment"),
}
"""Of every status that a page of a refusal may have."""

REMEDIES = {
    403: _("Go back to the first page and follow the links there."),
    404: _("Go back to the first page and follow the links there."),
    405: _("Go back to the first page and follow the links there."),
    413: _("Send less at a time."),
    422: _("Go back, correct what you entered, and send it again."),
    500: _("Nothing was changed. Try again; if it stays so, tell whoever runs planerka."),
    503: _("The data are being written right now. Repeat in a minute."),
}
"""What to do, where the refusal itself does not say it."""

SIGN_IN_AGAIN = _("Sign in again")

TYPED = ("lead", "comment", "text", "links")
"""Fields of our forms that people write in."""

BUSY_S = 30
"""After how many seconds a browser may try again."""

Handler = Callable[[Request, Exception], Awaitable[Response]]


class Refused(Exception):
    """Raised by a route: `status` is one of TITLES, `msgid` says why and what to do, with its values."""

    def __init__(self, status: int, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        self.status, self.msgid, self.values_of = status, msgid, values


class Unsent(Refused):
    """What was sent is not done, by a browser that may have been ours: what was typed is shown, for no text is lost."""


def add_refusals(app: FastAPI) -> None:
    handlers: dict[type[Exception], Handler] = {
        Refused: refused,
        Unsent: unsent,
        HTTPException: by_status,
        RequestValidationError: wrongly_filled_in,
        UsageError: wrong_use,
        BusyError: busy,
        StoreBusyError: busy,
        StoreGoneError: busy,
        Exception: broken,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


async def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    visit = visit_behind(request)
    return page(visit, error.status, visit.words.say(error.msgid, **error.values_of))


async def unsent(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unsent)
    visit, form = visit_behind(request), await request.form()
    texts = [text for name in TYPED if isinstance(text := form.get(name), str) and text.strip()]
    title = TITLES[error.status] if visit.person else SIGN_IN_AGAIN
    told = {"title": visit.words.say(title), "why": visit.words.say(error.msgid), "code": error.status}
    return visit.page("unsent.html.j2", error.status, **told, texts=texts, back=form_page(request))


def form_page(request: Request) -> str:
    """The path of the page whose form was sent: the same, or the one above it; "/" where neither is a page."""
    path, route, pages = request.url.path, request.scope["route"].path, request.app.state.roles_of
    if route not in pages:
        path, route = path.rpartition("/")[0], route.rpartition("/")[0]
    query = f"?{request.url.query}" if request.url.query else ""
    return path + query if route in pages else "/"


async def by_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code < 400:  # a redirect that was raised
        return Response(status_code=error.status_code, headers=error.headers)
    return page(visit_behind(request), error.status_code, headers=error.headers)


async def wrongly_filled_in(request: Request, error: Exception) -> Response:
    return page(visit_behind(request), 422)


async def wrong_use(request: Request, error: Exception) -> Response:
    return page(visit_behind(request), 422, str(error))


async def busy(request: Request, error: Exception) -> Response:
    return page(visit_behind(request), 503, headers={"Retry-After": str(BUSY_S)})


async def broken(request: Request, error: Exception) -> Response:
    return page(visit_behind(request), 500)


def visit_behind(request: Request) -> Visit:
    """Who asked, if that is known already: the store may be what is broken."""
    visit: Visit = getattr(request.state, "visit", None) or stranger(request)
    return visit


def page(visit: Visit, status: int, why: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """`why` None: what is said of every refusal of that status."""
    title = TITLES.get(status, TITLES[400])
    remedy = REMEDIES.get(status, REMEDIES[404])
    told = {"title": visit.words.say(title), "why": why or visit.words.say(remedy), "code": status}
    answer = visit.page("refusal.html.j2", status, **told)
    answer.headers.update(headers or {})
    return answer
