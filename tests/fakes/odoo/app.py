"""The HTTP of it: who calls, what, and how the answer is put on the wire or kept from it."""

import asyncio
import inspect
import json
import re
from email.utils import formatdate
from typing import Any
from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.fakes.odoo.chatter import track
from tests.fakes.odoo.database import OdooDatabase, records
from tests.fakes.odoo.errors import OdooError, access_error, http_error, user_error
from tests.fakes.odoo.faults import Fault
from tests.fakes.odoo.languages import WORDS
from tests.fakes.odoo.records import Records
from tests.fakes.odoo.tables import Session
from tests.fakes.odoo.wire import cut, hang, reset, without_own_date

NO_DATABASE = """<!DOCTYPE html>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>
"""
NOT_JSON = """<!doctype html>
<html lang=en>
<title>415 Unsupported Media Type</title>
<h1>Unsupported Media Type</h1>
"""
ZONES = {None, False, *available_timezones()}
PRIVATE = {"check_access", "browse", "mapped", "filtered", "sudo", "with_context", "with_user", "flush_model"}
"""Methods without an underscore that cannot be called from outside all the same."""

REAL_BUT_NOT_HERE = {"read_group", "formatted_read_group", "web_search_read", "web_read", "name_search", "copy"}


class OdooApp:
    """The server of one database."""

    def __init__(self, database: OdooDatabase) -> None:
        self.database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        without_own_date(send)
        fault = self.database.faults.take(request.url.path)
        await asyncio.sleep(self.database.latency_s)
        if fault and fault.is_before_acting:
            await self.strike(fault, Response(), scope, receive, send)
            return
        response = self.answer(request, await request.body())
        response.headers["Date"] = formatdate(self.database.clock() + self.database.clock_error_s, usegmt=True)
        if fault:
            await self.strike(fault, response, scope, receive, send)
        else:
            await response(scope, receive, send)

    async def strike(self, fault: Fault, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        if fault in (Fault.CUT_BEFORE_ACTING, Fault.CUT_AFTER_ACTING):
            await cut(send, receive)
        elif fault in (Fault.HANG_BEFORE_ACTING, Fault.HANG_AFTER_ACTING):
            await hang(send, receive)
        elif fault in (Fault.CUT_IN_BODY, Fault.RESET_IN_BODY):
            half = bytes(response.body[: len(response.body) // 2])
            await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await (cut if fault == Fault.CUT_IN_BODY else reset)(send, receive)
        else:
            await spoilt(fault, response)(scope, receive, send)

    def answer(self, request: Request, body: bytes) -> Response:
        path, database = request.url.path, self.database
        if path == "/web/version":
            return JSONResponse({"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"})
        if request.headers.get("X-Odoo-Database", database.name) != database.name:
            return HTMLResponse(NO_DATABASE, 404)
        try:
            return Json(self.result(request, path, body))
        except OdooError as error:
            headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
            return Json(error.body(), error.status, headers)
        except UnsupportedMediaType:
            return HTMLResponse(NOT_JSON, 415)

    def result(self, request: Request, path: str, body: bytes) -> Any:
        asked = re.fullmatch(r"/json/2/([\w.]+)/(\w+)", path)
        if asked is None or request.method != "POST":
            raise http_error("NotFound", "Did you mean POST /json/2/<model>/<method>?")
        if body and request.headers.get("Content-Type", "").split(";")[0] != "application/json":
            raise UnsupportedMediaType
        user_id = self.user_id(request.headers.get("Authorization", ""))
        arguments = parsed_body(body)
        self.database.calls.append((f"{asked[1]}/{asked[2]}", arguments))
        return self.called(user_id, asked[1], asked[2], dict(arguments))

    def user_id(self, authorization: str) -> int:
        token = re.fullmatch(r"bearer\s+(.+)", authorization, re.IGNORECASE)
        if token is None:
            words = "User not authenticated, use an API Key with a Bearer Authorization header."
            raise http_error("Unauthorized", words)
        user_id = self.database.keys.get(token[1])
        if user_id is None or not self.database.tables["res.users"].get(user_id)["active"]:  # type: ignore[index]
            raise http_error("Unauthorized", "Invalid apikey")
        return user_id

    def called(self, user_id: int, model: str, method: str, arguments: dict[str, Any]) -> Any:
        """One call, one transaction."""
        ids, context = arguments.pop("ids", ()), arguments.pop("context", {})
        if model not in self.database.models:
            raise http_error("NotFound", f"the model {model!r} does not exist")
        session = Session(self.database, user_id, checked(context))
        rows = records(session, model, ids)
        function = public_method(rows, model, method)
        if getattr(function, "is_of_model", False) and ids:
            raise http_error("UnprocessableEntity", f"cannot call {model}.{method} with ids")
        try:
            inspect.signature(function).bind(**arguments)
        except TypeError as error:
            raise http_error("UnprocessableEntity", str(error)) from None
        result = function(**arguments)
        track(session)
        session.commit()
        return result


class Json(JSONResponse):
    media_type = "application/json; charset=utf-8"


class UnsupportedMediaType(Exception):
    """The body is not declared as JSON."""


def parsed_body(body: bytes) -> dict[str, Any]:
    """The named arguments; a body that is JSON and no object counts as none."""
    try:
        arguments = json.loads(body or b"{}")
    except ValueError as error:
        raise http_error("BadRequest", f"could not parse the body as json: {error}") from None
    return arguments if isinstance(arguments, dict) else {}


def checked(context: dict[str, Any]) -> dict[str, Any]:
    """The context; a language that is not installed is refused, a zone that does not exist is none."""
    if context.get("lang", "en_US") not in {None, False, *WORDS}:
        raise user_error(f"Invalid language code: {context['lang']}")
    return context if context.get("tz") in ZONES else context | {"tz": "UTC"}


def public_method(rows: Records, model: str, method: str) -> Any:
    if method.startswith("_") or method in PRIVATE:
        words = f"Private methods (such as '{model}.{method}') cannot be called remotely."
        raise access_error(words)
    if method in REAL_BUT_NOT_HERE:
        raise OdooError("tests.fakes.odoo", 501, f"the real server has {model}.{method}, the fake has not")
    function = getattr(rows, method, None)
    if not callable(function):
        raise http_error("NotFound", f"The method '{model}.{method}' does not exist")
    return function


def spoilt(fault: Fault, response: Response) -> Response:
    """An answer that came from a proxy instead, or that is less than it should be."""
    if fault.status:
        title = f"<html>\r\n<head><title>{fault.status}</title></head>\r\n"
        return HTMLResponse(title + "<body><center>nginx</center></body>\r\n</html>\r\n", fault.status)
    body = bytes(response.body)
    content = body[: len(body) // 2] if fault == Fault.HALF_JSON else b""
    return Response(content, 200, media_type="application/json")
