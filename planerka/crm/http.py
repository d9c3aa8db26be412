"""The way to a CRM over HTTP: at its pace, patient where it may be, and never a write done twice.

    async with Http(url, pace=pace, login=login, dialect=dialect) as http:
        page = await http.read("GET", "/api/v4/leads", params={"limit": 250})

Whether a request may be repeated depends on three things: what came back, what the CRM calls it, and whether the
request writes. `PATIENCE` holds what CRMs have in common, `Dialect.patience` what one does otherwise.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol

import httpx

from planerka.crm.pace import Pace
from planerka.errors import (
    CrmAnswerError,
    CrmBusyError,
    CrmClosedError,
    CrmError,
    CrmLoginError,
    CrmLostAnswerError,
    CrmMovedError,
    CrmRefusalError,
)

TRIES_N = 7
PAUSE_S = 1.0
"""Before the second try; each later pause is twice as long as the one before: a minute in all."""

TIMEOUT = httpx.Timeout(60, connect=10)


class Fault(StrEnum):
    """What came back instead of an answer."""

    UNREACHABLE = "cannot be reached"  # nothing was sent
    SILENT = "does not answer in time"
    CUT = "cut the connection"
    GARBLED = "sent something that is no JSON"


class Then(StrEnum):
    """What follows."""

    AGAIN = "again"
    WAIT = "wait"  # all requests do, not this one alone
    LOG_IN = "log in"
    LOOK = "look"  # a write that may have been done: its caller looks for its marker
    STOP = "stop"
    MOVED = "moved"
    REFUSED = "refused"


Came = int | Fault
Patience = Mapping[tuple[Came, str | None, bool], Then]
"""By what came back, the CRM's word for it (None: any) and whether the request writes."""


def both(came: Came, then: Then, code: str | None = None) -> dict[tuple[Came, str | None, bool], Then]:
    return {(came, code, False): then, (came, code, True): then}


def unless_written(came: Came) -> dict[tuple[Came, str | None, bool], Then]:
    return {(came, None, False): Then.AGAIN, (came, None, True): Then.LOOK}


PATIENCE: Patience = {
    **both(429, Then.WAIT),
    **both(401, Then.LOG_IN),
    **both(402, Then.STOP),
    **both(403, Then.STOP),
    **{key: then for status in (301, 302, 303, 307, 308) for key, then in both(status, Then.MOVED).items()},
    **both(Fault.UNREACHABLE, Then.AGAIN),
    **{
        key: then
        for came in (408, 499, *range(500, 600), Fault.SILENT, Fault.CUT, Fault.GARBLED)
        for key, then in unless_written(came).items()
    },
}
"""What is not here was refused. Of a 5xx nobody knows how far it got, nor where the server or a proxy lost patience."""


@dataclass(frozen=True)
class Words:
    """An error as the CRM tells it: its name for it (None: none) and the sentence."""

    code: str | None
    text: str


class Unanswered(Exception):
    """A request did not succeed."""

    def __init__(self, came: Came, said: Words = Words(None, "")) -> None:
        self.came, self.said = came, said


@dataclass(frozen=True)
class Dialect:
    """How one CRM tells of errors; `words` reads the body of one, which may be anything that JSON can be."""

    words: Callable[[Any], Words]
    patience: Patience = field(default_factory=dict)

    def then(self, came: Came, code: str | None, is_write: bool) -> Then:
        rules = [{**PATIENCE, **self.patience}.get((came, word, is_write)) for word in (code, None)]
        return next((rule for rule in rules if rule), Then.REFUSED)


class Login(Protocol):
    """Who asks."""

    async def headers(self) -> Mapping[str, str]:
        """What identifies a request; secret."""

    async def renew(self, stale: Mapping[str, str]) -> bool:
        """After these headers were refused: get others, or say that there are none."""


@dataclass(frozen=True)
class KeyLogin:
    """A key that lives until somebody revokes it; `scheme` stands before it, and `beside` are headers of no secret."""

    key: str = field(repr=False)
    scheme: str = "Bearer"
    beside: Mapping[str, str] = field(default_factory=dict)

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"{self.scheme} {self.key}", **self.beside}

    async def renew(self, stale: Mapping[str, str]) -> bool:
        return False


