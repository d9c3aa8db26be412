"""An ASGI app on a port of this machine, for as long as a block runs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import uvicorn
from starlette.types import ASGIApp


class Loopback(uvicorn.Server):
    """Says when it takes connections."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
        self.is_up = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


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
        server.should_exit = server.force_exit = True
        thread.join(10)
