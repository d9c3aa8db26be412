"""A mail server that answers as a test says, a line that breaks as it says, and a pack to send.

    python -m tests.builders_mail JSON

sends it in a process of its own, which a test may kill. The JSON is the settings of delivery, the store's URL and
how far this process's clock is ahead.
"""

import json
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from planerka.clock import Week
from planerka.delivery.order import Order
from planerka.delivery.sending import DeliveryReport, deliver
from planerka.errors import PlanerkaError
from planerka.pack.freeze import FrozenPack
from planerka.sections import DeliverySettings
from planerka.settings import Settings
from planerka.store import deliveries
from planerka.store.database import connect
from planerka.store.deliveries import Channel, Delivery
from tests.builders_pack import empty_facts

PROJECT = Path(__file__).parents[1]
HOST = "127.0.0.1"
SENDER = "Планёрка <sender@lab.test>"
NOW = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
PACK = FrozenPack(source="crm", week=Week(2026, 47), version=1, facts=empty_facts(), is_new=False)


class ScriptedPost:
    """What an aiosmtpd server does: `answers` are used up by address, or by command for what concerns nobody."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = {about: list(said) for about, said in answers.items()}
        self.mails: list[tuple[str, ...]] = []
        self.contents: list[bytes] = []
        self.sessions_n = 0
        self.before_answer: Callable[[], None] = lambda: None

    def next_answer(self, about: str) -> str | None:
        return self.answers[about].pop(0) if self.answers.get(about) else None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions_n += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.next_answer("MAIL") or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.next_answer(address) or "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.next_answer("DATA") or "250 taken"
        if answer.startswith("250"):
            self.mails.append(tuple(envelope.rcpt_tos))
            self.contents.append(envelope.content or b"")
        await server.loop.run_in_executor(None, self.before_answer)
        return answer


@contextmanager
def mail_server(post: ScriptedPost, **options: Any) -> Iterator[int]:
    """The port of a server on loopback that acts as `post` says."""
    controller = Controller(post, hostname=HOST, port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        return unused.getsockname()[1]


class Cut(Enum):
    """Where in one mail the line breaks."""

    AT_DATA = auto()
    IN_BODY = auto()
    BEFORE_END = auto()
    AFTER_END = auto()
    """The server has the mail; its answer is lost."""


class BreakingLine(socketserver.BaseRequestHandler):
    """One connection, passed on to the real server. A client that waits for answers sends each command in one piece."""

    def handle(self) -> None:
        with socket.create_connection((HOST, self.server.target_port)) as there:
            self.server.open_lines.add(self)
            self.is_deaf = False
            back = threading.Thread(target=self.pass_back, args=(there,))
            back.start()
            with suppress(OSError):
                self.pass_on(there, back)
            for end in (there, self.request):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            back.join()
        self.server.open_lines.discard(self)

    def pass_back(self, there: socket.socket) -> None:
        with suppress(OSError):
            while (answer := there.recv(65536)) and not self.is_deaf:
                self.request.sendall(answer)
            self.request.shutdown(socket.SHUT_RDWR)

    def pass_on(self, there: socket.socket, back: threading.Thread) -> None:
        cut, is_body = None, False
        while piece := self.request.recv(65536):
            if piece == b"DATA\r\n":
                cut = self.server.next_cut()
                if cut == Cut.AT_DATA:
                    return
            elif is_body and cut == Cut.IN_BODY:
                return there.sendall(piece[:500])
            is_end = is_body and (piece == b".\r\n" or piece.endswith(b"\r\n.\r\n"))
            if is_end and cut == Cut.BEFORE_END:
                return there.sendall(piece.removesuffix(b".\r\n"))
            self.is_deaf = is_end and cut == Cut.AFTER_END
            there.sendall(piece)
            if self.is_deaf:
                return back.join()
            is_body = not is_end and (is_body or piece == b"DATA\r\n")


class Lines(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target_port: int, next_cut: Callable[[], Cut | None]) -> None:
        super().__init__((HOST, 0), BreakingLine)
        self.target_port, self.next_cut = target_port, next_cut
        self.port: int = self.server_address[1]
        self.open_lines: set[BreakingLine] = set()


@contextmanager
def breaking_line(target_port: int, next_cut: Callable[[], Cut | None]) -> Iterator[Lines]:
    """A line to that server, at a port of its own; `next_cut` is asked at the DATA of each mail."""
    with Lines(target_port, next_cut) as lines:
        threading.Thread(target=lines.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield lines
        finally:
            lines.shutdown()


def delivery_settings(port: int, recipients: list[str], **changed: Any) -> dict[str, Any]:
    """Settings of delivery that send to that port as fast as they can, as JSON."""
    smtp = {"host": HOST, "port": port, "security": "none", "per_minute": 60_000, "timeout_s": 20}
    return {
        "how": "smtp",
        "sender": SENDER,
        "recipients": recipients,
        **changed,
        "smtp": smtp | changed.get("smtp", {}),
    }


def send(
    engine: sa.Engine, delivery: dict[str, Any], now: datetime = NOW, out: Path = Path("out"), **order: Any
) -> DeliveryReport:
    """One run of the delivery of PACK."""
    settings = Settings(out=out, language="en", delivery=DeliverySettings(**delivery))
    channel = Channel.TEST if "test_to" in delivery else Channel(delivery["how"])
    return deliver(engine, PACK, settings, Order(channel=channel, **order), lambda: now, "this test")


def ledger(engine: sa.Engine) -> list[Delivery]:
    with engine.begin() as connection:
        return deliveries.of_week(connection, PACK.source, str(PACK.week))


def states(engine: sa.Engine) -> dict[str, str]:
    """The state of each recipient, by the part of the address before the @."""
    return {one.recipient.partition("@")[0]: str(one.state) for one in ledger(engine)}


def sender_process(store_url: str, delivery: dict[str, Any], ahead: timedelta = timedelta(0)) -> subprocess.Popen[str]:
    """A run in a process of its own; its output is both streams."""
    told = json.dumps({"store": store_url, "delivery": delivery, "ahead_s": ahead.total_seconds()})
    command = [sys.executable, "-W", "ignore", "-m", "tests.builders_mail", told]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main(told: str) -> None:
    """Send, and say what refused it."""
    asked = json.loads(told)
    print("begins", flush=True)
    try:
        send(connect(asked["store"]), asked["delivery"], datetime.now(UTC) + timedelta(seconds=asked["ahead_s"]))
    except PlanerkaError as error:
        print(type(error).__name__, error)


if __name__ == "__main__":
    main(*sys.argv[1:])
