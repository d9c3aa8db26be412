"""What ASGI has no word for: to say nothing more on a connection, or to drop it.

uvicorn's `send` belongs to the object that holds the transport; in-process there is no connection, and the error that
httpx makes of such an end is raised in its place.
"""

import socket
import struct
from typing import Any

import httpx
from starlette.types import Receive, Send


def cycle_of(send: Send) -> Any:
    """uvicorn's side of this exchange; None in-process."""
    owner = getattr(send, "__self__", None)
    return owner if hasattr(owner, "transport") else None


def without_own_date(send: Send) -> None:
    """The Date of an answer is that of the fake's clock."""
    if cycle := cycle_of(send):
        cycle.default_headers = []


async def cut(send: Send, receive: Receive) -> None:
    """Close the connection in good order, whatever has been sent; return when it is closed."""
    cycle = cycle_of(send)
    if cycle is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    cycle.transport.close()
    await gone(receive)


async def reset(send: Send, receive: Receive) -> None:
    """Tear the connection down, as a host that dies does."""
    cycle = cycle_of(send)
    if cycle is None:
        raise httpx.ReadError("[Errno 104] Connection reset by peer")
    at_once = struct.pack("ii", 1, 0)
    cycle.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    cycle.transport.abort()
    await gone(receive)


async def hang(send: Send, receive: Receive) -> None:
    """Say nothing until the client has had enough."""
    if cycle_of(send) is None:
        raise httpx.ReadTimeout("The read operation timed out")
    await gone(receive)


async def gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
