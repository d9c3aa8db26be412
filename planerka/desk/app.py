"""The desk as an app: its routes, what guards them, and what their refusals look like."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from planerka.desk.access import roles_of
from planerka.desk.desk import Desk
from planerka.desk.guard import Guard
from planerka.desk.kept import KeptLedger
from planerka.desk.refusals import TITLES, add_refusals
from planerka.desk.routes import (
    agreement,
    answering,
    case,
    director,
    entering,
    files,
    health,
    history,
    journal,
    ledger,
    queue,
    raising,
    readings,
    same,
    start,
)

PAGES = (
    *(agreement, answering, case, director, entering, files, health, history),
    *(journal, ledger, queue, raising, readings, same, start),
)
ROUTERS = tuple(page.router for page in PAGES)

ANSWERS: dict[int | str, dict[str, Any]] = {
    303: {"description": "Somewhere else"},
    **{status: {"description": title, "content": {"text/html": {}}} for status, title in TITLES.items()},
}
"""What any page may answer besides itself."""


class DeskApp(FastAPI):
    """With the guard around the page of a crash as well, and the address that a proxy tells around the guard."""

    def build_middleware_stack(self) -> ASGIApp:
        settings = self.state.desk.settings.desk
        guarded: Any = Guard(super().build_middleware_stack(), settings)  # uvicorn has types of its own for an app
        proxied: Any = ProxyHeadersMiddleware(guarded, trusted_hosts=list(settings.proxies))
        return proxied


def desk_app(desk: Desk) -> DeskApp:
    """The app that serves a company. Its description (`openapi()`) is for tests: it is not served."""
    app = DeskApp(
        title="planerka",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        default_response_class=HTMLResponse,
        redirect_slashes=False,
        responses=ANSWERS,
    )
    app.state.desk, app.state.ledger = desk, KeptLedger()
    app.state.roles_of = {route.path: roles_of(route) for route in all_routes() if route.methods == {"GET"}}
    for router in ROUTERS:
        app.include_router(router)
    add_refusals(app)
    return app


def all_routes() -> list[APIRoute]:
    """Every route of the desk."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
