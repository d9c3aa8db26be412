"""What goes before and after every page, whatever becomes of it: who is asked for, how much is sent, what a browser may
do with the answer.
"""

import re

from fastapi.exceptions import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from planerka.people import DeskSettings
from planerka.sections import LOOPBACK

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
HSTS = "max-age=31536000"
LONGEST_BODY = 5_000_000
"""Bytes: a day's rulings in a spreadsheet, and much more than any form."""

HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?")


class Guard:
    """Around the whole app: around that, too, which answers when a page has crashed."""

    def __init__(self, app: ASGIApp, settings: DeskSettings) -> None:
        self.app = app
        self.hosts = {settings.host_name, *LOOPBACK}
        self.headers = HEADERS | ({"Strict-Transport-Security": HSTS} if settings.is_encrypted else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        if host_of(headers) not in self.hosts or has_zero(scope):
            answer = PlainTextResponse("This desk is not known by that address.\n", 400)
            await answer(scope, receive, send_guarded)
        else:
            await self.app(scope, limited(receive, headers), send_guarded)


def host_of(headers: Headers) -> str | None:
    """The name that was asked for, without its port; None where it is none, or more than one."""
    names = headers.getlist("host")
    found = HOST.fullmatch(names[0].lower()) if len(names) == 1 else None
    return found[1].strip("[]") if found else None


def has_zero(scope: Scope) -> bool:
    """A zero byte in the path or the query: no page has one, and PostgreSQL cannot look for one."""
    return "\0" in scope["path"] or b"%00" in scope["query_string"]


def limited(receive: Receive, headers: Headers) -> Receive:
    """The same, until more has come than a page takes: what was announced as more is not read at all."""
    announced = headers.get("content-length", "")
    taken_n = int(announced) if announced.isdecimal() and len(announced) < 20 else 0

    async def receive_limited() -> Message:
        nonlocal taken_n
        if taken_n > LONGEST_BODY:
            raise HTTPException(413)
        message = await receive()
        if not announced:
            taken_n += len(message.get("body", b""))
            if taken_n > LONGEST_BODY:
                raise HTTPException(413)
        return message

    return receive_limited
