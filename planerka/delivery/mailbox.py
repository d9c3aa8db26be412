"""The sender's own mailbox, by IMAP: copies of mails that were taken, and bounces. It is only read."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.utils import format_datetime
from typing import Any, Protocol

from planerka.delivery.bounces import Bounce, bounces_in
from planerka.errors import DeliveryError
from planerka.sections import MailboxSettings

TIMEOUT_S = 60
REPORT_LENGTH = 65_536
"""Of a report, so many bytes hold everything but the rest of the mail that came back."""


class Mailbox(Protocol):
    def copies(self, since: datetime) -> set[str]:
        """The Message-IDs of the mails that came on that day (UTC) or later."""

    def bounces(self, since: datetime) -> list[Bounce]:
        """What the reports say that came on that day or later."""


@contextmanager
def opened(settings: MailboxSettings) -> Iterator[Mailbox]:
    """The inbox; DeliveryError where it cannot be opened or read."""
    imap = None
    try:
        imap = connect(settings)
        yield ImapMailbox(imap)
    except (imaplib.IMAP4.error, OSError) as trouble:
        raise DeliveryError(
            f"the mailbox at {settings.host} cannot be read: {words_of(trouble)}; correct [delivery.mailbox]"
        ) from None
    finally:
        if imap:
            with suppress(imaplib.IMAP4.error, OSError):
                imap.logout()


def connect(settings: MailboxSettings) -> imaplib.IMAP4:
    trusted = ssl.create_default_context()
    host, port = settings.address
    if settings.security == "tls":
        imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, port, ssl_context=trusted, timeout=TIMEOUT_S)
    else:
        imap = imaplib.IMAP4(host, port, timeout=TIMEOUT_S)
    if settings.security == "starttls":
        imap.starttls(trusted)
    assert settings.user  # the settings refuse a mailbox without a login
    assert settings.password
    imap.login(settings.user, settings.password.get_secret_value())
    checked(imap.select("INBOX", readonly=True))
    return imap


@dataclass(frozen=True)
class ImapMailbox:
    imap: imaplib.IMAP4

    def copies(self, since: datetime) -> set[str]:
        uids = self.search(since)
        if not uids:
            return set()
        found = self.fetch(f"{uids[0]}:{uids[-1]}", "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
        return {str(message_from_bytes(header)["Message-ID"]).strip() for header in found}

    def bounces(self, since: datetime) -> list[Bounce]:
        uids = self.search(since, "HEADER", "Content-Type", "multipart/report")
        reports = [self.fetch(uid, f"BODY.PEEK[]<0.{REPORT_LENGTH}>") for uid in uids]
        return [bounce for found in reports for report in found for bounce in bounces_in(report)]

    def search(self, since: datetime, *criteria: str) -> list[str]:
        """UIDs, ascending. IMAP knows days without a zone, in English: 23-Nov-2026."""
        day = "-".join(format_datetime(since).split()[1:4])
        (found,) = checked(self.imap.uid("SEARCH", "SINCE", day, *criteria))
        return [uid.decode() for uid in (found or b"").split()]

    def fetch(self, uids: str, what: str) -> list[bytes]:
        """The bytes asked for, of each mail that is still there."""
        return [part[1] for part in checked(self.imap.uid("FETCH", uids, f"({what})")) if isinstance(part, tuple)]


def checked(answer: tuple[str, list[Any]]) -> list[Any]:
    """The data of an answer; IMAP4.error, with the server's words, where it is not OK."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(data[0] if data else kind)
    return data


def words_of(trouble: Exception) -> str:
    said = trouble.args[0] if trouble.args else type(trouble).__name__
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(trouble)
