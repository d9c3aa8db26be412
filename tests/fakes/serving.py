"""An ASGI app on a port of this machine, for as long as a block runs."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import uvicorn
from starlette.types import ASGIApp


class Loopback(uvicorn.Server):
    """Says when it takes connections, and ends at once: uvicorn looks ten times a second whether to end, and then gives
    its connections a tenth more."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
        self.is_up = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop, self.ending = asyncio.get_running_loop(), asyncio.Event()
        self.is_up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.ending.set)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The base URL of the app, without a slash at its end; requests that still run at the end are dropped."""
    server = Loopback(app)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    assert server.is_up.wait(10), "the server did not start"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.end()
        thread.join(10)
