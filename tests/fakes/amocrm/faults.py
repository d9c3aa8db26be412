"""What goes wrong between amoCRM and a client, injected by the test: the next answers, or every n-th."""

import asyncio
import re
import struct
from dataclasses import dataclass
from enum import StrEnum, auto
from socket import SO_LINGER, SOL_SOCKET

import httpx
from starlette.types import Message, Receive, Send


class Fault(StrEnum):
    CUT = auto()
    """The connection is closed without an answer: httpx.RemoteProtocolError."""
    RESET_IN_BODY = auto()
    """The connection is reset after half of the body: httpx.ReadError."""
    CUT_IN_BODY = auto()
    """The connection is closed after half of the body: httpx.RemoteProtocolError."""
    TIMEOUT = auto()
    """No answer comes, for as long as the client waits: httpx.ReadTimeout."""
    HALF_JSON = auto()
    """A whole answer that holds half of a page."""
    EMPTY = auto()
    """200 without a body."""
    TOKEN_EXPIRES = auto()
    """The access token that is shown has just expired: 401 for this request and all that follow."""


AFTER_ACTING = {Fault.RESET_IN_BODY, Fault.CUT_IN_BODY, Fault.HALF_JSON, Fault.EMPTY, Fault.TOKEN_EXPIRES}


@dataclass(kw_only=True)
class Rule:
    """`times_left` None: without end."""

    answer: Fault | int
    matching: re.Pattern[str]
    times_left: int | None
    every: int
    after_acting: bool
    seen_n: int = 0

    @property
    def acts(self) -> bool:
        """Whether the server does what it was asked before it all goes wrong."""
        return self.after_acting or self.answer in AFTER_ACTING

    def is_due(self, line: str) -> bool:
        if self.times_left == 0 or not self.matching.search(line):
            return False
        self.seen_n += 1
        if self.seen_n % self.every:
            return False
        self.times_left = self.times_left and self.times_left - 1
        return True


class Faults:
    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def next(
        self,
        answer: Fault | int,
        *,
        matching: str = "",
        times: int | None = 1,
        every: int = 1,
        after_acting: bool = False,
    ) -> None:
        """Answer so, or with this status, to requests whose line (`GET /api/v4/leads?page=1`, decoded) matches.

        Of those every `every`-th is hit, until `times` were; None is without end. `after_acting`: the request is
        carried out all the same. Half a page, an empty 200 and a broken body always come after acting.
        """
        pattern = re.compile(matching)
        self.rules.append(
            Rule(answer=answer, matching=pattern, times_left=times, every=every, after_acting=after_acting)
        )

    def due(self, line: str) -> Rule | None:
        """The rule that hits this request: the first that is due, the others wait for their turn."""
        return next((rule for rule in self.rules if rule.is_due(line)), None)


class Connection:
    """The way back to the client, which can be broken: uvicorn's transport, or what httpx raises in its place."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._transport: asyncio.Transport | None = getattr(getattr(send, "__self__", None), "transport", None)

    async def cut(self) -> None:
        await self._break(httpx.RemoteProtocolError("Server disconnected without sending a response."))

    async def cut_in_body(self, start: Message, body: bytes) -> None:
        await self._send_half(start, body)
        await self._break(httpx.RemoteProtocolError("peer closed connection without sending complete message body"))

    async def reset_in_body(self, start: Message, body: bytes) -> None:
        await self._send_half(start, body)
        if self._transport is not None:
            at_once = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, at_once)
        await self._break(httpx.ReadError("Connection reset by peer"))

    async def hang(self) -> None:
        """Say nothing until the client has gone."""
        if self._transport is None:
            raise httpx.ReadTimeout("no answer")
        await self._gone()

    async def _send_half(self, start: Message, body: bytes) -> None:
        if self._transport is not None:
            await self._send(start)
            await self._send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})

    async def _break(self, error: httpx.TransportError) -> None:
        if self._transport is None:
            raise error
        self._transport.abort()
        await self._gone()

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
