"""The sender's mailbox is read by IMAP: Message-IDs and reports since a day, and no word of it is changed."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planerka.delivery.bounces import Bounce
from planerka.delivery.mailbox import opened
from planerka.errors import DeliveryError
from planerka.sections import MailboxSettings

FULL = (Path(__file__).parents[1] / "cases" / "bounces" / "mailbox_full.eml").read_bytes()
SINCE = datetime(2026, 3, 5, 23, tzinfo=UTC)
FILLED = {"SEARCH SINCE": "7 9", "SEARCH SINCE HEADER": "9"}


class Imap(socketserver.StreamRequestHandler):
    """As much of an IMAP server as is asked: `found` are the UIDs it finds, `refuses` is what it will not do."""

    def handle(self) -> None:
        self.say("* OK [CAPABILITY IMAP4rev1] ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.server.heard.append(command)
            verb = command.removeprefix("UID ").split()[0]
            if verb in self.server.refuses:
                self.say(f"{tag} NO not for you")
                continue
            getattr(self, f"answer_{verb.lower()}", lambda _: None)(command)
            self.say(f"{tag} OK done")

    def answer_capability(self, command: str) -> None:
        self.say("* CAPABILITY IMAP4rev1")

    def answer_search(self, command: str) -> None:
        kind = "SEARCH SINCE HEADER" if "HEADER" in command else "SEARCH SINCE"
        self.say(f"* SEARCH {self.server.found.get(kind, '')}".rstrip())

    def answer_fetch(self, command: str) -> None:
        ids = {"7": b"Message-ID: <1@lab.test>\r\n\r\n", "9": b"Message-Id:\r\n <2@lab.test>\r\n\r\n"}
        wanted = [FULL] if "<0." in command else ids.values()
        for number, content in enumerate(wanted, 1):
            self.say(f"* {number} FETCH (UID 7 BODY[] {{{len(content)}}}")
            self.wfile.write(content)
            self.say(")")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def imap_server(found: dict[str, str], *refuses: str) -> Iterator[tuple[MailboxSettings, list[str]]]:
    """Settings that lead to it, and what it has heard."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Imap) as server:
        server.daemon_threads = True
        server.found, server.refuses, server.heard = found, refuses, []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = server.server_address[1]
        yield MailboxSettings(host="127.0.0.1", port=port, security="none", user="me", password="hush"), server.heard
        server.shutdown()


def test_copies_are_known_by_their_message_ids():
    """Of a day and later, as IMAP writes days, whatever the language of the machine."""
    with imap_server(FILLED) as (settings, heard), opened(settings) as mailbox:
        assert {"<1@lab.test>", "<2@lab.test>"} == mailbox.copies(SINCE)
    assert "UID SEARCH SINCE 05-Mar-2026" in heard


def test_bounces_are_read_from_reports_without_marking_them_as_read():
    """A person may look after the mailbox too."""
    with imap_server(FILLED) as (settings, heard), opened(settings) as mailbox:
        bounces = mailbox.bounces(SINCE)
    message_id = "<0c444ffc485476f42471252b4dea68ac@lab.test>"
    assert [Bounce(message_id, "late@lab.test", "bounced: 5.2.2 mailbox full")] == bounces
    assert "EXAMINE INBOX" in heard
    assert [] == [command for command in heard if re.search(r"SELECT|STORE|BODY\[|EXPUNGE", command)]


def test_an_empty_mailbox_holds_nothing():
    with imap_server({}) as (settings, _), opened(settings) as mailbox:
        assert (set(), []) == (mailbox.copies(SINCE), mailbox.bounces(SINCE))


@pytest.mark.parametrize("refused", ["LOGIN", "EXAMINE", "SEARCH", "FETCH"])
def test_a_mailbox_that_cannot_be_read_says_why_and_never_the_password(refused):
    with (
        imap_server(FILLED, refused) as (settings, _),
        pytest.raises(DeliveryError, match=r"the mailbox at 127\.0\.0\.1 cannot be read: .*not for you") as trouble,
        opened(settings) as mailbox,
    ):
        mailbox.copies(SINCE)
    assert "hush" not in str(trouble.value)