class Http:
    """Requests to one account. `name` is what errors call it: the host of its address.

    `told_at` is the time of the CRM's own clock in its last answer; None before the first that tells it.
    """

    told_at: datetime | None = None

    def __init__(
        self,
        url: str,
        *,
        pace: Pace,
        login: Login,
        dialect: Dialect,
        transport: httpx.AsyncBaseTransport | None = None,
        pause_s: float = PAUSE_S,
    ) -> None:
        """`pause_s` is the first of the pauses between tries."""
        self.pace, self.login, self.dialect, self.pause_s = pace, login, dialect, pause_s
        # A redirected POST becomes a GET and loses its body, so nothing is followed.
        self.client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, follow_redirects=False, transport=transport)
        self.name = self.client.base_url.host

    async def __aenter__(self) -> "Http":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def read(self, method: str, path: str, *, params: Any = None, body: Any = None) -> Any:
        """The parsed body; None for an answer that says "nothing" by 204. Raises CrmError."""
        return await self.ask(method, path, params=params, body=body, is_write=False)

    async def write(self, method: str, path: str, *, body: Any) -> Any:
        """The parsed body. CrmLostAnswerError where the write may have been done, and its marker must be looked for.

        Any other CrmError where it was not done.
        """
        return await self.ask(method, path, params=None, body=body, is_write=True)

    async def ask(self, method: str, path: str, *, params: Any, body: Any, is_write: bool) -> Any:
        pause_s, is_renewed, request, tries_left_n = self.pause_s, False, f"{method} {path}", TRIES_N
        while True:
            await self.pace.turn()
            headers = await self.login.headers()
            try:
                return await self.attempt(method, path, params=params, json=body, headers=dict(headers))
            except Unanswered as wrong:
                then = self.dialect.then(wrong.came, wrong.said.code, is_write)
                if then == Then.LOG_IN and not is_renewed:
                    is_renewed = await self.login.renew(headers)
                    if is_renewed:  # and asking anew is no further try: nobody has looked at the request yet
                        continue
                tries_left_n -= 1
                if then not in (Then.AGAIN, Then.WAIT) or not tries_left_n:
                    raise self.error(then, wrong, request) from None
            if then == Then.WAIT:
                self.pace.pause(pause_s)
            else:
                await asyncio.sleep(pause_s)
            pause_s *= 2

    async def attempt(self, method: str, path: str, **content: Any) -> Any:
        """The parsed body of a success; Unanswered with what came instead."""
        try:
            response = await self.client.request(method, path, **content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Unanswered(Fault.UNREACHABLE) from None
        except httpx.TimeoutException:
            raise Unanswered(Fault.SILENT) from None
        except (httpx.TransportError, httpx.DecodingError):
            raise Unanswered(Fault.CUT) from None
        self.told_at = clock_of(response) or self.told_at
        if response.status_code == 204:
            return None
        try:
            answer = json.loads(response.content)
        except ValueError:
            came = Fault.GARBLED if response.is_success else response.status_code
            raise Unanswered(came, told(response)) from None
        if response.is_success:
            return answer
        raise Unanswered(response.status_code, told(response) if response.is_redirect else self.dialect.words(answer))

    def error(self, then: Then, wrong: Unanswered, request: str) -> CrmError:
        came = f"answers {wrong.came}" if isinstance(wrong.came, int) else wrong.came
        what = f"{self.name} {came}, asked to {request}" + (f": {wrong.said.text}" if wrong.said.text else "")
        match then:
            case Then.AGAIN | Then.WAIT:
                return CrmBusyError(f"{what}; {TRIES_N} tries in vain: pull again later, what was pulled is kept")
            case Then.LOG_IN:
                return CrmLoginError(f"{what}; give planerka a key that is valid")
            case Then.LOOK:
                return CrmLostAnswerError(f"{what}; whether it was done is not known")
            case Then.STOP:
                return CrmClosedError(f"{what}; it will stay so until a person opens the account again")
            case Then.MOVED:
                return CrmMovedError(f"{what}: correct `url`")
        return CrmAnswerError(what) if isinstance(wrong.came, Fault) else CrmRefusalError(what)


def line_of(method: str, path: str, body: Any) -> str:
    """A request as a dry run shows it, without its headers: the secret is there."""
    return f"{method} {path} {json.dumps(body, ensure_ascii=False)}"


def told(response: httpx.Response) -> Words:
    """What an answer without JSON says: where the account has moved to, or nothing (a page of a proxy is no words)."""
    location = response.headers.get("location")
    return Words(None, f"it has moved to {httpx.URL(location).host or location}" if location else "")


def clock_of(response: httpx.Response) -> datetime | None:
    """What the server's clock said when it answered, to the second (RFC 9110, section 6.6.1)."""
    try:
        return parsedate_to_datetime(response.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None
